"""A traffic light: the cars have green until somebody presses the button."""

from time import sleep

from gpiozero import LED, Button

red, amber, green, walk = LED(25), LED(8), LED(7), LED(18)
cross = Button(21)
while True:
    green.on()
    cross.wait_for_press()
    sleep(0.5)
    green.off()
    amber.on()
    sleep(1)
    amber.off()
    red.on()
    walk.on()
    sleep(3)
    walk.off()
    amber.on()
    sleep(0.5)
    red.off()
    amber.off()
