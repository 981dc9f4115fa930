"""Waves with pigpio. Errors are returned."""

import time

import pigpio
from steps import step

pigpio.exceptions = False
pi = pigpio.pi()


def sent():
    """Waits until no wave is being sent."""
    while pi.wave_tx_busy():
        time.sleep(0.005)


pi.set_mode(22, pigpio.OUTPUT)
pi.set_mode(23, pigpio.OUTPUT)
step("empty", [pi.wave_clear(), pi.wave_add_new(), pi.wave_create()])
step("idle", [pi.wave_tx_busy(), pi.wave_tx_at()])

# Two lines, three pulses.
pulses = [pigpio.pulse(1 << 22, 0, 10000), pigpio.pulse(1 << 23, 1 << 22, 20000), pigpio.pulse(0, 1 << 23, 30000)]
step("added", pi.wave_add_generic(pulses))
wave = pi.wave_create()
step("created", wave)
step("sizes", [pi.wave_get_micros(), pi.wave_get_pulses()])
step("limits", [pi.wave_get_max_micros(), pi.wave_get_max_pulses(), pi.wave_get_max_cbs()])
step("blocks", pi.wave_get_cbs())
blocks = pi.wave_send_once(wave)
busy = [pi.wave_tx_busy(), pi.wave_tx_at()]
sent()
step("sent once", [blocks, busy, pi.wave_tx_at()])

# Again and again, until it is stopped.
blocks = pi.wave_send_repeat(wave)
step("repeating", [blocks, pi.wave_tx_busy(), pi.wave_tx_at()])
step("stopped", [pi.wave_tx_stop(), pi.wave_tx_busy(), pi.wave_tx_at()])
pi.clear_bank_1(1 << 22 | 1 << 23)

# One after the other.
pi.wave_add_generic([pigpio.pulse(1 << 22, 0, 10000), pigpio.pulse(0, 1 << 22, 10000)])
second = pi.wave_create()
step("second", second)
pi.wave_send_using_mode(wave, pigpio.WAVE_MODE_ONE_SHOT)
pi.wave_send_using_mode(second, pigpio.WAVE_MODE_ONE_SHOT_SYNC)
sent()
step("one after the other")

# A chain: the second three times with a pause each, then the first.
chain = pi.wave_chain([255, 0, second, 255, 2, 0x10, 0x27, 255, 1, 3, 0, wave])
sent()
step("chain", chain)
step("chain mistakes", [
    pi.wave_chain([255, 9]),
    pi.wave_chain([255, 1, 2, 0]),
    pi.wave_chain([255, 3, second]),
    pi.wave_chain([99]),
])

step("deleted", [pi.wave_delete(wave), pi.wave_send_once(wave), pi.wave_delete(wave), pi.wave_send_repeat(wave)])

# Serial output, and a wave with room to grow.
pi.write(22, 1)
step("serial", pi.wave_add_serial(22, 50, b"A"))
serial = pi.wave_create_and_pad(50)
step("padded", serial)
step("serial begins")
pi.wave_send_once(serial)
sent()
step("serial sent")
step("serial mistakes", [pi.wave_add_serial(22, 49, b"A"), pi.wave_add_serial(22, 300, b"A", bb_bits=33)])
step("forbidden", pi.wave_add_generic([pigpio.pulse(1 << 28, 0, 10)]))
step("deprecated", [pi.wave_tx_start(), pi.wave_tx_repeat()])
step("cleared", [pi.wave_clear(), pi.wave_send_once(second)])
pi.stop()
