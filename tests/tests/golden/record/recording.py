"""gpiozero on its mock and on virtual time, and the notes of what happens there."""

# The standard modules that gpiozero imports keep real time and real threads.
import importlib.metadata, inspect, statistics, subprocess, weakref  # noqa: E401, F401

import colorzero  # noqa: F401

import virtual_time

with virtual_time.for_imports():
    import gpiozero
    import gpiozero.fonts
    import gpiozero.internal_devices
    import gpiozero.pins.mock as mock
    import gpiozero.tones
    import gpiozero.tools

gpiozero.Tone = gpiozero.tones.Tone


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

    def look(self, window, segments, commons, active=(1, 1)):
        """Returns what the eye sees on each digit: the letters of the segments that shone in the last milliseconds.

        `active` has the level of a segment that is on, and of a digit that is.
        """
        end = now()
        changes = {pin: self.pins.get(str(pin), []) for pin in (*segments, *commons)}
        times = {time for pin in changes for time, *_ in changes[pin] if end - window < time < end}
        seen = [set() for _ in commons]
        for time in {end - window, *times}:
            level = {pin: ([0] + [state for at, state, *_ in changes[pin] if at <= time])[-1] for pin in changes}
            for digit, common in enumerate(commons):
                if level[common] == active[1]:
                    seen[digit] |= {chr(97 + i) for i, pin in enumerate(segments) if level[pin] == active[0]}
        return ["".join(sorted(letters)) for letters in seen]


recorder = None


class Pin(mock.MockPWMPin):
    """A pin that tells the recorder of each change."""

    def _change_state(self, value):
        changed = super()._change_state(value)
        recorder.pin(self)
        return changed

    def _set_function(self, value):
        super()._set_function(value)
        recorder.pin(self)

    def _set_frequency(self, value):
        if value is None and self._frequency is None:
            return
        super()._set_frequency(value)
        if self._function == "output":
            recorder.pin(self)


class Factory(mock.MockFactory):
    """Pins that can pulse, unless a part outside has made them others."""

    def __init__(self):
        super().__init__(pin_class=Pin)

    def pin(self, name, pin_class=None, **options):
        for _, info in self.board_info.find_pin(name):
            if pin_class is None and info in self.pins:
                pin_class = type(self.pins[info])
        return super().pin(name, pin_class, **options)
