//! Users, passwords and certificates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pinzero_circuit::Mqtt;
use pinzero_mqtt::{Broker, Incoming, Message, Rumqtt};

use crate::attic::rumqtt;
use crate::server::Mosquitto;

/// Connects once, and returns why that failed.
fn attempt(address: &str, mqtt: &Mqtt) -> Result<(), String> {
    let mut broker = rumqtt(address, mqtt);
    assert!(!format!("{broker:?}").contains("hunter2"));
    let (sender, mut receiver) = broker.connect(None).unwrap();
    match receiver.next() {
        Ok(Incoming::Connected) => {
            // With TLS 1.3, a broker may think otherwise after that.
            assert!(sender.publish(1, &Message::new("a", "b")));
            assert_eq!(receiver.next().unwrap(), Incoming::Told(1));
            Ok(())
        }
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            assert!(!error.is_final && !format!("{error:?}").contains("hunter2"), "{error:?}");
            Err(error.message)
        }
    }
}

fn run(folder: &Path, program: &str, arguments: &str) {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success(), "{program} {arguments}");
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_user_with_the_right_password_gets_in_and_others_learn_why_not() {
    let mosquitto = Mosquitto::with(|folder| {
        run(folder, "mosquitto_passwd", "-b -c passwords pi hunter2");
        format!("allow_anonymous false\npassword_file {}\n", folder.join("passwords").display())
    });
    let mut mqtt = Mqtt::default();
    let refusal = attempt(&mosquitto.address(), &mqtt).unwrap_err();
    assert!(refusal.contains("does not let this client in"), "{refusal}");
    let password = mosquitto.folder().join("password");
    fs::write(&password, "hunter2\n").unwrap();
    mqtt.password_file = Some(password.clone());
    mqtt.user = Some("pi".to_owned());
    attempt(&mosquitto.address(), &mqtt).unwrap();
    let user = mqtt.user.take();
    attempt(&format!("mqtt://pi@127.0.0.1:{}", mosquitto.port()), &mqtt).unwrap();
    mqtt.user = user;
    fs::write(&password, "hunter3").unwrap();
    let refusal = attempt(&mosquitto.address(), &mqtt).unwrap_err();
    assert!(refusal.contains("does not let this client in"), "{refusal}");
}

/// Makes an authority, and a certificate that it has signed.
fn make_certificates(folder: &Path) {
    run(
        folder,
        "openssl",
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
    );
    for (name, subject) in [("server", "/CN=localhost"), ("client", "/CN=attic")] {
        let request =
            format!("req -newkey rsa:2048 -nodes -subj {subject} -keyout {name}.key -out {name}.csr");
        run(folder, "openssl", &request);
        fs::write(folder.join("names"), "subjectAltName=DNS:localhost").unwrap();
        let sign = format!(
            "x509 -req -days 2 -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out {name}.pem"
        );
        run(folder, "openssl", &sign);
    }
}

// `openssl x509 -req` without `-extfile` makes such a certificate.
#[test]
#[cfg(feature = "tls")]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_certificate_of_version_1_is_named() {
    let folder = std::env::temp_dir().join(format!("pinzero-mqtt-version-1-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    make_certificates(&folder);
    run(
        &folder,
        "openssl",
        "x509 -req -days 2 -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out old.pem",
    );
    let mut mqtt = Mqtt::default();
    mqtt.ca_file = Some(folder.join("ca.pem"));
    (mqtt.certificate_file, mqtt.key_file) = (Some(folder.join("old.pem")), Some(folder.join("client.key")));
    let refusal = Rumqtt::new("mqtts://localhost", &mqtt, "client").unwrap_err().message;
    assert!(refusal.contains("old.pem") && refusal.contains("-extfile"), "{refusal}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
#[cfg(feature = "tls")]
#[ignore = "no broker: run `cargo xtask broker`"]
fn encryption_needs_the_right_authority_the_right_name_and_the_clients_certificate() {
    let mosquitto = Mosquitto::with(|folder| {
        make_certificates(folder);
        fs::create_dir(folder.join("other")).unwrap();
        make_certificates(&folder.join("other"));
        let file = |name: &str| folder.join(name).display().to_string();
        format!(
            "allow_anonymous true\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
            file("ca.pem"),
            file("server.pem"),
            file("server.key")
        )
    });
    let file = |name: &str| -> Option<PathBuf> { Some(mosquitto.folder().join(name)) };
    let address = format!("mqtts://localhost:{}", mosquitto.port());
    let mut mqtt = Mqtt::default();
    mqtt.ca_file = file("ca.pem");
    let refusal = attempt(&address, &mqtt).unwrap_err();
    assert!(refusal.contains("wants a certificate"), "{refusal}");
    (mqtt.certificate_file, mqtt.key_file) = (file("client.pem"), file("client.key"));
    attempt(&address, &mqtt).unwrap();
    let refusal = attempt(&format!("mqtts://127.0.0.1:{}", mosquitto.port()), &mqtt).unwrap_err();
    assert!(refusal.contains("another name"), "{refusal}");
    (mqtt.certificate_file, mqtt.key_file) = (file("other/client.pem"), file("other/client.key"));
    let refusal = attempt(&address, &mqtt).unwrap_err();
    assert!(refusal.contains("does not trust"), "{refusal}");
    mqtt.ca_file = file("other/ca.pem");
    let refusal = attempt(&address, &mqtt).unwrap_err();
    assert!(refusal.contains("unknown here"), "{refusal}");
    mqtt.ca_file = None;
    if !rustls_native_certs::load_native_certs().certs.is_empty() {
        let refusal = attempt(&address, &mqtt).unwrap_err();
        assert!(refusal.contains("unknown here"), "{refusal}");
    }
    // A key that belongs to another certificate is found before the network is.
    mqtt.key_file = file("client.key");
    let error = pinzero_mqtt::Rumqtt::new(&address, &mqtt, "client").unwrap_err();
    assert!(error.is_final && error.message.contains("does not fit"), "{error}");
    let plain = attempt(&mosquitto.address(), &Mqtt::default()).unwrap_err();
    assert!(plain.contains("closed the connection") || plain.contains("broke"), "{plain}");
}
