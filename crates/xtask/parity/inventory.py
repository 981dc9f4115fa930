"""Lists the public items of gpiozero's single devices by introspection, into gpiozero.json beside this file.

    python inventory.py            writes the file
    python inventory.py --check    fails if the file differs

An item is named once, at the class that brings it in: `LED.is_lit`, `DigitalOutputDevice.blink`. A constructor's
parameter is `LED(pin)`.
"""

import inspect
import json
import os
import sys
import warnings
from pathlib import Path

os.environ["GPIOZERO_PIN_FACTORY"] = "mock"
import gpiozero
from gpiozero.mixins import event
from gpiozero.pins.mock import MockFactory, MockPWMPin

FILE = Path(__file__).resolve().parent / "gpiozero.json"
CLASSES = """
Device GPIODevice OutputDevice DigitalOutputDevice LED Buzzer PWMOutputDevice PWMLED RGBLED TonalBuzzer Tone Motor
PhaseEnableMotor Servo AngularServo InputDevice DigitalInputDevice Button SmoothedInputDevice LineSensor MotionSensor
LightSensor DistanceSensor RotaryEncoder SPIDevice AnalogInputDevice MCP3001 MCP3002 MCP3004 MCP3008 MCP3201 MCP3202 MCP3204
MCP3208 MCP3301 MCP3302 MCP3304
InternalDevice PolledInternalDevice CPUTemperature LoadAverage DiskUsage PingServer TimeOfDay
""".split()
# Of these, an open one has no more.
SPI = CLASSES[CLASSES.index("SPIDevice"):]
# Bases that are no devices: their items count at each class that takes them in first.
MIXINS = {"ValuesMixin", "SourceMixin", "EventsMixin", "HoldMixin", "CompositeDevice", "GPIOBase", "SharedMixin"}
MIXINS |= {"MCP3xxx", "MCP3xx2", "MCP30xx", "MCP32xx", "MCP33xx"}


def kind(item):
    if isinstance(item, event):
        return "event"
    if isinstance(item, property):
        return "property" if item.fset is None else "property, writable"
    if isinstance(item, (staticmethod, classmethod)):
        return "function"
    return "method" if callable(item) else None


def own_items(cls):
    """The items that this class brings in: its own, and those of its mixins, unless a device among its bases has them."""
    inherited = set()
    for base in cls.__mro__[1:]:
        if base.__name__ in CLASSES:
            inherited |= set(dir(base))
    items = {}
    for base in reversed(cls.__mro__):
        if base is not cls and (base.__name__ not in MIXINS):
            continue
        for name, item in vars(base).items():
            if name.startswith("_") or kind(item) is None or (base is not cls and name in inherited):
                continue
            if name in inherited and kind(getattr(gpiozero_base(cls, name), name, item)) == kind(item):
                continue
            items[name] = kind(item)
    return items


def gpiozero_base(cls, name):
    """The nearest base that is listed and has the item."""
    for base in cls.__mro__[1:]:
        if base.__name__ in CLASSES and hasattr(base, name):
            return base
    return object


def attributes(name):
    """The public attributes that a device has only when it is open, such as the devices that it is made of."""
    pins = {"RGBLED": 3, "Motor": 2, "PhaseEnableMotor": 2, "DistanceSensor": 2, "RotaryEncoder": 2}
    gpiozero.Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    more = {"enable": 9} if name == "Motor" else {}
    with getattr(gpiozero, name)(*range(4, 4 + pins.get(name, 1)), **more) as device:
        found = {item for item in vars(device) if not item.startswith("_") and item != "pin_factory"}
        return found | set(getattr(device, "_order", None) or ())


def inventory():
    listed = {}
    for name in CLASSES:
        cls = getattr(gpiozero, name, None) or getattr(gpiozero.tones, name)
        items = {}
        parameters = inspect.signature(cls.__new__ if name == "Tone" else cls.__init__).parameters
        for parameter in list(parameters.values())[1:]:
            default = "" if parameter.default is inspect.Parameter.empty else f", default {show(parameter.default)}"
            items[f"{name}({parameter.name})"] = "parameter" + default
        for item, what in sorted(own_items(cls).items()):
            items[f"{name}.{item}"] = what
        if name not in ("Device", "GPIODevice", "InputDevice", "Tone", *SPI):
            for item in sorted(attributes(name)):
                items[f"{name}.{item}"] = "attribute"
        listed[name] = items
    return listed


def show(default):
    return default.__name__ if inspect.isfunction(default) else str(default)


def main():
    warnings.simplefilter("ignore")
    text = json.dumps(inventory(), indent=2) + "\n"
    stale = not FILE.exists() or FILE.read_text() != text
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text)
    elif stale:
        sys.exit(f"{FILE.name} is not what gpiozero has: cargo xtask golden")
    print(f"{sum(map(len, json.loads(text).values()))} items of {len(CLASSES)} classes")


if __name__ == "__main__":
    main()
