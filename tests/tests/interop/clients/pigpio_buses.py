"""I2C and serial ports with pigpio. Errors are returned."""

import pigpio
from steps import step

pigpio.exceptions = False
pi = pigpio.pi()


def listed(answer):
    """A count and bytes, as JSON can say it."""
    count, data = answer
    return [count, list(data)]


def code(answer):
    """The error, whether or not it comes with bytes."""
    return answer[0] if isinstance(answer, tuple) else answer


handle = pi.i2c_open(1, 0x48)
step("open", [handle, pi.i2c_open(1, 0x80), pi.i2c_open(1, 0x48, 1), pi.i2c_open(7, 0x48), pi.get_mode(2)])
step("bytes and words", [
    pi.i2c_write_quick(handle, 1),
    pi.i2c_write_byte_data(handle, 0x10, 0xab),
    pi.i2c_read_byte_data(handle, 0x10),
    pi.i2c_write_word_data(handle, 0x11, 0x1234),
    pi.i2c_read_word_data(handle, 0x11),
    pi.i2c_write_byte(handle, 0x10),
    pi.i2c_read_byte(handle),
    # The answer is in the registers behind the call.
    pi.i2c_process_call(handle, 0x0e, 0),
])
step("blocks", [
    pi.i2c_write_block_data(handle, 0x20, b"wxyz"),
    listed(pi.i2c_read_block_data(handle, 0x20)),
    pi.i2c_write_i2c_block_data(handle, 0x30, [1, 2, 3]),
    listed(pi.i2c_read_i2c_block_data(handle, 0x30, 3)),
    pi.i2c_write_device(handle, [0x40, 7, 8]),
    pi.i2c_write_byte(handle, 0x40),
    listed(pi.i2c_read_device(handle, 2)),
    listed(pi.i2c_block_process_call(handle, 0x1e, b"a")),
])
step("list", listed(pi.i2c_zip(handle, [4, 0x48, 7, 1, 0x30, 6, 3, 4, 0x20, 7, 1, 0, 6, 1, 0])))
absent = pi.i2c_open(1, 0x21)
step("nobody", [absent, pi.i2c_read_byte(absent), pi.i2c_write_byte(absent, 1), code(pi.i2c_zip(absent, [6, 1, 0]))])
step("closed", [pi.i2c_close(absent), pi.i2c_close(handle), pi.i2c_close(handle), code(pi.i2c_read_device(handle, 2))])

# On any pins: data 5, clock 6.
step("any pins", [pi.bb_i2c_open(5, 6, 50000), pi.bb_i2c_open(5, 6, 50000), pi.bb_i2c_open(7, 7), pi.bb_i2c_open(7, 8, 49)])
step("any pins, list", [
    listed(pi.bb_i2c_zip(5, [4, 0x50, 2, 7, 3, 0x10, 1, 2, 3, 0])),
    listed(pi.bb_i2c_zip(5, [4, 0x50, 2, 7, 1, 0x10, 2, 6, 2, 3, 0])),
    code(pi.bb_i2c_zip(5, [4, 0x51, 2, 7, 1, 0x10, 3, 0])),
])
step("any pins, closed", [pi.bb_i2c_close(5), pi.bb_i2c_close(5)])

port = pi.serial_open("/dev/serial0", 9600)
step("serial open", [port, pi.serial_open("/dev/ttyAMA9", 9600), pi.serial_open("/etc/passwd", 9600)])
step("serial written", [pi.serial_write(port, b"ping"), pi.serial_write_byte(port, 0x21)])
step("serial read", [
    pi.serial_data_available(port),
    pi.serial_read_byte(port),
    listed(pi.serial_read(port, 10)),
    listed(pi.serial_read(port, 10)),
    pi.serial_read_byte(port),
])
step("serial closed", [pi.serial_close(port), pi.serial_close(port), pi.serial_write(port, b"a")])
pi.stop()
