"""Runs the scenarios on the real gpiozero, on its mock and on virtual time, and writes the golden files.

    python record.py            writes ../gpiozero/*.json
    python record.py --check    fails if these differ from what gpiozero does

`cargo xtask golden` runs this with the gpiozero that crates/xtask/interop pins. README.md explains the files.
"""

import datetime
import gc
import importlib.metadata
import itertools
import json
import os
import statistics
import sys
import warnings
from pathlib import Path

import recording
import virtual_time
from circuit import Circuit
from recording import Factory, Recorder, gpiozero, now, tidy

HERE = Path(__file__).resolve().parent.parent


# Arguments that JSON has no values for.
MEANINGS = {
    "average": lambda name: getattr(statistics, name),
    "start_time": datetime.time.fromisoformat,
    "end_time": datetime.time.fromisoformat,
}


class Play:
    """One scenario."""

    def __init__(self, device, scenario):
        self.clock = virtual_time.reset()
        self.recorder = recorder = recording.recorder = Recorder()
        self.clock.on_error = lambda error: recorder.note("thread", f"!{type(error).__name__}")
        self.scenario = scenario
        self.device = device
        self.factory = Factory()
        gpiozero.Device.pin_factory = self.factory
        gpiozero.DistanceSensor.ECHO_LOCK = virtual_time.Lock()
        self.circuit = Circuit(self.factory)
        self.devices = {}

    def run(self):
        try:
            for name, arguments in self.scenario.get("circuit", []):
                getattr(self.circuit, name)(**arguments)
            # A file in small letters is about several classes.
            if self.device[0].isupper():
                self.open("", [self.device, self.scenario.get("args", {})])
            for name, device in self.scenario.get("others", {}).items():
                self.open(name, device)
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
        if self.scenario.get("pins") == "left out":
            del result["pins"]
        return {key: value for key, value in result.items() if value}

    def open(self, name, device):
        def make():
            opened = self.devices[name] = self.make(device)
            if device[0] == "SmoothedInputDevice":
                # Each of its subclasses starts the samples at the end of its constructor.
                opened._queue.start()

        self.guard(f"{name}.open" if name else "open", make)

    def make(self, value):
        """Returns the device or tool for `["NAME", {arguments}]`, the device for its name, or another value as such."""
        if isinstance(value, list):
            if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
                return self.build(*value)
            return [self.make(item) for item in value]
        if isinstance(value, str) and value and value in self.devices:
            return self.devices[value]
        return value

    def build(self, name, given):
        named = {key: self.make(value) for key, value in given.items()}
        for key, meaning in MEANINGS.items():
            if key in named:
                named[key] = meaning(named[key])
        positional = [named.pop("char")] if "char" in named else []
        for key in ("pins", "labels", "args"):
            positional += named.pop(key, ())
        return getattr(gpiozero if hasattr(gpiozero, name) else gpiozero.tools, name)(*positional, **named)

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
        if verb == "look":
            return self.guard("look", lambda: self.recorder.look(path, **rest[0]))
        if verb == "take":
            # Noted at the time of the step: a follower of ours takes one value at a time.
            return self.guard("take", lambda: self.take(path, *rest), at=now())
        name = path + ("=" if verb == "set" else "")

        def body():
            owner, attribute = self.find(path)
            if verb == "get":
                return getattr(owner, attribute)
            if verb == "set":
                return setattr(owner, attribute, self.make(rest[0]))
            named = dict(rest[0]) if rest else {}
            return getattr(owner, attribute)(*named.pop("args", ()), **named)

        self.guard(name, body, always=verb == "get")

    def take(self, count, source):
        """Returns so many values of the source, or all if there are fewer."""
        values = self.make(source)
        return list(itertools.islice(getattr(values, "values", values), count))

    def guard(self, name, body, always=False, at=None):
        """Runs the body; notes its error or result, or that it took time."""
        start = now()
        note = lambda result: self.recorder.log.append([now() if at is None else at, name, result])
        try:
            result = tidy(body())
        except Exception as error:
            # Before the error goes: a device that failed to open closes then, which may take time.
            note(f"!{type(error).__name__}")
        else:
            if always or result is not None or now() != start:
                note(result)

    def find(self, path):
        *owners, attribute = path.split(".")
        owner = self.devices[owners.pop(0) if owners and owners[0] in self.devices else ""]
        for part in owners:
            owner = owner[int(part)] if part.isdigit() else getattr(owner, part)
        return owner, attribute


def note_warning(message, category, *_, **__):
    if recording.recorder is not None:
        recording.recorder.note("warning", category.__name__)


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
    # No device that its scenario left open closes in the midst of another one.
    gc.disable()
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
