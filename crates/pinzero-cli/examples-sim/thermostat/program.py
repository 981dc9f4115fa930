"""A thermostat: below 20 °C the heater goes on, and above 21 °C off."""

from time import sleep

from gpiozero import LED, MCP3008, OutputDevice

room = MCP3008(0)
heater = OutputDevice(17)
heating = LED(27)
while True:
    celsius = (room.value * 3.3 - 0.5) * 100
    if celsius < 20:
        heater.on()
        heating.on()
    elif celsius > 21:
        heater.off()
        heating.off()
    sleep(0.1)
