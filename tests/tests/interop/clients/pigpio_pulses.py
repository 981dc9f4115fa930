"""PWM and servos with pigpio. Errors are returned."""

import pigpio
from steps import step

pigpio.exceptions = False
pi = pigpio.pi()

step("no PWM", [pi.get_PWM_dutycycle(18), pi.get_PWM_frequency(18), pi.get_PWM_range(18)])
step("frequencies", [pi.set_PWM_frequency(18, hertz) for hertz in (801, 99999, 0, 500)])
step("frequency", [pi.get_PWM_frequency(18), pi.get_PWM_real_range(18)])
step("range", [pi.set_PWM_range(18, 1000), pi.get_PWM_range(18), pi.set_PWM_range(18, 24), pi.set_PWM_range(18, 40001)])
step("PWM", [pi.set_PWM_dutycycle(18, 250), pi.get_PWM_dutycycle(18), pi.get_mode(18)])
step("PWM, half the range", [pi.set_PWM_range(18, 500), pi.get_PWM_dutycycle(18)])
step("PWM, another frequency", [pi.set_PWM_frequency(18, 100), pi.get_PWM_dutycycle(18)])
step("output already", [pi.set_mode(18, pigpio.OUTPUT), pi.get_PWM_dutycycle(18)])
step("PWM mistakes", [pi.set_PWM_dutycycle(18, 501), pi.set_PWM_dutycycle(40, 5)])
step("PWM of nothing", [pi.set_PWM_dutycycle(18, 0), pi.get_PWM_dutycycle(18)])
step("PWM ends", [pi.write(18, 0), pi.get_PWM_dutycycle(18)])


# What has had pulses is a pin like any other afterwards.
step("set and cleared", [pi.set_bank_1(1 << 18), pi.read(18), pi.clear_bank_1(1 << 18), pi.read(18)])
step("trigger", pi.gpio_trigger(18, 50, 1))

# Servos.
step("servo", [pi.set_servo_pulsewidth(23, 1500), pi.get_servo_pulsewidth(23)])
step("servo, output already", [pi.set_mode(23, pigpio.OUTPUT), pi.get_servo_pulsewidth(23)])
step("servo mistakes", [pi.set_servo_pulsewidth(23, 400), pi.set_servo_pulsewidth(23, 2501), pi.get_servo_pulsewidth(24)])
step("servo off", pi.set_servo_pulsewidth(23, 0))

# "Hardware" PWM, where the real thing has it.
step("hardware PWM", [
    pi.hardware_PWM(13, 1000, 500000),
    pi.get_PWM_dutycycle(13),
    pi.get_PWM_frequency(13),
    pi.get_PWM_range(13),
])
step("hardware PWM off", pi.hardware_PWM(13, 0, 0))
step("hardware PWM mistakes", [
    pi.hardware_PWM(17, 1000, 500000),
    pi.hardware_PWM(13, 1000, 1000001),
    pi.hardware_PWM(13, 400000000, 500000),
])

# Where they end by another way.
pi.set_PWM_dutycycle(24, 128)
step("input", [pi.set_mode(24, pigpio.INPUT), pi.get_mode(24), pi.get_PWM_dutycycle(24)])

pi.stop()
step("stopped", pi.connected)
