"""Changes all pins all the time, and tells when one of them changed."""

import json
import threading
import time

import pigpio

busy = pigpio.pi()
exact = pigpio.pi()
for line in range(2, 28):
    busy.write(line, 0)

count = 0
running = True


def work():
    global count
    level = 0
    while running:
        level ^= 1
        for line in range(2, 28):
            if line != 17:
                busy.write(line, level)
                count += 1
        time.sleep(0.01)


thread = threading.Thread(target=work)
begin = time.time()
thread.start()
changes = []
for number in range(60):
    # Not in step with the frames.
    time.sleep(0.05 + number % 7 * 0.003)
    changes.append((time.time(), number % 2 == 0))
    exact.write(17, int(number % 2 == 0))
time.sleep(0.3)
running = False
thread.join()
print(json.dumps(changes))
print(int(count / (time.time() - begin)), "writes a second")
time.sleep(60)
