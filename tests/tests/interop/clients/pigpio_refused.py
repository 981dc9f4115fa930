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


step("I2C", codes(pi.i2c_open(1, 0x48), pi.i2c_open(1, 0x80), pi.i2c_open(1, 0x48, 1), pi.i2c_close(0)))
step("I2C, bytes and words", codes(
    pi.i2c_write_quick(0, 1),
    pi.i2c_write_byte(0, 1),
    pi.i2c_read_byte(0),
    pi.i2c_write_byte_data(0, 1, 2),
    pi.i2c_write_word_data(0, 1, 2),
    pi.i2c_read_byte_data(0, 1),
    pi.i2c_read_word_data(0, 1),
    pi.i2c_process_call(0, 1, 2),
))
step("I2C, blocks", codes(
    pi.i2c_write_block_data(0, 1, b"ab"),
    pi.i2c_read_block_data(0, 1),
    pi.i2c_block_process_call(0, 1, b"ab"),
    pi.i2c_write_i2c_block_data(0, 1, b"ab"),
    pi.i2c_read_i2c_block_data(0, 1, 2),
    pi.i2c_read_device(0, 2),
    pi.i2c_write_device(0, b"ab"),
    pi.i2c_zip(0, [4, 0x48, 0]),
))
step("I2C on any pins", codes(
    pi.bb_i2c_open(2, 3, 50000),
    pi.bb_i2c_open(2, 2, 50000),
    pi.bb_i2c_open(2, 3, 49),
    pi.bb_i2c_zip(2, [4, 0x48, 2, 3, 0]),
    pi.bb_i2c_close(2),
))
step("I2C and SPI slave", codes(pi.bsc_xfer(0x305, b"ab"), pi.bsc_i2c(0x13, b"ab")))
step("serial ports", codes(
    pi.serial_open("/dev/ttyAMA9", 9600),
    pi.serial_open("/etc/passwd", 9600),
    pi.serial_close(0),
    pi.serial_read_byte(0),
    pi.serial_write_byte(0, 1),
    pi.serial_read(0, 10),
    pi.serial_write(0, b"ab"),
    pi.serial_data_available(0),
))
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
