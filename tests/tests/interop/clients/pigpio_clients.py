"""Events, notification handles, and several clients at the same time, with pigpio."""

import threading

import pigpio
from steps import Log, step

pigpio.exceptions = False
one, other = pigpio.pi(), pigpio.pi()

# Events are between clients.
log, tally = Log(), other.event_callback(3)
event = other.event_callback(3, log)
step("triggered", one.event_trigger(3))
step("event", [log.take(), tally.tally()])
tally.reset_tally()
event.cancel()
last = Log()
other.event_callback(4, last)
one.event_trigger(3)
one.event_trigger(4)
step("cancelled event", [last.take()[0][0], log.rest(), tally.tally()])
tally.cancel()
step("no event", other.wait_for_event(5, 0.1))
is_over = threading.Event()


def trigger():
    while not is_over.wait(0.01):
        one.event_trigger(5)


thread = threading.Thread(target=trigger)
thread.start()
came = other.wait_for_event(5, 20)
is_over.set()
thread.join()
step("came", came)
step("event mistakes", one.event_trigger(32))

# Both hear the same of a pin that one of them drives.
logs = [Log(), Log()]
for pi, log in zip((one, other), logs):
    pi.callback(17, pigpio.EITHER_EDGE, log)
one.set_mode(17, pigpio.OUTPUT)
other.write(17, 1)
step("both hear", [log.take() for log in logs])

# Handles are everybody's: one pauses the other, and lets it go on.
handle = other._notify.handle
step("paused", one.notify_pause(handle))
step("while paused", [one.write(17, 0), logs[0].take()[0][1], logs[1].rest()])
step("resumed", one.notify_begin(handle, 1 << 17))
one.write(17, 1)
step("what was missed, and what is new", [level for _, level, _ in logs[1].take(2)])
step("closed", [one.notify_close(handle), one.notify_close(handle)])
step("handle mistakes", [one.notify_begin(999, 1), one.notify_pause(999), one.notify_close(999)])
# Its reports would go to a file on the daemon's computer.
step("no files", one.notify_open())

# One goes, the other stays, and so do the pins.
one.write(17, 0)
other.stop()
logs[0].rest()
step("alone", [other.connected, one.read(17), one.write(17, 1), one.read(17)])

# Many come and go.
for _ in range(40):
    pi = pigpio.pi()
    assert pi.connected
    pi.callback(4)
    pi.stop()
many = [pigpio.pi() for _ in range(40)]
step("many", [all(pi.connected for pi in many), len({pi._notify.handle for pi in many})])
for pi in many:
    pi.stop()
