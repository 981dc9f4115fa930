"""What gpiozero costs on its mock, as JSON: times in nanoseconds, the best of several rounds."""

import json
import os
import threading
import time

from gpiozero import LED, Button
from gpiozero.pins.mock import MockFactory

ROUNDS = 5
# A mock has a Raspberry Pi's pins, so that a hundred devices take several.
PINS = range(2, 28)
WATCHED = 1.0


def best(times, work):
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        work(times)
        rounds.append((time.perf_counter_ns() - start) / times)
    return min(rounds)


def many(kind, count):
    factories = [MockFactory() for _ in range(0, count, len(PINS))]
    places = [(factory, pin) for factory in factories for pin in PINS][:count]
    return [kind(pin, pin_factory=factory) for factory, pin in places]


def wakeups():
    total = 0
    for task in os.listdir("/proc/self/task"):
        # The first thread is the one that measures.
        if int(task) != os.getpid():
            with open(f"/proc/self/task/{task}/status") as status:
                line = next(line for line in status if line.startswith("voluntary_ctxt_switches:"))
                total += int(line.split()[1])
    return total


def idle():
    time.sleep(0.2)
    before = wakeups()
    time.sleep(WATCHED)
    return (wakeups() - before) / WATCHED


factory = MockFactory()
led = LED(17, pin_factory=factory)


def switch(times):
    for _ in range(times // 2):
        led.on()
        led.off()


def open_led(times):
    for _ in range(times):
        LED(18, pin_factory=factory).close()


def open_button(times):
    for _ in range(times):
        Button(2, pin_factory=factory).close()


figures = {
    "led": best(20_000, switch),
    "open_led": best(500, open_led),
    # Each waits for a thread to end.
    "open_button": best(3, open_button),
}

leds = many(LED, 100)
for each in leds:
    each.blink(0.5, 0.5)
figures["blinking_threads"] = threading.active_count() - 1
for each in leds:
    each.close()

buttons = many(Button, 100)
figures["button_threads"] = len(os.listdir("/proc/self/task")) - 1
figures["button_wakeups"] = idle()

print(json.dumps(figures), flush=True)
# Closing a hundred Buttons takes ten seconds, and nobody waits for it.
os._exit(0)
