"""What is outside the pins, and outside the program."""

import datetime
import io
import os
import subprocess
from types import SimpleNamespace

import recording
import virtual_time
from recording import gpiozero, mock, now


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
    """What is outside the pins, and what internal devices read."""

    def __init__(self, factory):
        self.factory = factory
        self.readings = Readings()

    def drive(self, pin, state):
        """Drives the pin; notes an error that gpiozero raises on the thread that tells of edges."""
        pin = self.factory.pin(pin)
        try:
            pin.drive_high() if state else pin.drive_low()
        except Exception as error:
            recording.recorder.note("edge", f"!{type(error).__name__}")

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

    def file(self, name, text):
        """Lets an internal device read this text from the file; `text` is as `flight` above."""
        self.readings.files[name] = self.changing(text)

    def disk(self, blocks, free, available):
        """Lets the disk have these blocks; `free` of them, and `available` to those who are not root. Each as above."""
        self.readings.disk = [self.changing(count) for count in (blocks, free, available)]

    def host(self, name, up):
        """Lets this host answer a ping or not; `up` is as `flight` above."""
        self.readings.hosts[name] = self.changing(up)

    def clock(self, start):
        """Starts the clock on the wall at this time of a day."""
        self.readings.start = datetime.datetime.combine(self.readings.start, datetime.time.fromisoformat(start))


class Readings:
    """What internal devices read, in the place of the modules that they import."""

    def __init__(self):
        self.files, self.hosts = {}, {}
        self.disk = None
        self.start = datetime.datetime(2024, 1, 1)
        internal = gpiozero.internal_devices
        internal.io = SimpleNamespace(open=self.open)
        internal.os = SimpleNamespace(devnull=os.devnull, statvfs=self.statvfs)
        internal.subprocess = SimpleNamespace(
            check_call=self.ping, CalledProcessError=subprocess.CalledProcessError)
        readings = self

        class Clock(datetime.datetime):
            @classmethod
            def utcnow(cls):
                return readings.start + datetime.timedelta(milliseconds=now())

        internal.datetime = Clock

    def open(self, name, mode):
        if name == os.devnull:
            return io.BytesIO()
        if name not in self.files:
            raise FileNotFoundError(name)
        return io.StringIO(self.files[name]())

    def statvfs(self, _):
        blocks, free, available = (count() for count in self.disk)
        return SimpleNamespace(f_blocks=blocks, f_bfree=free, f_bavail=available)

    def ping(self, command, **_):
        if not self.hosts[command[-1]]():
            raise subprocess.CalledProcessError(1, command)
