"""SPI with pigpio, on the board's bus and on any pins. Errors are returned."""

import pigpio
from steps import step

pigpio.exceptions = False
pi = pigpio.pi()


def listed(answer):
    """A count and bytes, as JSON can say it."""
    count, data = answer
    return [count, list(data)]


handle = pi.spi_open(0, 100000, 0)
step("open", [handle, pi.get_mode(11), pi.get_mode(8)])
step("transferred", listed(pi.spi_xfer(handle, b"\x01\x80\x00")))
step("read", listed(pi.spi_read(handle, 2)))
step("written", pi.spi_write(handle, [5, 6, 7]))
second = pi.spi_open(1, 100000, 0)
step("two devices", [second, listed(pi.spi_xfer(second, b"\xaa")), listed(pi.spi_xfer(handle, b"\x55"))])
step("closed", [pi.spi_close(second), pi.spi_close(handle), pi.spi_close(handle)])
step("closed handle", [pi.spi_xfer(handle, b"1")[0], pi.spi_read(handle, 1)[0], pi.spi_write(handle, b"1")])
step("mistakes", [pi.spi_open(2, 100000), pi.spi_open(0, 31999), pi.spi_open(0, 100000, 1 << 22)])

# On any pins: select 24, data in 25, data out 26, clock 27.
step("bit-bang open", pi.bb_spi_open(24, 25, 26, 27, 50000, 0))
step("bit-bang again", pi.bb_spi_open(24, 25, 26, 27, 50000, 0))
step("bit-bang transferred", listed(pi.bb_spi_xfer(24, [1, 2, 3])))
step("bit-bang closed", [pi.bb_spi_close(24), pi.bb_spi_close(24), pi.bb_spi_xfer(24, [1])[0]])
step("bit-bang mistakes", [pi.bb_spi_open(24, 25, 26, 27, 49), pi.bb_spi_open(99, 25, 26, 27), pi.bb_spi_open(24, 25, 25, 27)])
pi.stop()
