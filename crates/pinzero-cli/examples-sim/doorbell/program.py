"""A doorbell: the button rings the bell for a second, and the lamp stays on for three."""

from signal import pause

from gpiozero import LED, Button, Buzzer

bell = Buzzer(17)
lamp = LED(27)
door = Button(2)


def ring():
    bell.blink(on_time=1, off_time=0, n=1)
    lamp.blink(on_time=3, off_time=0, n=1)


door.when_pressed = ring
pause()
