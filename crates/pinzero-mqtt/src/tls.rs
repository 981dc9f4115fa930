//! Encryption: certificates from files, or from the system.

use std::path::Path;
use std::sync::Arc;

use pinzero_circuit::Mqtt;
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Returns encryption with the certificates that `mqtt` names.
///
/// # Errors
/// A sentence about a file that cannot be used.
pub(crate) fn transport(mqtt: &Mqtt) -> Result<Transport, String> {
    let authorities = match &mqtt.ca_file {
        Some(file) => from_file(file)?,
        None => from_system()?,
    };
    // With a provider of its own, whatever other parts of the program have chosen.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("no encryption: {error}"))?
        .with_root_certificates(authorities);
    let config = match (&mqtt.certificate_file, &mqtt.key_file) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key_file)) => {
            let key =
                PrivateKeyDer::from_pem_file(key_file).map_err(|error| explain(key_file, "key", &error))?;
            builder.with_client_auth_cert(certificates(certificate)?, key).map_err(|error| {
                // rustls has no kind of error for this.
                if error.to_string().contains("UnsupportedCertVersion") {
                    let file = certificate.display();
                    return format!("the certificate in {file} is of version 1: make one of version 3, by `openssl x509` with -extfile");
                }
                format!("the key in {} does not fit {}: {error}", key_file.display(), certificate.display())
            })?
        }
        _ => {
            return Err(
                "a client's certificate needs a file for the certificate and one for its key".to_owned()
            );
        }
    };
    Ok(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))))
}

fn from_file(file: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        store.add(certificate).map_err(|error| {
            format!("{} holds a certificate that cannot be used: {error}", file.display())
        })?;
    }
    Ok(store)
}

fn from_system() -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    // Some of a system's certificates may be of an old kind.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        let message = "this system has no certificate authorities: install ca-certificates, or name the file of your own";
        return Err(message.to_owned());
    }
    Ok(store)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error| explain(file, "certificate", &error);
    let all =
        CertificateDer::pem_file_iter(file).map_err(wrong)?.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    if all.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(all) }
}

fn explain(file: &Path, what: &str, error: &pem::Error) -> String {
    let file = file.display();
    match error {
        pem::Error::Io(error) => format!("the {what} in {file} cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("{file} holds no {what}: use a file in PEM, which says BEGIN"),
        error => format!("the {what} in {file} cannot be read: {error:?}"),
    }
}
