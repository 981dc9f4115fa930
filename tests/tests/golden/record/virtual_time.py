"""Time that a program moves: stand-ins for `time` and `threading`, so that threads take turns and stamps are exact.

One thread runs at a time. A thread gives up its turn only when it sleeps, waits or ends; the clock moves only when no
thread can run. Of several threads that are due at one time, those that play the circuit outside the pins come first,
then the device's own, and then the script.
"""

import heapq
import itertools
import threading
import time
from collections import deque
from contextlib import contextmanager

OUTSIDE, DEVICE, SCRIPT = range(3)
RealThread, RealSemaphore = threading.Thread, threading.Semaphore


class Task:
    def __init__(self, priority):
        self.priority = priority
        self.turn = RealSemaphore(0)
        self.wait = 0  # Counts waits, so that the clock can tell an old deadline.
        self.woken = False


class Clock:
    """The time in nanoseconds, and who waits for what."""

    def __init__(self):
        self.now = 0
        self.current = Task(SCRIPT)
        self.ready = deque()
        self.deadlines = []
        self.count = itertools.count()
        self.on_error = None

    def pause(self, deadline=None, waiters=None):
        """Ends the turn until the deadline, or until a waker takes the task from `waiters`; returns whether that was so."""
        task = self.current
        task.wait += 1
        task.woken = False
        if waiters is not None:
            waiters.append(task)
        if deadline is not None:
            entry = (deadline, task.priority, next(self.count), task, task.wait)
            heapq.heappush(self.deadlines, entry)
        self.pass_on(task)
        if waiters is not None and not task.woken:
            waiters.remove(task)
        return task.woken

    def wake(self, waiters):
        while waiters:
            task = waiters.pop(0)
            task.woken = True
            task.wait += 1
            self.ready.append(task)

    def pass_on(self, task=None):
        """Gives the turn to the next task, and returns at the next turn of `task`."""
        following = self.following()
        self.current = following
        if following is not task:
            following.turn.release()
            if task is not None:
                task.turn.acquire()

    def following(self):
        if self.ready:
            return self.ready.popleft()
        while self.deadlines:
            deadline, _, _, task, wait = heapq.heappop(self.deadlines)
            if task.wait == wait:
                self.now = max(self.now, deadline)
                return task
        raise RuntimeError("every thread waits for ever")

    def after(self, seconds):
        return self.now + max(0, round(seconds * 1e9))

    def start(self, body, priority, delay=0.0):
        """Runs `body` in a thread of its own; at once, before the caller goes on, if there is no delay."""
        task = Task(priority)

        def run():
            task.turn.acquire()
            try:
                body()
            except BaseException as error:
                self.on_error(error)
            self.pass_on()

        RealThread(target=run, daemon=True).start()
        if delay:
            heapq.heappush(self.deadlines, (self.after(delay), priority, next(self.count), task, task.wait))
        else:
            me, self.current = self.current, task
            self.ready.appendleft(me)
            task.turn.release()
            me.turn.acquire()


clock = Clock()


def reset():
    """Starts again at time zero."""
    global clock
    clock = Clock()
    return clock


def sleep(seconds):
    clock.pause(clock.after(seconds))


def monotonic():
    return clock.now / 1e9


class Event:
    def __init__(self):
        self.flag = False
        self.waiters = []

    def is_set(self):
        return self.flag

    def set(self):
        self.flag = True
        clock.wake(self.waiters)

    def clear(self):
        self.flag = False

    def wait(self, timeout=None):
        if self.flag or timeout == 0:
            return self.flag
        woken = clock.pause(None if timeout is None else clock.after(timeout), self.waiters)
        # Woken once, a wait has seen the event, even if another thread has cleared the flag since.
        return woken or self.flag


class Lock:
    reentrant = False

    def __init__(self):
        self.owner = None
        self.depth = 0
        self.waiters = []

    def acquire(self, blocking=True, timeout=-1):
        while self.owner is not None and not (self.reentrant and self.owner is clock.current):
            clock.pause(None, self.waiters)
        self.owner = clock.current
        self.depth += 1
        return True

    def release(self):
        self.depth -= 1
        if self.depth == 0:
            self.owner = None
            clock.wake(self.waiters)

    __enter__ = acquire

    def __exit__(self, *_):
        self.release()


class RLock(Lock):
    reentrant = True


class Thread:
    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        self.target, self.args, self.kwargs = target, args, kwargs or {}
        self.name, self.daemon = name, daemon
        self.task = None
        self.alive = False
        self.joiners = []

    def run(self):
        self.target(*self.args, **self.kwargs)

    def start(self):
        self.alive = True

        def body():
            self.task = clock.current
            try:
                self.run()
            finally:
                self.alive = False
                clock.wake(self.joiners)

        clock.start(body, DEVICE)

    def is_alive(self):
        return self.alive

    def join(self, timeout=None):
        if self.task in (None, clock.current):
            raise RuntimeError("cannot join current thread")
        if self.alive:
            clock.pause(None if timeout is None else clock.after(timeout), self.joiners)


@contextmanager
def for_imports():
    """Lets modules that are imported in this block have this module's time and threads."""
    ours = {
        (threading, "Thread"): Thread,
        (threading, "Event"): Event,
        (threading, "Lock"): Lock,
        (threading, "RLock"): RLock,
        (time, "sleep"): sleep,
        (time, "monotonic"): monotonic,
        (time, "perf_counter"): monotonic,
    }
    theirs = {place: getattr(*place) for place in ours}
    try:
        for (module, name), value in ours.items():
            setattr(module, name, value)
        yield
    finally:
        for (module, name), value in theirs.items():
            setattr(module, name, value)
