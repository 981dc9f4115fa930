"""A parking sensor: the nearer the wall, the longer the bar. Below 20 cm the buzzer sounds."""

from time import sleep

from gpiozero import LED, Buzzer, DistanceSensor

wall = DistanceSensor(echo=24, trigger=23, max_distance=2, queue_len=3)
bar = [LED(5), LED(6), LED(13)]
beep = Buzzer(17)
while True:
    distance = wall.distance
    for led, reach in zip(bar, [1, 0.5, 0.2]):
        led.value = distance < reach
    beep.value = distance < 0.2
    sleep(0.1)
