"""Two factories of gpiozero and a pi of pigpio at the same time, as of several programs."""

import pigpio
from gpiozero import LED, Button
from gpiozero.pins.pigpio import PiGPIOFactory
from steps import Log, step

one, other, pi, log = PiGPIOFactory(), PiGPIOFactory(), pigpio.pi(), Log()
led = LED(17, pin_factory=one)
# It sees what the other one's LED does.
watcher = pi.callback(17, pigpio.EITHER_EDGE, lambda gpio, level, tick: log(level))
button = Button(4, pin_factory=other)
button.when_pressed = led.on
button.when_released = led.off
step("ready", [led.value, button.value])
step("pressed", [log.take(), led.value, pi.read(17)])
step("released", [log.take(), led.value, pi.read(17)])
button.when_pressed = button.when_released = None
one.close()
step("one closed", pi.get_mode(17))
step("other button", button.wait_for_press(20))
step("let go", button.wait_for_release(20))
other.close()
step("other closed", pi.read(4))
pi.stop()
