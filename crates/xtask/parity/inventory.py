"""Lists the public items of gpiozero's devices and tools by introspection, into gpiozero.json beside this file.

    python inventory.py            writes the file
    python inventory.py --check    fails if the file differs

An item is named once, at the class that brings it in: `LED.is_lit`, `DigitalOutputDevice.blink`. A constructor's
parameter is `LED(pin)`. A function of a module is `tools.inverted`.
"""

import inspect
import json
import os
import sys
import warnings
from pathlib import Path

os.environ["GPIOZERO_PIN_FACTORY"] = "mock"
import gpiozero
import gpiozero.boards
import gpiozero.fonts
import gpiozero.tools
from gpiozero.mixins import event
from gpiozero.pins.mock import MockFactory, MockPWMPin

FILE = Path(__file__).resolve().parent / "gpiozero.json"
CLASSES = """
Device GPIODevice OutputDevice DigitalOutputDevice LED Buzzer PWMOutputDevice PWMLED RGBLED TonalBuzzer Tone Motor
PhaseEnableMotor Servo AngularServo InputDevice DigitalInputDevice Button SmoothedInputDevice LineSensor MotionSensor
LightSensor DistanceSensor RotaryEncoder SPIDevice AnalogInputDevice MCP3001 MCP3002 MCP3004 MCP3008 MCP3201 MCP3202 MCP3204
MCP3208 MCP3301 MCP3302 MCP3304
InternalDevice PolledInternalDevice CPUTemperature LoadAverage DiskUsage PingServer TimeOfDay
CompositeOutputDevice ButtonBoard LEDCollection LEDBoard LEDBarGraph LEDCharFont LEDCharDisplay LEDMultiCharDisplay
TrafficLights TrafficLightsBuzzer Robot Energenie LedBorg PiLiter PiLiterBarGraph PiTraffic PiStop TrafficpHat TrafficHat
FishDish StatusZero StatusBoard SnowPi PiHutXmasTree PumpkinPi JamHat Pibrella RyanteckRobot CamJamKitRobot PololuDRV8835Robot
""".split()
MODULES = {"boards": gpiozero.boards, "fonts": gpiozero.fonts, "tools": gpiozero.tools}
# Of these, an open one has no more.
PLAIN = {"Device", "GPIODevice", "InputDevice", "Tone", "LEDCharFont"}
PLAIN |= set(CLASSES[CLASSES.index("SPIDevice"):CLASSES.index("CompositeOutputDevice")])
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
    gpiozero.Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    with getattr(gpiozero, name)(*arguments(name), **({"enable": 9} if name == "Motor" else {})) as device:
        found = {item for item in vars(device) if not item.startswith("_") and item != "pin_factory"}
        found |= set(getattr(device, "_order", None) or ())
        # The first segment of a display, and the first LED of a tree, stand for all.
        return found - {f"led{number}" for number in range(2, 25)} - set("bcdefg" if name == "LEDCharDisplay" else "")


def arguments(name):
    """The arguments with which a device opens."""
    if name == "TrafficLightsBuzzer":
        return gpiozero.TrafficLights(4, 5, 6), gpiozero.Buzzer(7), gpiozero.Button(8)
    if name == "Robot":
        return gpiozero.Motor(4, 5), gpiozero.Motor(6, 7)
    if name == "LEDMultiCharDisplay":
        return gpiozero.LEDCharDisplay(*range(4, 11)), 11, 12
    first = next(iter(parameters(getattr(gpiozero, name).__init__).values()))
    if first.kind is first.KEYWORD_ONLY or first.name in ("args", "labels"):
        return ()
    if first.name in ("location", "socket"):
        return ({"location": "A", "socket": 1}[first.name],)
    pins = {"RGBLED": 3, "TrafficLights": 3, "LEDCharDisplay": 7}
    pins |= dict.fromkeys(["Motor", "PhaseEnableMotor", "DistanceSensor", "RotaryEncoder"], 2)
    return range(4, 4 + pins.get(name, 1))


def parameters(function):
    """The parameters by name, without `self`."""
    return dict(list(inspect.signature(function).parameters.items())[1:])


def inventory():
    listed = {}
    for name in CLASSES:
        cls = getattr(gpiozero, name, None) or getattr(gpiozero.tones, name, None) or getattr(gpiozero.boards, name)
        items = {}
        for parameter in parameters(cls.__new__ if name == "Tone" else cls.__init__).values():
            default = "" if parameter.default is inspect.Parameter.empty else f", default {show(parameter.default)}"
            items[f"{name}({parameter.name})"] = "parameter" + default
        for item, what in sorted(own_items(cls).items()):
            items[f"{name}.{item}"] = what
        if name not in PLAIN:
            for item in sorted(attributes(name)):
                items[f"{name}.{item}"] = "attribute"
        listed[name] = items
    for name, module in MODULES.items():
        functions = [item for item, function in vars(module).items() if inspect.isfunction(function)]
        own = [item for item in functions if getattr(module, item).__module__ == module.__name__ and item[0] != "_"]
        listed[name] = {f"{name}.{item}": "function" for item in sorted(own) if item != "pairwise"}
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
    print(f"{sum(map(len, json.loads(text).values()))} items of {len(CLASSES)} classes and {len(MODULES)} modules")


if __name__ == "__main__":
    main()
