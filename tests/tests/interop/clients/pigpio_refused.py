"""What pinzero does not offer, with pigpio: each call is answered with the error that says so."""

import pigpio
from steps import step

pigpio.exceptions = False
pi = pigpio.pi()


def code(answer):
    """The error, whether or not it comes with bytes."""
    return answer[0] if isinstance(answer, tuple) else answer


def codes(*answers):
    return [code(answer) for answer in answers]


step("I2C and SPI slave", codes(pi.bsc_xfer(0x305, b"ab"), pi.bsc_i2c(0x13, b"ab")))
step("serial input on any pin", codes(
    pi.bb_serial_read_open(27, 9600),
    pi.bb_serial_read(27),
    pi.bb_serial_invert(27, 1),
    pi.bb_serial_read_close(27),
))
step("files", codes(
    pi.file_open("/etc/passwd", pigpio.FILE_READ),
    pi.file_open("/tmp/pinzero", pigpio.FILE_WRITE | pigpio.FILE_CREATE),
    pi.file_list("/etc/*"),
    pi.file_close(0),
    pi.file_read(0, 10),
    pi.file_write(0, b"ab"),
    pi.file_seek(0, 0, pigpio.FROM_START),
))
step("programs", codes(pi.shell("true"), pi.shell("x", "; touch /tmp/pinzero"), pi.custom_1(1, 2, b"x"), pi.custom_2(1, b"x", 8)))
step("clocks and pads", codes(pi.hardware_clock(4, 1000000), pi.get_pad_strength(0), pi.set_pad_strength(0, 8)))
step("alternate functions", [pi.set_mode(4, pigpio.ALT0), pi.get_mode(4)])
# It still answers.
step("afterwards", [pi.connected, pi.get_pigpio_version()])
pi.stop()
