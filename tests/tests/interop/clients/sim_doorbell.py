"""A doorbell: the lamp follows the button, the brightness of another one the dial."""

from time import sleep

from gpiozero import LED, MCP3008, PWMLED, Button

lamp = LED(17)
lamp.source = Button(2)
dial = MCP3008(0)
level = PWMLED(18)
print("ready")

shown = None
while True:
    value = f"{dial.value:.2f}"
    if value != shown:
        shown = value
        level.value = float(value)
        print("dial", value)
    sleep(0.01)
