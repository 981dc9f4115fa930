"""Runs the scenarios on the real gpiozero, on its mock and on virtual time, and writes the golden files.

    python record.py            writes ../gpiozero/*.json
    python record.py --check    fails if these differ from what gpiozero does

`cargo xtask golden` runs this with the gpiozero that crates/xtask/interop pins. README.md explains the files.
"""

import json
import os
import sys
import warnings
from pathlib import Path

# The standard modules that gpiozero imports keep real time and real threads.
import importlib.metadata, inspect, statistics, weakref  # noqa: E401, F401

import colorzero  # noqa: F401

import virtual_time

with virtual_time.for_imports():
    import gpiozero
    import gpiozero.pins.mock as mock
    import gpiozero.tones

gpiozero.Tone = gpiozero.tones.Tone

HERE = Path(__file__).resolve().parent.parent
# Devices whose pins are set to a duty cycle, unless they are told `pwm=False`.
PULSED = "PWMOutputDevice PWMLED RGBLED TonalBuzzer Motor PhaseEnableMotor Servo AngularServo".split()


def now():
    """The time in milliseconds."""
    return tidy(virtual_time.clock.now / 1e6)


def tidy(value):
    """Returns the value as JSON has it: no more digits than two computations agree on, and whole numbers as such."""
    if isinstance(value, (bool, int)) or value is None:
        return None if value is None else int(value)
    if isinstance(value, float):
        value = round(value, 9)
        return int(value) if value == int(value) else value
    if isinstance(value, (tuple, list)):
        return [tidy(item) for item in value]
    return str(value)


class Recorder:
    """What happened in a scenario: changes of each output, and everything else in its order."""

    def __init__(self):
        self.pins = {}
        self.states = {}
        self.log = []

    def note(self, name, *result):
        self.log.append([now(), name, *result])

    def pin(self, pin):
        """Notes the state of an output, or that it is none any more. The frequency is noted when it changes."""
        name = pin.info.name[4:]
        if pin.function == "output":
            state = [tidy(pin._state), tidy(pin.frequency)]
        elif name in self.pins:
            state = ["in", None]
        else:
            return
        before = self.states.get(name, [None, None])
        if state != before:
            self.states[name] = state
            shown = state if state[1] != before[1] and state[0] != "in" else state[:1]
            self.pins.setdefault(name, []).append([now(), *shown])


recorder = None


class Noted:
    """A mock pin that tells the recorder of each change."""

    def _change_state(self, value):
        changed = super()._change_state(value)
        recorder.pin(self)
        return changed

    def _set_function(self, value):
        super()._set_function(value)
        recorder.pin(self)


class DigitalPin(Noted, mock.MockPin):
    pass


class PulsedPin(Noted, mock.MockPWMPin):
    def _set_frequency(self, value):
        super()._set_frequency(value)
        if self._function == "output":
            recorder.pin(self)


class Adc(mock.MockSPIDevice):
    """An ADC from MCP3001 to MCP3304: a request, some clocks to sample, a zero, and the result."""

    def __init__(self, factory, chip, results):
        # Plain pins: what goes over the wires is not noted.
        for pin in 10, 9:
            factory.pin(pin, pin_class=mock.MockPin)
        super().__init__(11, 10, 9, 8, pin_factory=factory)
        self.results = results
        self.bits = {"0": 10, "2": 12, "3": 12}[chip[4]]
        self.is_signed = chip[4] == "3"
        self.request = {"1": 0, "2": 5 if self.is_signed else 4}.get(chip[6], 5)
        self.gap = {0: 3, 4: 1, 5: 2}[self.request]

    def on_start(self):
        super().on_start()
        if not self.request:
            self.answer(0, False)

    def on_bit(self):
        if not self.request or not any(self.rx_buf):
            self.rx_buf = []
        elif len(self.rx_buf) == self.request:
            single, *channel = self.rx_buf[1:]
            # With two channels, the last bit is for the order of the result.
            channel = channel[:1] if self.request == 4 else channel
            self.answer(int("".join(str(int(bit)) for bit in channel), 2), single)

    def answer(self, channel, single):
        result = self.results(channel)
        if not single:
            result -= self.results(channel ^ 1)
        width = self.bits + self.is_signed
        result = result % 2 ** width if self.is_signed else max(0, result)
        self.tx_word(result, self.gap + width)


class Circuit:
    """What is outside the pins."""

    def __init__(self, factory):
        self.factory = factory

    def drive(self, pin, state):
        """Drives the pin; notes an error that gpiozero raises on the thread that tells of edges."""
        pin = self.factory.pin(pin)
        try:
            pin.drive_high() if state else pin.drive_low()
        except Exception as error:
            recorder.note("edge", f"!{type(error).__name__}")

    def script(self, pin, steps):
        for delay, state in steps:
            virtual_time.clock.start(lambda state=state: self.drive(pin, state), virtual_time.OUTSIDE, delay / 1e3)

    def echo(self, trigger, echo, flight, delay=0.45):
        """Answers a pulse on `trigger` by one on `echo`: `delay` after the end of the former, until the sound is back.

        `flight` is how long the sound is under way, in milliseconds, null if it never comes back; or a list of such
        times, each with the time from which it holds.
        """
        present = self.changing(flight)

        def changed(before, after):
            if before == ("output", True) and after == ("output", False) and present() is not None:
                self.script(echo, [[delay, 1], [delay + present(), 0]])

        self.watch(trigger, changed)

    def capacitor(self, pin, time):
        """Drives the pin high when it has been an input for this time in milliseconds; `time` is as `flight` above."""
        present = self.changing(time)
        count = 0

        def changed(before, after):
            nonlocal count
            if before[0] != "input" and after[0] == "input" and present() is not None:
                count += 1
                turn = count

                def full():
                    line = self.factory.pin(pin)
                    if count == turn and line.function == "input":
                        line.drive_high()

                virtual_time.clock.start(full, virtual_time.OUTSIDE, present() / 1e3)

        self.watch(pin, changed)

    def adc(self, chip, results):
        """Wires an ADC to the pins of SPI. `results` has those of its channels, each as `flight` above."""
        present = {int(channel): self.changing(result) for channel, result in results.items()}
        Adc(self.factory, chip, lambda channel: present[channel]() if channel in present else 0)

    def changing(self, value):
        """Returns a function for the present value of a constant or of a list of times and values."""
        values = value if isinstance(value, list) else [[0, value]]
        return lambda: [value for time, value in values if time <= now()][-1]

    def watch(self, number, changed):
        """Calls `changed` with the function and state of the pin before and after each write."""
        pin = self.factory.pin(number)
        look = lambda: (pin.function, bool(pin._state))

        def noted(write):
            def wrapped(self, value):
                before = look()
                write(self, value)
                changed(before, look())

            return wrapped

        kind = type(pin)
        pin.__class__ = type(kind.__name__, (kind,), {
            "function": property(kind._get_function, noted(kind._set_function)),
            "state": property(kind._get_state, noted(kind._set_state)),
        })


class Play:
    """One scenario."""

    def __init__(self, device, scenario):
        global recorder
        self.clock = virtual_time.reset()
        self.clock.on_error = lambda error: recorder.note("thread", f"!{type(error).__name__}")
        self.recorder = recorder = Recorder()
        self.scenario = scenario
        self.device, args = device, scenario.get("args", {})
        is_pulsed = args.get("pwm", device in PULSED)
        self.factory = mock.MockFactory(pin_class=PulsedPin if is_pulsed else DigitalPin)
        gpiozero.Device.pin_factory = self.factory
        gpiozero.DistanceSensor.ECHO_LOCK = virtual_time.Lock()
        self.circuit = Circuit(self.factory)
        self.devices = {}

    def run(self):
        try:
            for name, arguments in self.scenario.get("circuit", []):
                getattr(self.circuit, name)(**arguments)
            self.open("", self.device, self.scenario.get("args", {}))
            for name, (device, args) in self.scenario.get("others", {}).items():
                self.open(name, device, args)
            for event, step in self.scenario.get("handlers", {}).items():
                self.guard(f"{event}=", lambda: self.attach(event, step))
            for time, *step in self.scenario.get("steps", []):
                # Even at the present time, what is due comes first.
                self.clock.pause(max(self.clock.now, round(time * 1e6)))
                self.step(step)
        finally:
            result = {"pins": dict(self.recorder.pins), "log": list(self.recorder.log)}
            self.recorder.pins, self.recorder.log = {}, []
            for device in self.devices.values():
                if hasattr(device, "close"):
                    device.close()
            gpiozero.threads._THREADS.clear()
        return {key: value for key, value in result.items() if value}

    def open(self, name, device, args):
        def make():
            named = {key: getattr(statistics, value) if key == "average" else value for key, value in args.items()}
            opened = self.devices[name] = getattr(gpiozero, device)(*named.pop("pins", ()), **named)
            if device == "SmoothedInputDevice":
                # Each of its subclasses starts the samples at the end of its constructor.
                opened._queue.start()

        self.guard(f"{name}.open" if name else "open", make)

    def attach(self, event, step):
        def handler():
            self.recorder.note(event)
            if step:
                self.step(step)

        owner, name = self.find(event)
        setattr(owner, name, handler)

    def step(self, step):
        verb, path, *rest = step
        if verb in ("drive", "script"):
            return getattr(self.circuit, verb)(path, *rest)
        name = path + ("=" if verb == "set" else "")

        def body():
            owner, attribute = self.find(path)
            if verb == "get":
                return getattr(owner, attribute)
            if verb == "set":
                return setattr(owner, attribute, rest[0])
            return getattr(owner, attribute)(**(rest[0] if rest else {}))

        self.guard(name, body, always=verb == "get")

    def guard(self, name, body, always=False):
        """Runs the body; notes its error or result, or that it took time."""
        start = now()
        try:
            result = tidy(body())
        except Exception as error:
            self.recorder.note(name, f"!{type(error).__name__}")
        else:
            if always or result is not None or now() != start:
                self.recorder.note(name, result)

    def find(self, path):
        *owners, attribute = path.split(".")
        owner = self.devices[owners.pop(0) if owners and owners[0] in self.devices else ""]
        for part in owners:
            owner = owner[int(part)] if part.isdigit() else getattr(owner, part)
        return owner, attribute


def note_warning(message, category, *_, **__):
    if recorder is not None:
        recorder.note("warning", category.__name__)


def lines(entries):
    """Lays a list of entries out in lines of some width."""
    line = ""
    for entry in entries:
        text = json.dumps(entry)
        if line and len(line) + len(text) > 100:
            yield line + ","
            line = ""
        line += (", " if line else "") + text
    yield line


def block(value, indent):
    """Returns a dictionary of dictionaries and lists as readable JSON."""
    if isinstance(value, dict):
        parts = [f"{indent}  {json.dumps(key)}: {block(item, indent + '  ')}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    text = list(lines(value))
    if len(text) == 1:
        return f"[{text[0]}]"
    return "[\n" + "\n".join(f"{indent}  {line}" for line in text) + f"\n{indent}]"


def record(path):
    scenarios = json.loads(path.read_text())
    return block({name: Play(path.stem, scenario).run() for name, scenario in scenarios.items()}, "") + "\n"


def main():
    check = "--check" in sys.argv[1:]
    warnings.simplefilter("always")
    warnings.showwarning = note_warning
    stale = []
    count = 0
    for path in sorted((HERE / "scenarios").glob("*.json")):
        golden = HERE / "gpiozero" / path.name
        count += len(json.loads(path.read_text()))
        text = record(path)
        if not golden.exists() or golden.read_text() != text:
            stale.append(golden.name)
            if not check:
                golden.write_text(text)
    version = importlib.metadata.version("gpiozero")
    print(f"{count} scenarios on gpiozero {version}; {'stale' if check else 'written'}: {', '.join(stale) or 'none'}")
    sys.stdout.flush()
    # Threads of devices that their scenario left half closed wait for ever: do not wait for them.
    os._exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
