"""A keypad lock: the code opens the bolt for three seconds, and the display says what the lock does."""

from time import sleep

import pigpio
from gpiozero import LED, OutputDevice

CODE = "2580"
ROWS = {5: "123", 6: "456", 13: "789", 19: "*0#"}
COLUMNS = [16, 20, 21]
TEXT, ENABLE, LIGHT = 1, 4, 8

bolt = OutputDevice(17)
open_led = LED(27)
pi = pigpio.pi()
display = pi.i2c_open(1, 0x27)
for pin in [*ROWS, *COLUMNS]:
    pi.set_mode(pin, pigpio.INPUT)
    pi.set_pull_up_down(pin, pigpio.PUD_UP)


def send(byte, kind=0):
    """Sends a byte to the display, in two halves."""
    halves = [half | kind | LIGHT for half in (byte & 0xF0, byte << 4 & 0xF0)]
    pi.i2c_write_device(display, [bits for half in halves for bits in (half | ENABLE, half)])


def show(text):
    """Shows a text in the first line."""
    send(0x80)
    for letter in text.ljust(16):
        send(ord(letter), TEXT)


def pressed_key():
    """Returns a key that is down. Only the row in question is driven."""
    found = None
    for row, keys in ROWS.items():
        pi.write(row, 0)
        for column, key in zip(COLUMNS, keys):
            if pi.read(column) == 0:
                found = key
        pi.set_mode(row, pigpio.INPUT)
    return found


def next_key():
    """Waits until a key is pressed and released again."""
    while not (key := pressed_key()):
        sleep(0.02)
    while pressed_key():
        sleep(0.02)
    return key


# Halves of bytes, two lines, no cursor, and an empty display, which takes a moment.
for command in (0x33, 0x32, 0x28, 0x0C, 0x01):
    send(command)
    sleep(0.005)
while True:
    show("Code?")
    typed = ""
    while len(typed) < len(CODE):
        typed += next_key()
        show("*" * len(typed))
    if typed == CODE:
        show("Open")
        bolt.on()
        open_led.on()
        sleep(3)
        bolt.off()
        open_led.off()
    else:
        show("Wrong code")
        sleep(1)
