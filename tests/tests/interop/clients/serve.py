"""gpiozero against a daemon in a process of its own, with a world around the pins that goes by itself."""

from gpiozero import LED, MCP3008, DigitalInputDevice, DistanceSensor
from steps import Log, step

led, lit = LED(22), DigitalInputDevice(27, pull_up=False)
step("dark", [led.value, lit.value])
led.on()
step("lit", [lit.wait_for_active(20), lit.value])

log = Log()
# Not a Button: gpiozero's loses its thread for good if an edge comes while it is being made.
button = DigitalInputDevice(4, pull_up=True)
button.when_activated = lambda: log("pressed")
button.when_deactivated = lambda: log("released")
told = [what for (what,) in log.take(5)]
step("pressed again and again", sorted(set(told)))
button.close()

sensor = DistanceSensor(echo=24, trigger=23, max_distance=10)
step("distance", sensor.distance)
sensor.close()

step("converted", [round(MCP3008(channel).value * 1023) for channel in (0, 3)])
led.close()
step("dark again", lit.wait_for_inactive(20))
