"""How a program and the test that runs it keep in step."""

import json
import queue
import sys


def step(name, saw=None):
    """Says what is seen, and waits until the test lets the program go on."""
    print(json.dumps({"step": name, "saw": saw}), flush=True)
    if not sys.stdin.readline():
        sys.exit("the test has gone")


class Log:
    """What callbacks were told, in order."""

    def __init__(self):
        self._queue = queue.Queue()

    def __call__(self, *told):
        self._queue.put(list(told))

    def take(self, count=1):
        """Waits for so many."""
        return [self._queue.get(timeout=20) for _ in range(count)]

    def rest(self):
        """Those that have come and were not taken."""
        return [self._queue.get() for _ in range(self._queue.qsize())]
