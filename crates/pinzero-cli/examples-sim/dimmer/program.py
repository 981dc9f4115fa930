"""A dimmer: the potentiometer sets how bright the lamp is."""

from signal import pause

from gpiozero import MCP3008, PWMLED

knob = MCP3008(channel=0)
lamp = PWMLED(17)
lamp.source = knob
pause()
