//! Readers of cards.

use mfrc522::comm::blocking::spi::SpiInterface;
use mfrc522::{Error, Mfrc522 as Driver, Uid};
use pinzero_parts::{Card, Mfrc522};

use crate::rig::Rig;

pub(crate) fn mfrc522(rig: &Rig) -> String {
    const NUMBER: [u8; 7] = [0x04, 0xa2, 0x24, 0x5a, 0x9c, 0x5b, 0x80];

    let chip = rig.mock.spi_chip(0, 0, Mfrc522::new());
    let spi = rig.spi(0);
    let mut reader = Driver::new(SpiInterface::new(spi)).init().unwrap();
    assert_eq!(reader.version().unwrap(), 0x92);
    assert!(matches!(reader.reqa(), Err(Error::Timeout)));

    chip.with(|chip| chip.present(Some(Card::new(NUMBER, b"hello from page 4"))));
    let answer = reader.reqa().unwrap();
    let uid = reader.select(&answer).unwrap();
    assert!(matches!(&uid, Uid::Double(_)));
    assert_eq!(uid.as_bytes(), NUMBER);
    assert_eq!(&reader.mf_read(4).unwrap(), b"hello from page ");

    // A halted card answers a wake-up only.
    reader.hlta().unwrap();
    assert!(matches!(reader.reqa(), Err(Error::Timeout)));
    let answer = reader.wupa().unwrap();
    assert_eq!(reader.select(&answer).unwrap().as_bytes(), NUMBER);
    String::new()
}
