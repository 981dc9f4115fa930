"""Software PWM by lgpio: when it has written, as JSON. Its chip is the one of `lgpio.c`, which is preloaded."""

import ctypes
import json
import os
import sys
import tempfile
import time

# It makes a pipe in this directory, and has opened it when it is imported.
with tempfile.TemporaryDirectory() as directory:
    os.environ["LG_WD"] = directory
    import lgpio

channels, rate = int(sys.argv[1]), int(sys.argv[2])
duty, warm_up, watched = map(float, sys.argv[3:])


class Writes(ctypes.Structure):
    _fields_ = [("count", ctypes.c_long), ("at", ctypes.c_uint64 * 32768)]


handle = lgpio.gpiochip_open(0)
for line in range(channels):
    lgpio.tx_pwm(handle, line, rate, duty * 100)
time.sleep(warm_up)
used, began = time.process_time(), time.monotonic_ns()
time.sleep(watched)
used, ended = time.process_time() - used, time.monotonic_ns()
lines = (Writes * channels).in_dll(ctypes.CDLL(None), "writes")
json.dump(
    {
        "writes": [[(at >> 1, bool(at & 1)) for at in line.at[: line.count]] for line in lines],
        "began": began,
        "ended": ended,
        "used": used,
        "threads": len(os.listdir("/proc/self/task")) - 1,
    },
    sys.stdout,
)
sys.stdout.flush()
# lgpio goes on writing until the end.
os._exit(0)
