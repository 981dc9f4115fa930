"""Scripts with pigpio: programs that run in the daemon. Errors are returned."""

import time

import pigpio
from steps import step

pigpio.exceptions = False
pi = pigpio.pi()


def ended(script):
    """Waits until a script does nothing any more, and returns its state and parameters."""
    while True:
        state, parameters = pi.script_status(script)
        if state in (pigpio.PI_SCRIPT_HALTED, pigpio.PI_SCRIPT_FAILED):
            return [state, list(parameters)]
        time.sleep(0.005)


# It blinks as often as its first parameter says, and counts in the second.
blink = pi.store_script("tag 1 w 17 1 mils 2 w 17 0 mils 2 inr p1 dcr p0 jnz 1")
step("stored", blink)
step("stored state", ended(blink))
step("running", pi.run_script(blink, [3, 40]))
step("ended", ended(blink))

# It waits for an edge, and says so by an event.
log = []
event = pi.event_callback(7, lambda number, tick: log.append(number))
wait = pi.store_script("wait 16 evt 7")
step("waits", [pi.run_script(wait), pi.script_status(wait)[0]])
while pi.script_status(wait)[0] != pigpio.PI_SCRIPT_WAITING:
    time.sleep(0.005)
step("waiting")
step("went on", ended(wait)[0])
while not log:
    time.sleep(0.005)
step("event", log)

# It runs for ever, until its parameter is changed or it is stopped.
ever = pi.store_script("tag 0 mils 1 lda p0 or 0 jz 0 halt")
pi.run_script(ever, [0])
step("for ever", pi.script_status(ever)[0])
step("updated", pi.update_script(ever, [1]))
step("let go", ended(ever)[0])
pi.run_script(ever, [0])
step("stopped", [pi.stop_script(ever), ended(ever)[0]])

step("deleted", [pi.delete_script(ever), pi.run_script(ever), pi.delete_script(ever), pi.stop_script(ever)])
step("mistakes", [
    pi.store_script("nonsense 1"),
    pi.store_script("jmp 4"),
    pi.store_script("tag 1 tag 1"),
    pi.script_status(99)[0],
    pi.update_script(99),
    pi.run_script(blink, list(range(11))),
])
pi.stop()
