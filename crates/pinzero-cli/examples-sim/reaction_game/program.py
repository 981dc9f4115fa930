"""A reaction game: when the lamp goes on, the faster of two players wins."""

from signal import pause
from time import sleep

from gpiozero import LED, Button

lamp = LED(17)
players = [(Button(14), LED(23)), (Button(15), LED(24))]
sleep(2)
lamp.on()
for button, won in players:

    def press(won=won):
        # Only the first finds the lamp on.
        if lamp.is_lit:
            lamp.off()
            won.on()

    button.when_pressed = press
pause()
