"""A doorbell: the lamp follows the button, the brightness of another one the dial."""

import os
import threading
from time import sleep

from gpiozero import LED, MCP3008, PWMLED, Button

lamp = LED(17)
lamp.source = Button(2)
dial = MCP3008(0)
level = PWMLED(18)
# The simulator ends before this program does.
threading.excepthook = lambda _: os._exit(0)
print("ready")

shown = None
while True:
    try:
        value = f"{dial.value:.2f}"
    except OSError:
        os._exit(0)
    if value != shown:
        shown = value
        level.value = float(value)
        print("dial", value)
    sleep(0.01)
