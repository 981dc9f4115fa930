// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The buses of the rig, with a chip on each. build-kernel.sh compiles this file into the kernel.
 *
 * I2C: bus 1 runs the lists of messages that the BCM2835's driver runs; bus 0 runs all, and has addresses of 10 bits.
 * The chip at 0x50, and at 0x250 on bus 0, has 256 registers: the first byte written selects one, until the stop. The
 * others only fail: 0x51 takes no byte, 0x52 holds the clock, and at 0x53 another controller wins.
 *
 * SPI: bus 0 has all modes, bus 1 only the clock's. The chip on each select answers a byte with the sum of that byte
 * and the number of bytes since it was selected, counted from 1.
 */
#include <linux/bitrev.h>
#include <linux/i2c.h>
#include <linux/init.h>
#include <linux/platform_device.h>
#include <linux/spi/spi.h>

static u8 registers[2][256];

static int rig_i2c_xfer(struct i2c_adapter *bus, struct i2c_msg *msgs, int count)
{
	u8 at = 0;
	int i, j;

	for (i = 0; bus->nr == 1 && i < count - 1; i++)
		if (msgs[i].flags & I2C_M_RD)
			return -EOPNOTSUPP;
	for (i = 0; i < count; i++) {
		struct i2c_msg *msg = &msgs[i];

		switch (msg->addr) {
		case 0x250:
		case 0x50:
			break;
		case 0x51:
			return -EIO;
		case 0x52:
			return -ETIMEDOUT;
		case 0x53:
			return -EAGAIN;
		default:
			return -EREMOTEIO;
		}
		if (!(msg->flags & I2C_M_TEN) != (msg->addr < 0x80))
			return -EREMOTEIO;
		for (j = 0; j < msg->len; j++) {
			if (msg->flags & I2C_M_RD)
				msg->buf[j] = registers[bus->nr][at++];
			else if (j == 0)
				at = msg->buf[0];
			else
				registers[bus->nr][at++] = msg->buf[j];
		}
	}
	return count;
}

static u32 rig_i2c_functions(struct i2c_adapter *bus)
{
	return I2C_FUNC_I2C | (bus->nr == 0 ? I2C_FUNC_10BIT_ADDR : 0);
}

static const struct i2c_algorithm rig_i2c = {
	.xfer = rig_i2c_xfer,
	.functionality = rig_i2c_functions,
};

static struct i2c_adapter rig_i2c_buses[2] = {
	{ .owner = THIS_MODULE, .name = "rig-i2c", .algo = &rig_i2c, .nr = 0 },
	{ .owner = THIS_MODULE, .name = "rig-i2c", .algo = &rig_i2c, .nr = 1 },
};

static int rig_spi_message(struct spi_controller *bus, struct spi_message *message)
{
	bool lsb_first = message->spi->mode & SPI_LSB_FIRST;
	struct spi_transfer *step;
	u8 place = 0;
	int i;

	list_for_each_entry(step, &message->transfers, transfer_list) {
		for (i = 0; i < step->len; i++) {
			u8 byte = step->tx_buf ? ((const u8 *)step->tx_buf)[i] : 0;

			byte = (lsb_first ? bitrev8(byte) : byte) + ++place;
			if (step->rx_buf)
				((u8 *)step->rx_buf)[i] = lsb_first ? bitrev8(byte) : byte;
		}
		message->actual_length += step->len;
		spi_transfer_delay_exec(step);
	}
	message->status = 0;
	spi_finalize_current_message(bus);
	return 0;
}

static int __init rig_spi(struct device *parent, int number, u32 modes)
{
	struct spi_controller *bus = spi_alloc_host(parent, 0);
	int select, error;

	if (!bus)
		return -ENOMEM;
	bus->bus_num = number;
	bus->num_chipselect = 2;
	bus->mode_bits = SPI_CPOL | SPI_CPHA | modes;
	bus->transfer_one_message = rig_spi_message;
	error = spi_register_controller(bus);
	for (select = 0; !error && select < bus->num_chipselect; select++) {
		/* A name that spidev takes. */
		struct spi_board_info chip = { .modalias = "spi-petra", .chip_select = select };

		if (!spi_new_device(bus, &chip))
			error = -ENODEV;
	}
	return error;
}

static int __init rig_buses(void)
{
	struct platform_device *rig = platform_device_register_simple("rig-buses", -1, NULL, 0);
	int i, error = PTR_ERR_OR_ZERO(rig);

	for (i = 0; !error && i < 2; i++) {
		rig_i2c_buses[i].dev.parent = &rig->dev;
		error = i2c_add_numbered_adapter(&rig_i2c_buses[i]);
	}
	if (!error)
		error = rig_spi(&rig->dev, 0, SPI_CS_HIGH | SPI_LSB_FIRST | SPI_NO_CS);
	if (!error)
		error = rig_spi(&rig->dev, 1, 0);
	return error;
}
late_initcall(rig_buses);
