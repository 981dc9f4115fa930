//! `pinzero mqtt`.

use std::path::PathBuf;

use clap::Args;
use pinzero_circuit::Circuit;
use pinzero_mqtt::{Node, Rumqtt, Settings};

use crate::factory::Factory;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    factory: Factory,

    /// The circuit file, which names the devices
    #[arg(long, value_name = "FILE")]
    circuit: PathBuf,

    /// The broker: mqtt://HOST:PORT or mqtts://HOST:PORT
    #[arg(long, value_name = "URL")]
    broker: String,
}

/// Puts the devices of a circuit file on a broker, until a signal comes.
pub(crate) fn run(options: Options) -> Outcome {
    let text = std::fs::read_to_string(&options.circuit)?;
    let circuit = Circuit::parse(&text).map_err(|mistake| mistake.to_string())?;
    let settings = Settings::new(circuit.mqtt(), "node", "identity")?;
    let gpio = options.factory.open()?;
    let node = Node::open(&gpio, &circuit, settings);
    node.run(&mut Rumqtt::new(&options.broker, circuit.mqtt(), "pinzero")?)?;
    Ok(Verdict::Good)
}
