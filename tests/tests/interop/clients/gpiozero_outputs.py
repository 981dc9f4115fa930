"""Outputs with gpiozero."""

from gpiozero import LED, PWMLED, RGBLED, Device, Motor, Servo
from steps import step

led = LED(17)
step("led", [led.value, led.pin.function])
led.on()
step("led on", led.is_lit)
led.off()
step("led off", led.is_lit)
led.blink(0.01, 0.01, n=3, background=False)
step("led has blinked")
inverted = LED(22, active_high=False, initial_value=True)
step("inverted led", inverted.is_lit)
inverted.close()
led.close()
step("led closed", led.closed)

led = PWMLED(18)
step("pwm led", led.value)
led.value = 0.5
step("half", led.value)
led.on()
step("full", led.value)
led.frequency = 500
led.value = 0.25
step("another frequency", [led.frequency, led.value])
led.pulse(fade_in_time=0.1, fade_out_time=0.1, n=1, background=False)
step("pulsed", led.value)
led.close()
step("pwm led closed")

led = RGBLED(5, 6, 13)
led.color = (1, 0.5, 0)
step("colour", led.value)
led.close()
step("rgb led closed")

servo = Servo(23)
step("servo", servo.value)
servo.max()
step("servo max", servo.value)
servo.min()
step("servo min", servo.value)
servo.detach()
step("servo detached", servo.value)
servo.close()
step("servo closed")

motor = Motor(20, 21)
motor.forward(0.3)
step("forward", motor.value)
motor.backward()
step("backward", motor.value)
motor.reverse()
step("reversed", motor.value)
motor.stop()
step("motor stopped", motor.is_active)

# All at once, and all ended by their factory.
devices = [LED(4), PWMLED(12), Servo(16), motor]
for device in devices:
    device.value = 1
step("several", [device.value for device in devices])
Device.pin_factory.close()
step("factory closed")
