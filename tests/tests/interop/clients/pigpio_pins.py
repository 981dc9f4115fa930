"""Modes, levels, pulls and banks with pigpio."""

import pigpio
from steps import step

pi = pigpio.pi()
step("connected", [pi.connected, pi.get_pigpio_version(), pi.get_hardware_revision()])
step("ticks", [pi.get_current_tick(), pi.get_current_tick()])

# Modes and levels.
step("output", [pi.set_mode(17, pigpio.OUTPUT), pi.get_mode(17), pi.read(17)])
step("high", [pi.write(17, 1), pi.read(17)])
step("low", [pi.write(17, 0), pi.read(17)])
step("input", [pi.set_mode(17, pigpio.INPUT), pi.get_mode(17), pi.read(17)])
step("write makes an output", [pi.write(17, 1), pi.get_mode(17)])
pi.set_mode(17, pigpio.INPUT)
step("pull up", [pi.set_pull_up_down(17, pigpio.PUD_UP), pi.read(17)])
step("pull down", [pi.set_pull_up_down(17, pigpio.PUD_DOWN), pi.read(17)])
step("no pull", [pi.set_pull_up_down(17, pigpio.PUD_OFF)])
step("driven from outside", pi.read(17))

try:
    pi.write(99, 1)
except pigpio.error as error:
    step("exception", str(error))

# From here on, errors are returned.
pigpio.exceptions = False
step("mistakes", [
    pi.write(99, 1),
    pi.read(54),
    pi.write(28, 1),
    pi.write(17, 2),
    pi.set_mode(17, 9),
    pi.set_pull_up_down(17, 3),
    pi.get_mode(54),
])

# Banks. They do not change modes: 16 stays an input.
for gpio in (5, 6):
    pi.write(gpio, 0)
mask = 1 << 5 | 1 << 6
step("bank set", [pi.set_bank_1(mask | 1 << 16), pi.read_bank_1() & (mask | 1 << 16)])
step("bank cleared", [pi.clear_bank_1(1 << 6), pi.read_bank_1() & mask])
step("bank, not all of it", [pi.set_bank_1(1 << 6 | 1 << 28), pi.clear_bank_1(1 << 5 | 1 << 28)])
step("second bank", [pi.set_bank_2(1), pi.clear_bank_2(1), pi.read_bank_2()])

# Short pulses.
step("trigger", pi.gpio_trigger(5, 20, 1))
step("trigger mistakes", [pi.gpio_trigger(5, 0, 1), pi.gpio_trigger(5, 101, 1), pi.gpio_trigger(5, 10, 2)])
