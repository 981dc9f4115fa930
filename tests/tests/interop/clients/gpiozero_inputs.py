"""Inputs with gpiozero."""

from gpiozero import MCP3008, Button, Device, DigitalInputDevice, DistanceSensor, RotaryEncoder
from steps import Log, step

# The first press after opening, and others.
log = Log()
button = Button(4)
button.when_pressed = lambda: log("pressed")
button.when_released = lambda: log("released")
step("button", button.is_pressed)
step("first press", [log.take(), button.wait_for_press(20), button.is_pressed])
step("release", [log.take(), button.wait_for_release(20), button.is_pressed])
step("double press", log.take(4))

# Others at the same time, the other way up.
other = Button(5, pull_up=False)
other.when_pressed = lambda: log("other pressed")
other.when_released = lambda: log("other released")
step("other button", other.is_pressed)
step("other press", log.take())
step("both", log.take(2))
step("both again", log.take(2))
button.close()
step("one closed")
step("other release", log.take())
other.close()
step("both closed", log.rest())

# Debounced, held.
button = Button(6, bounce_time=0.2)
button.when_pressed = lambda: log("pressed")
step("bouncing")
step("bounced", [log.take(), button.is_pressed])
step("bounced back", button.wait_for_release(20))
button.close()
button = Button(6, hold_time=0.1)
button.when_held = lambda: log("held")
step("hold")
step("held", [log.take(), button.held_time > 0])
step("not held", button.wait_for_release(20))
button.close()

# An input of unknown rest that is pulled from outside.
device = DigitalInputDevice(26, pull_up=None, active_state=True)
step("device", device.value)
step("device high", [device.wait_for_active(20), device.value])
device.close()

encoder = RotaryEncoder(24, 25, max_steps=0)
encoder.when_rotated = lambda: log(encoder.steps)
step("encoder", encoder.steps)
step("clockwise", log.take(3))
step("back", log.take(1))
encoder.close()
step("encoder closed")

sensor = DistanceSensor(echo=27, trigger=22, queue_len=1, max_distance=10)
step("distance", sensor.distance)
sensor.close()
step("sensor closed")

potentiometers = [MCP3008(channel) for channel in (0, 7)]
step("converted", [round(device.value * 1023) for device in potentiometers])
step("converted again", [round(device.value * 1023) for device in potentiometers])
for device in potentiometers:
    device.close()
differential = MCP3008(0, differential=True)
step("difference", round(differential.value * 1023))
differential.close()
step("converters closed")
Device.pin_factory.close()
