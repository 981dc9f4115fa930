//! `--broker` and what belongs to it, which all commands have that speak with an MQTT broker.

use std::env;
use std::path::PathBuf;

use clap::Args;
use pinzero_circuit::Mqtt;
use pinzero_mqtt::Rumqtt;

/// The choice of a broker. The names are those of the table `[mqtt]` in a circuit file.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BrokerOptions {
    /// The broker: mqtt://HOST:PORT, or mqtts://HOST:PORT with encryption [default: $PINZERO_BROKER]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) broker: Option<String>,

    /// The name of the user at the broker [default: none]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) user: Option<String>,

    /// The file that holds the password [default: the systemd credential mqtt-password, else no password]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) password_file: Option<PathBuf>,

    /// The file of the certificate authority that signed the broker's certificate [default: the authorities of the system]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) ca_file: Option<PathBuf>,

    /// The file of this client's certificate, for a broker that asks for one
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) certificate_file: Option<PathBuf>,

    /// The file of the key of this client's certificate
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) key_file: Option<PathBuf>,
}

impl BrokerOptions {
    /// Returns the address of the broker: the one that is asked for, else `$PINZERO_BROKER`.
    ///
    /// # Errors
    /// A sentence, if there is none.
    pub(crate) fn address(&self) -> Result<String, String> {
        let variable = || env::var("PINZERO_BROKER").ok();
        let address = self.broker.clone().or_else(variable).filter(|address| !address.trim().is_empty());
        address.ok_or_else(|| {
            "no broker is named: add `--broker mqtt://HOST`, or set PINZERO_BROKER to the address".to_owned()
        })
    }

    /// Returns the way to the broker.
    ///
    /// # Errors
    /// A sentence about an address or a file that cannot be used.
    pub(crate) fn open(&self, client_id: &str) -> Result<Rumqtt, String> {
        let address = self.address()?;
        let mut mqtt = Mqtt::default();
        self.replace_in(&mut mqtt);
        Rumqtt::new(&address, &mqtt, client_id).map_err(|error| error.message)
    }

    /// Replaces the keys of a table `[mqtt]` by the options that are given.
    pub(crate) fn replace_in(&self, mqtt: &mut Mqtt) {
        replace(&mut mqtt.broker, &self.broker);
        replace(&mut mqtt.user, &self.user);
        replace(&mut mqtt.password_file, &self.password_file);
        replace(&mut mqtt.ca_file, &self.ca_file);
        replace(&mut mqtt.certificate_file, &self.certificate_file);
        replace(&mut mqtt.key_file, &self.key_file);
    }
}

/// Replaces the value of a key by that of an option, if there is one.
pub(crate) fn replace<T: Clone>(key: &mut Option<T>, option: &Option<T>) {
    if option.is_some() {
        key.clone_from(option);
    }
}
