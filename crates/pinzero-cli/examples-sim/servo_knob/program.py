"""A servo on a knob: each step turns the servo by ten degrees, and the button brings it back to the middle."""

from signal import pause

from gpiozero import AngularServo, Button, RotaryEncoder

arm = AngularServo(18)
dial = RotaryEncoder(21, 20, max_steps=9)
middle = Button(26)
arm.angle = 0


def turn():
    arm.angle = dial.steps * 10


def center():
    dial.steps = 0
    arm.angle = 0


dial.when_rotated = turn
middle.when_pressed = center
pause()
