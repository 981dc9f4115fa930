"""Callbacks, filters and watchdogs with pigpio."""

import pigpio
from steps import Log, step

pi = pigpio.pi()

# Edges, with the time that they happened.
log = Log()
callback = pi.callback(4, pigpio.EITHER_EDGE, log)
step("listening")
step("edges", log.take(4))

# One GPIO can have several callbacks, and count for itself. The last of them tells that the others were called.
rises, falls, last = pi.callback(5), pi.callback(5, pigpio.FALLING_EDGE), Log()
pi.callback(5, pigpio.FALLING_EDGE, last)
step("counting")
last.take(3)
step("counted", [rises.tally(), falls.tally()])
rises.reset_tally()
step("count again")
last.take(1)
step("counted again", [rises.tally(), falls.tally()])

# What is cancelled is over; another one goes on.
callback.cancel()
step("cancelled")
last.take(1)
step("after cancelling", log.rest())

# An output of ours that is listened to.
outputs = Log()
pi.set_mode(16, pigpio.OUTPUT)
own = pi.callback(16, pigpio.EITHER_EDGE, outputs)
pi.write(16, 1)
pi.write(16, 0)
step("own edges", outputs.take(2))
own.cancel()

# Waiting for an edge.
step("no edge", pi.wait_for_edge(7, wait_timeout=0.1))
step("wait for edge")
step("an edge", pi.wait_for_edge(7, pigpio.FALLING_EDGE, 20))

# Watchdog: told when nothing happens.
watched = Log()
callback = pi.callback(8, pigpio.EITHER_EDGE, watched)
pi.set_watchdog(8, 30)
told = watched.take(3)
pi.set_watchdog(8, 0)
step("watchdog", told)
watched.rest()
callback.cancel()

# Glitch filter: only what lasts.
steady = Log()
callback = pi.callback(9, pigpio.EITHER_EDGE, steady)
pi.set_glitch_filter(9, 200000)
step("glitches")
step("no glitches", steady.take(1))
pi.set_glitch_filter(9, 0)
callback.cancel()

# Noise filter: what follows a quiet time, and then everything for a while.
noisy = Log()
callback = pi.callback(10, pigpio.EITHER_EDGE, noisy)
pi.set_noise_filter(10, 200000, 0)
step("noise")
step("little noise", noisy.take(2))
pi.set_noise_filter(10, 200000, 1000000)
step("noise for a while")
step("all noise", noisy.take(4))
pi.set_noise_filter(10, 0, 0)
callback.cancel()

pigpio.exceptions = False
step("mistakes", [
    pi.set_watchdog(4, 60001),
    pi.set_glitch_filter(4, 300001),
    pi.set_noise_filter(4, 300001, 0),
    pi.set_noise_filter(4, 0, 1000001),
    pi.set_watchdog(99, 0),
])
pi.stop()
