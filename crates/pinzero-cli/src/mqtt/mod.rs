//! `pinzero mqtt`: the devices of a circuit on a broker.

mod check;
mod identity;
mod import;
mod notify;
mod service;
mod signals;

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use log::LevelFilter;
use pinzero_circuit::{Circuit, Mqtt};
use pinzero_mqtt::{Rumqtt, Settings};

use crate::broker::{BrokerOptions, replace};
use crate::factory::Factory;
use crate::verdict::{Outcome, Verdict};
use crate::{circuit_file, logger};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    factory: Factory,

    /// The circuit file, which names the devices; its table [mqtt] has defaults for the options below
    #[arg(long, value_name = "FILE", required_unless_present = "import")]
    circuit: Option<PathBuf>,

    #[command(flatten)]
    broker: BrokerOptions,

    /// The name of this computer on the broker [default: the host name]
    #[arg(long, value_name = "NAME")]
    node: Option<String>,

    /// The first level of all topics [default: pinzero]
    #[arg(long)]
    prefix: Option<String>,

    /// The first level of Home Assistant's discovery topics [default: homeassistant]
    #[arg(long, value_name = "PREFIX", conflicts_with = "no_discovery")]
    discovery: Option<String>,

    /// Tells Home Assistant nothing
    #[arg(long)]
    no_discovery: bool,

    /// Checks the file, prints what would be on the broker, and touches neither a pin nor the broker
    #[arg(long)]
    check: bool,

    /// Prints the result of the check as JSON
    #[arg(long, requires = "check")]
    json: bool,

    /// Prints a circuit file made from a configuration of mqtt-io, and ends
    #[arg(long, value_name = "FILE", exclusive = true)]
    import: Option<PathBuf>,

    /// Prints details of the connection
    #[arg(long, short)]
    verbose: bool,
}

/// A circuit, and how it appears on a broker: what the file says, and what the command line says otherwise.
struct Plan {
    circuit: Circuit,
    mqtt: Mqtt,
    node: String,
    settings: Settings,
}

/// Starts the log, and checks the file or runs the node.
pub(crate) fn run(options: Options) -> Outcome {
    if let Some(path) = &options.import {
        return import::run(path);
    }
    let level = match options.check {
        true => LevelFilter::Warn,
        false if options.verbose => LevelFilter::Debug,
        false => LevelFilter::Info,
    };
    // The node bounds the warnings about each device.
    logger::start(level, logger::MANY)
        .map_err(|error| format!("the thread that writes messages cannot be started: {error}"))?;
    let result = if options.check { check::run(&options) } else { service::run(&options) };
    // Before the error, which is written at once.
    logger::finish();
    result.map(|()| Verdict::Good)
}

impl Plan {
    fn settings(mqtt: &Mqtt, node: &str) -> Result<Settings, String> {
        Settings::new(mqtt, node, &identity::of(node))
    }

    /// Returns the names of the devices.
    fn devices(&self) -> impl Iterator<Item = &str> {
        let is_hidden = |name: &str| {
            self.mqtt.device.iter().any(|(other, device)| other.get_ref() == name && device.hidden)
        };
        self.circuit.parts().iter().map(|part| &*part.name).filter(move |name| !is_hidden(name))
    }
}

impl Options {
    /// Returns the path of the circuit file. The command line has one, except for an import.
    fn circuit_file(&self) -> &Path {
        self.circuit.as_deref().unwrap_or(Path::new(""))
    }

    /// Reads the circuit file.
    ///
    /// # Errors
    /// The name of the file, and what is wrong with it, or with the options.
    fn plan(&self) -> Result<Plan, Box<dyn Error>> {
        let circuit = circuit_file::read(self.circuit_file())?;
        let mqtt = self.override_keys(circuit.mqtt());
        let node = mqtt.node.clone().unwrap_or_else(identity::host_name);
        let settings = Plan::settings(&mqtt, &node)?;
        let plan = Plan { circuit, mqtt, node, settings };
        // An editor may have emptied the file for a moment, and a node without devices would have its own removed.
        if plan.devices().next().is_none() {
            let advice = match plan.circuit.parts() {
                [] => "no part is in the file: add one, such as [relay.pump] with pin = 17",
                _ => "all parts are hidden: remove hidden = true from one",
            };
            return Err(format!("{}: {advice}", self.circuit_file().display()).into());
        }
        Ok(plan)
    }

    /// Returns the keys of the table `[mqtt]`, where options replace some. Files that the table names are looked for beside the circuit
    /// file, since a service runs in another folder.
    fn override_keys(&self, mqtt: &Mqtt) -> Mqtt {
        let mut mqtt = mqtt.clone();
        let folder = self.circuit_file().parent().unwrap_or(Path::new(""));
        let Mqtt { password_file, ca_file, certificate_file, key_file, .. } = &mut mqtt;
        for file in [password_file, ca_file, certificate_file, key_file].into_iter().flatten() {
            *file = folder.join(&file);
        }
        self.broker.replace_in(&mut mqtt);
        mqtt.broker = mqtt.broker.or_else(|| self.broker.address().ok());
        replace(&mut mqtt.node, &self.node);
        replace(&mut mqtt.prefix, &self.prefix);
        replace(&mut mqtt.discovery, &self.discovery);
        if self.no_discovery {
            mqtt.discovery = Some(String::new());
        }
        mqtt
    }

    /// Returns the way to the broker, without connecting.
    ///
    /// # Errors
    /// No broker, an address that is none, or a file that cannot be read.
    fn broker(&self, plan: &Plan) -> Result<Rumqtt, String> {
        let Some(address) = &plan.mqtt.broker else {
            let file = self.circuit_file().display();
            return Err(format!(
                "no broker is named: add `--broker mqtt://HOST`, or write `broker = \"mqtt://HOST\"` below [mqtt] in {file}"
            ));
        };
        let client_id = format!("pinzero-{}", identity::of(&plan.node));
        Rumqtt::new(address, &plan.mqtt, &client_id).map_err(|error| error.message)
    }
}
