"""lgpio, and gpiozero on it, with the chip of the rig: reads a piece of work and a number of times from each line, and answers with
the nanoseconds that one took."""

import ctypes
import os
import sys
import tempfile
import time

# lgpio makes a pipe in this directory, and has opened it when it is imported.
with tempfile.TemporaryDirectory() as directory:
    os.environ["LG_WD"] = directory
    import _lgpio
    import lgpio

from gpiozero import LED, Button
from gpiozero.pins.lgpio import LGPIOFactory


class Factory(LGPIOFactory):
    def _get_revision(self):
        # The rig is no Raspberry Pi, and gpiozero takes nothing else.
        return 0xA02082


factory = Factory(chip=0)
led = LED(20, pin_factory=factory)
handle = lgpio.gpiochip_open(0)
lgpio.gpio_claim_output(handle, 21)
write_often = ctypes.CDLL(sys.argv[1]).write_often
write = ctypes.cast(ctypes.CDLL(_lgpio.__file__).lgGpioWrite, ctypes.c_void_p)


def write_c(times):
    write_often(write, handle & 0xFFFF, 21, ctypes.c_long(times))


def switch(times):
    for _ in range(times // 2):
        led.on()
        led.off()


def open_led(times):
    for _ in range(times):
        LED(24, pin_factory=factory).close()


def open_button(times):
    for _ in range(times):
        Button(25, pin_factory=factory).close()


works = {"write": write_c, "led": switch, "open-led": open_led, "open-button": open_button}
for line in sys.stdin:
    name, times = line.split()
    start = time.perf_counter_ns()
    works[name](int(times))
    print((time.perf_counter_ns() - start) / int(times), flush=True)
# Closing everything takes long, and nobody waits for it.
os._exit(0)
