"""Uses each part: outputs have a state that a script expects, and each input moves an output."""

from time import sleep

from gpiozero import (
    LED,
    MCP3008,
    PWMLED,
    AngularServo,
    Button,
    Buzzer,
    DistanceSensor,
    LightSensor,
    LineSensor,
    Motor,
    MotionSensor,
    RotaryEncoder,
    TonalBuzzer,
)

plain, low = LED(17), PWMLED(27, active_high=False)
bell, tune = Buzzer(4), TonalBuzzer(18)
arm, wheel = AngularServo(12), Motor(20, 21)
knob, sun, wall = MCP3008(0), LightSensor(22), DistanceSensor(echo=24, trigger=23)
dial, door = RotaryEncoder(25, 26), Button(2)
hall, floor = MotionSensor(16), LineSensor(19)
of_button, of_knob, of_light, of_wall, of_motion, of_line = [LED(pin) for pin in (14, 5, 6, 13, 3, 7)]

plain.on()
low.value = 0.25
bell.on()
tune.play("A4")
wheel.backward(0.5)
of_button.source = door
while True:
    arm.angle = max(-90, min(90, dial.steps * 10))
    of_knob.value = knob.value > 0.6
    of_light.value = sun.value > 0.6
    of_wall.value = wall.distance > 0.6
    of_motion.value = hall.motion_detected
    of_line.value = floor.line_detected
    sleep(0.02)
