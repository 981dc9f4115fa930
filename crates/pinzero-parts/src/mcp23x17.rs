//! The MCP23017 and the MCP23S17, which have 16 pins each, from Microchip's data sheet DS20001952.

use pinzero_core::Level;
use pinzero_core::mock::{I2cChip, SpiChip};

/// The registers in the order of their addresses in bank 1, where each port has a block of 16 addresses.
mod register {
    pub(super) const IODIR: usize = 0x00;
    pub(super) const IPOL: usize = 0x01;
    pub(super) const GPINTEN: usize = 0x02;
    pub(super) const DEFVAL: usize = 0x03;
    pub(super) const INTCON: usize = 0x04;
    pub(super) const IOCON: usize = 0x05;
    pub(super) const GPPU: usize = 0x06;
    pub(super) const INTF: usize = 0x07;
    pub(super) const INTCAP: usize = 0x08;
    pub(super) const GPIO: usize = 0x09;
    pub(super) const OLAT: usize = 0x0a;
    /// The number of registers of a port.
    pub(super) const COUNT: usize = 0x0b;
}

use register::{COUNT, DEFVAL, GPINTEN, GPIO, GPPU, INTCAP, INTCON, INTF, IOCON, IODIR, IPOL, OLAT};

/// The bits of IOCON.
const BANK: u8 = 0x80;
const MIRROR: u8 = 0x40;
const NO_SEQUENCE: u8 = 0x20;
const HARDWARE_ADDRESS: u8 = 0x08;
const INTERRUPT_HIGH: u8 = 0x02;

/// Eight pins of the chip.
#[derive(Debug, Clone)]
struct Port {
    registers: [u8; COUNT],
    /// The pins that something outside drives, and their levels.
    driven: u8,
    outside: u8,
    /// The levels to which an interrupt on change compares.
    previous: u8,
}

impl Port {
    fn new() -> Self {
        let mut registers = [0; COUNT];
        registers[IODIR] = 0xff;
        Port { registers, driven: 0, outside: 0, previous: 0 }
    }

    /// Returns the levels of the pins. An input that nothing drives is low without its pull-up.
    fn levels(&self) -> u8 {
        let inputs = self.outside & self.driven | self.registers[GPPU] & !self.driven;
        let direction = self.registers[IODIR];
        inputs & direction | self.registers[OLAT] & !direction
    }

    /// Returns the value of the register GPIO.
    fn value(&self) -> u8 {
        self.levels() ^ self.registers[IPOL]
    }

    /// Notes the pins that interrupt. The first interrupt holds INTF and INTCAP until one of INTCAP and GPIO is read.
    fn check(&mut self) {
        let levels = self.levels();
        let compares = self.registers[INTCON];
        let differs = (levels ^ self.registers[DEFVAL]) & compares | (levels ^ self.previous) & !compares;
        let interrupts = differs & self.registers[GPINTEN] & self.registers[IODIR];
        if interrupts != 0 && self.registers[INTF] == 0 {
            self.registers[INTF] = interrupts;
            self.registers[INTCAP] = self.value();
        }
        if self.registers[INTF] == 0 {
            self.previous = levels;
        }
    }

    fn read(&mut self, register: usize) -> u8 {
        let value = if register == GPIO { self.value() } else { self.registers[register] };
        if matches!(register, GPIO | INTCAP) {
            (self.registers[INTF], self.previous) = (0, self.levels());
            // A pin that still differs from DEFVAL interrupts again.
            self.check();
        }
        value
    }

    fn write(&mut self, register: usize, value: u8) {
        match register {
            INTF | INTCAP => {}
            GPIO => self.registers[OLAT] = value,
            _ => self.registers[register] = value,
        }
        if register == GPINTEN {
            self.previous = self.levels();
        }
        self.check();
    }
}

/// The registers and pins that the MCP23017 and the MCP23S17 have in common. Pins 0 to 7 are port A, 8 to 15 port B.
///
/// The interrupt pin on the mock's line is INTA, as open drain.
#[derive(Debug, Clone)]
pub struct Mcp23x17 {
    ports: [Port; 2],
    /// The register that is next, as its address.
    at: u8,
}

impl Default for Mcp23x17 {
    fn default() -> Self {
        Mcp23x17 { ports: [Port::new(), Port::new()], at: 0 }
    }
}

impl Mcp23x17 {
    /// Drives a pin from outside, or lets go of it.
    ///
    /// # Panics
    /// If the chip has no such pin.
    pub fn drive(&mut self, pin: usize, level: Option<Level>) {
        let (port, bit) = (&mut self.ports[pin / 8], 1 << (pin % 8));
        port.driven = if level.is_some() { port.driven | bit } else { port.driven & !bit };
        port.outside = if level == Some(Level::High) { port.outside | bit } else { port.outside & !bit };
        port.check();
    }

    /// Returns the level of a pin.
    ///
    /// # Panics
    /// If the chip has no such pin.
    pub fn level(&self, pin: usize) -> Level {
        if self.ports[pin / 8].levels() >> (pin % 8) & 1 == 1 { Level::High } else { Level::Low }
    }

    /// Returns whether a pin is an output.
    ///
    /// # Panics
    /// If the chip has no such pin.
    pub fn is_output(&self, pin: usize) -> bool {
        self.ports[pin / 8].registers[IODIR] >> (pin % 8) & 1 == 0
    }

    /// Returns whether the pull-up of a pin is on.
    ///
    /// # Panics
    /// If the chip has no such pin.
    pub fn has_pull_up(&self, pin: usize) -> bool {
        self.ports[pin / 8].registers[GPPU] >> (pin % 8) & 1 == 1
    }

    /// Returns whether the chip pulls INTA low.
    fn interrupts(&self) -> bool {
        let [a, b] = [0, 1].map(|port: usize| self.ports[port].registers[INTF] != 0);
        let is_active = a || b && self.control(MIRROR);
        is_active != self.control(INTERRUPT_HIGH)
    }

    fn control(&self, bit: u8) -> bool {
        self.ports[0].registers[IOCON] & bit != 0
    }

    /// Returns the port and register at an address; `None` if there is no register.
    fn find(&self, address: u8) -> Option<(usize, usize)> {
        let address = usize::from(address);
        let (port, register) =
            if self.control(BANK) { (address >> 4, address & 0x0f) } else { (address & 1, address >> 1) };
        (port < 2 && register < COUNT).then_some((port, register))
    }

    /// Goes on to the next register, or to the same one of the other port.
    fn advance(&mut self) {
        let is_banked = self.control(BANK);
        self.at = match (self.control(NO_SEQUENCE), is_banked) {
            (true, true) => self.at,
            (true, false) => self.at ^ 1,
            (false, _) => {
                let next = self.at.wrapping_add(1);
                let end = if is_banked { 0x1b } else { 0x16 };
                if next >= end { 0 } else { next }
            }
        };
    }

    fn select(&mut self, address: u8) {
        self.at = address;
    }

    fn read(&mut self) -> u8 {
        let value = self.find(self.at).map_or(0, |(port, register)| self.ports[port].read(register));
        self.advance();
        value
    }

    fn write(&mut self, value: u8) {
        let found = self.find(self.at);
        self.advance();
        match found {
            // There is one IOCON, at two addresses.
            Some((_, IOCON)) => {
                self.ports.iter_mut().for_each(|port| port.write(IOCON, value));
            }
            Some((port, register)) => self.ports[port].write(register, value),
            None => {}
        }
    }
}

/// The MCP23017, on I2C at 0x20 to 0x27.
#[derive(Debug, Clone, Default)]
pub struct Mcp23017 {
    /// The registers and pins.
    pub pins: Mcp23x17,
    is_selected: bool,
}

impl Mcp23017 {
    /// Returns a chip after its reset: 16 inputs.
    pub fn new() -> Self {
        Mcp23017::default()
    }
}

impl I2cChip for Mcp23017 {
    fn start(&mut self, _: bool) -> bool {
        self.is_selected = false;
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        if self.is_selected {
            self.pins.write(byte);
        } else {
            self.pins.select(byte);
            self.is_selected = true;
        }
        true
    }

    fn read(&mut self) -> u8 {
        self.pins.read()
    }

    fn interrupts(&self) -> bool {
        self.pins.interrupts()
    }
}

/// The MCP23S17, on SPI. Each message begins with `0100AAAR`: the chip's own address and the direction.
#[derive(Debug, Clone, Default)]
pub struct Mcp23s17 {
    /// The registers and pins.
    pub pins: Mcp23x17,
    address: u8,
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Opcode,
    /// Waits for the register.
    Register {
        is_read: bool,
    },
    Write,
    Read,
    /// The message is for another chip.
    Ignore,
}

impl Mcp23s17 {
    /// Returns a chip after its reset: 16 inputs. Its address pins A2 to A0 are at `address`.
    pub fn new(address: u8) -> Self {
        Mcp23s17 { address: address & 0b111, ..Mcp23s17::default() }
    }
}

impl SpiChip for Mcp23s17 {
    fn select(&mut self) -> u8 {
        self.state = State::Opcode;
        0
    }

    fn exchange(&mut self, received: u8) -> u8 {
        match self.state {
            State::Opcode => {
                let own = if self.pins.control(HARDWARE_ADDRESS) { self.address } else { 0 };
                let is_own = received >> 1 == 0b010_0000 | own;
                self.state =
                    if is_own { State::Register { is_read: received & 1 == 1 } } else { State::Ignore };
                0
            }
            State::Register { is_read } => {
                self.pins.select(received);
                self.state = if is_read { State::Read } else { State::Write };
                if is_read { self.pins.read() } else { 0 }
            }
            State::Write => {
                self.pins.write(received);
                0
            }
            State::Read => self.pins.read(),
            State::Ignore => 0,
        }
    }

    fn interrupts(&self) -> bool {
        self.pins.interrupts()
    }
}
