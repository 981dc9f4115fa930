//! Drives the pins of a Raspberry Pi over the network, through pigpiod or `pinzero serve`.

pub mod protocol;
