//! The lists of operations of `I2CZ` and `BI2CZ`.

use pinzero_pigpio::protocol::Code;

use crate::bus::{Message, Transaction};

/// The most messages that pigpiod hands to the kernel at once. After them comes a stop.
const MOST: usize = 42;

/// The bytes that an answer can carry, and one more.
const ROOM: usize = 65_535;

/// A step of a list.
#[derive(Debug, PartialEq, Eq)]
enum Operation<'a> {
    /// 2: combined on, or a start.
    Two,
    /// 3: combined off, or a stop.
    Three,
    Address(u32),
    Read(usize),
    Write(&'a [u8]),
}

/// Takes a list apart, one operation after another.
#[derive(Debug)]
struct Operations<'a> {
    rest: &'a [u8],
    /// The bytes that must be left behind those of a write.
    spare: usize,
}

impl<'a> Operations<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize, code: Code) -> Result<usize, Code> {
        let bytes = self.take(bytes).ok_or(code)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// Returns the next operation; `None` at the end, which a list need not name.
    fn next(&mut self) -> Result<Option<Operation<'a>>, Code> {
        let mut bytes = 1;
        loop {
            let Some([code]) = self.take(1) else { return Ok(None) };
            let operation = match code {
                0 => return Ok(None),
                1 => {
                    bytes = 2;
                    continue;
                }
                2 => Operation::Two,
                3 => Operation::Three,
                4 => Operation::Address(self.number(bytes, Code::BAD_I2C_CMD)? as u32),
                5 => match self.number(2, Code::BAD_I2C_CMD)? {
                    0 => {
                        bytes = 1;
                        continue;
                    }
                    // Addresses of 10 bits, messages without a start, and the like.
                    _ => return Err(Code::BAD_FLAGS),
                },
                6 => Operation::Read(self.number(bytes, Code::BAD_I2C_RLEN)?),
                7 => {
                    let count = self.number(bytes, Code::BAD_I2C_WLEN)?;
                    if count + self.spare > self.rest.len() {
                        return Err(Code::BAD_I2C_WLEN);
                    }
                    Operation::Write(self.take(count).ok_or(Code::BAD_I2C_WLEN)?)
                }
                _ => return Err(Code::BAD_I2C_CMD),
            };
            return Ok(Some(operation));
        }
    }
}

/// The transactions of a list so far.
#[derive(Debug, Default)]
struct Draft {
    done: Vec<Transaction>,
    address: u32,
    messages: Vec<Message>,
    read: usize,
}

impl Draft {
    /// Adds a message to the transaction.
    fn add(&mut self, operation: &Operation<'_>) -> Result<(), Code> {
        let message = match operation {
            Operation::Read(0) => return Err(Code::BAD_I2C_RLEN),
            Operation::Write([]) => return Err(Code::BAD_I2C_WLEN),
            Operation::Read(count) => {
                self.read += count;
                if self.read >= ROOM {
                    return Err(Code::BAD_I2C_RLEN);
                }
                Message::Read(*count)
            }
            Operation::Write(bytes) => Message::Write(bytes.to_vec()),
            _ => return Err(Code::BAD_I2C_CMD),
        };
        self.messages.push(message);
        Ok(())
    }

    /// Ends the transaction with a stop.
    fn stop(&mut self) {
        if !self.messages.is_empty() {
            let (address, messages) = (self.address, std::mem::take(&mut self.messages));
            self.done.push(Transaction { address, messages });
        }
    }

    /// Sets the address from here on. A transaction has one address.
    fn turn_to(&mut self, address: u32) -> Result<(), Code> {
        if address > 0x7f {
            return Err(Code::BAD_I2C_ADDR);
        }
        if address != self.address {
            self.stop();
        }
        self.address = address;
        Ok(())
    }
}

/// Takes apart a list for a controller. As in pigpiod, all messages are combined, with or without the switch.
pub(super) fn for_controller(list: &[u8], address: u32) -> Result<Vec<Transaction>, Code> {
    let mut operations = Operations { rest: list, spare: 1 };
    let mut draft = Draft { address, ..Draft::default() };
    while let Some(operation) = operations.next()? {
        match operation {
            Operation::Two | Operation::Three => draft.stop(),
            Operation::Address(address) => draft.turn_to(address)?,
            message => {
                draft.add(&message)?;
                if draft.messages.len() == MOST {
                    draft.stop();
                }
            }
        }
    }
    draft.stop();
    Ok(draft.done)
}

/// Takes apart a list for lines. Each message needs a start; a missing stop at the end is added.
pub(super) fn for_lines(list: &[u8], address: u32) -> Result<Vec<Transaction>, Code> {
    let mut operations = Operations { rest: list, spare: 0 };
    let mut draft = Draft { address, ..Draft::default() };
    let mut is_started = false;
    while let Some(operation) = operations.next()? {
        match operation {
            Operation::Two => is_started = true,
            Operation::Three => {
                is_started = false;
                draft.stop();
            }
            Operation::Address(address) => draft.turn_to(address)?,
            message => {
                if !std::mem::take(&mut is_started) {
                    return Err(Code::BAD_I2C_CMD);
                }
                draft.add(&message)?;
            }
        }
    }
    draft.stop();
    Ok(draft.done)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn transaction(address: u32, messages: &[Message]) -> Transaction {
        Transaction { address, messages: messages.to_vec() }
    }

    fn write(bytes: &[u8]) -> Message {
        Message::Write(bytes.to_vec())
    }

    #[test]
    fn lists_for_a_controller() {
        use Message::Read;
        // As recorded from pigpio.py.
        let zip = [4, 0x48, 7, 1, 0x10, 6, 2, 0];
        let expected = [transaction(0x48, &[write(&[0x10]), Read(2)])];
        assert_eq!(for_controller(&zip, 1).unwrap(), expected);
        // Two messages with a switch in between, and a third to another address.
        let list = [7, 1, 9, 2, 1, 6, 1, 2, 4, 7, 6, 1, 3];
        let expected =
            [transaction(1, &[write(&[9])]), transaction(1, &[Read(513)]), transaction(7, &[Read(1)])];
        assert_eq!(for_controller(&list, 1).unwrap(), expected);
        assert_eq!(for_controller(&[], 1).unwrap(), []);
        let many: Vec<u8> = [6, 1].repeat(50);
        let lengths: Vec<usize> =
            for_controller(&many, 1).unwrap().iter().map(|done| done.messages.len()).collect();
        assert_eq!(lengths, [42, 8]);
    }

    #[test]
    fn lists_for_lines() {
        use Message::Read;
        let zip = [4, 0x48, 2, 7, 1, 0x10, 2, 6, 2, 3, 0];
        let expected = [transaction(0x48, &[write(&[0x10]), Read(2)])];
        assert_eq!(for_lines(&zip, 0).unwrap(), expected);
        assert_eq!(for_lines(&zip[..9], 0).unwrap(), expected);
        assert_eq!(for_lines(&[3, 0], 0).unwrap(), []);
        assert_eq!(for_lines(&[6, 2], 0), Err(Code::BAD_I2C_CMD));
        assert_eq!(for_lines(&[2, 6, 2, 6, 2], 0), Err(Code::BAD_I2C_CMD));
    }

    #[test]
    fn lists_with_mistakes() {
        for (list, code) in [
            (&[7, 2, 5, 9][..], Code::BAD_I2C_WLEN),
            (&[7], Code::BAD_I2C_WLEN),
            (&[7, 0, 0], Code::BAD_I2C_WLEN),
            (&[1, 6, 1], Code::BAD_I2C_RLEN),
            (&[6, 0], Code::BAD_I2C_RLEN),
            (&[1, 6, 0xff, 0xff], Code::BAD_I2C_RLEN),
            (&[1, 6, 0, 0xff, 6, 255], Code::BAD_I2C_RLEN),
            (&[4, 0x80], Code::BAD_I2C_ADDR),
            (&[1, 4, 0x48, 1], Code::BAD_I2C_ADDR),
            (&[4], Code::BAD_I2C_CMD),
            (&[5, 0x10, 0], Code::BAD_FLAGS),
            (&[5, 0], Code::BAD_I2C_CMD),
            (&[8], Code::BAD_I2C_CMD),
        ] {
            assert_eq!(for_controller(list, 1), Err(code), "{list:?}");
        }
        assert_eq!(for_controller(&[5, 0, 0, 6, 1], 1).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn no_list_is_too_absurd(list in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(0..9u8, 0..200),
        ]) {
            for parse in [for_controller, for_lines] {
                let Ok(transactions) = parse(&list, 0x10) else { continue };
                let messages = transactions.iter().flat_map(|transaction| &transaction.messages);
                let (mut written, mut read) = (0, 0);
                for message in messages {
                    match message {
                        Message::Write(bytes) => written += bytes.len(),
                        Message::Read(count) => read += count,
                    }
                }
                prop_assert!(written <= list.len() && read < ROOM);
                let fits = |done: &Transaction| done.address <= 0x7f && !done.messages.is_empty();
                prop_assert!(transactions.iter().all(fits));
            }
        }
    }
}
