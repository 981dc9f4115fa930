//! The section `mqtt`, which becomes the table `[mqtt]`.

use super::fields::Fields;
use super::sheet::{Sheet, Topics, quoted};
use super::yaml::Remark;

/// What Home Assistant uses as the first level of its topics.
const DISCOVERY: &str = "homeassistant";

/// Writes the table `[mqtt]`. `word` is the level of most topics: `output`, `input` or `sensor`.
pub(super) fn write(sheet: &mut Sheet, mut mqtt: Fields, word: &'static str) -> Result<(), Remark> {
    sheet.line("[mqtt]");
    write_address(sheet, &mut mqtt)?;
    let status = write_topics(sheet, &mut mqtt, word)?;
    write_discovery(sheet, &mut mqtt)?;
    write_status(sheet, &mut mqtt, status)?;
    // A session is not kept, and pauses between attempts grow by themselves.
    mqtt.forget(&["clean_session", "client_module", "reconnect_delay"]);
    if let Some(protocol) = mqtt.text("protocol")?.filter(|version| version != "3.1.1") {
        sheet.remark(mqtt.line, format!("The version of the protocol is 3.1.1, not {protocol}."));
    }
    if mqtt.text("reconnect_count")?.is_some_and(|count| count != "-1") {
        sheet.remark(
            mqtt.line,
            "reconnect_count has no counterpart: pinzero tries until the broker is there.",
        );
    }
    for key in mqtt.rest() {
        sheet.remark(key.line, format!("mqtt: {:?} has no counterpart.", key.text));
    }
    Ok(())
}

fn write_address(sheet: &mut Sheet, mqtt: &mut Fields) -> Result<(), Remark> {
    let host = mqtt.text("host")?.unwrap_or_else(|| "localhost".to_owned());
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host };
    let port = mqtt.whole("port", 1..=65535)?.unwrap_or(1883);
    let mut tls = mqtt.fields("tls")?;
    let is_encrypted = if let Some(tls) = &mut tls { tls.flag("enabled")?.unwrap_or(false) } else { false };
    let scheme = if is_encrypted { "mqtts" } else { "mqtt" };
    sheet.key(mqtt.line, "broker", quoted(&format!("{scheme}://{host}:{port}")));
    if let Some(client_id) = mqtt.text("client_id")?.filter(|id| !id.is_empty()) {
        sheet.say(
            "A broker throws out the older of two clients with the same id: end mqtt-io before pinzero starts.",
        );
        sheet.key(mqtt.line, "client_id", quoted(&client_id));
    }
    if let Some(user) = mqtt.text("user")?.filter(|user| !user.is_empty()) {
        sheet.key(mqtt.line, "user", quoted(&user));
    }
    if mqtt.text("password")?.is_some_and(|password| !password.is_empty()) {
        sheet.remark(
            mqtt.line,
            "The password is not written here: put it into a file that nobody else may read, and name that file.",
        );
        sheet.line("# password_file = \"/etc/pinzero/mqtt-password\"");
    }
    if let Some(seconds) = mqtt.whole("keepalive", 1..=65535)? {
        sheet.key(mqtt.line, "keep_alive", seconds);
    }
    match tls {
        Some(tls) if is_encrypted => write_tls(sheet, tls),
        _ => Ok(()),
    }
}

fn write_tls(sheet: &mut Sheet, mut tls: Fields) -> Result<(), Remark> {
    if let Some(file) = tls.text("ca_certs")? {
        sheet.key(tls.line, "ca_file", quoted(&file));
    }
    let files = [("certfile", "certificate_file"), ("keyfile", "key_file")];
    let mut lines = Vec::new();
    for (old, new) in files {
        lines.extend(tls.text(old)?.map(|file| format!("{new} = {}", quoted(&file))));
    }
    if let Err(why) = sheet.try_lines(&lines) {
        sheet.remark(tls.line, format!("{}: left out: {why}", lines.join(", ")));
    }
    let is_lax = tls.text("cert_reqs")?.is_some_and(|wanted| wanted != "CERT_REQUIRED");
    if tls.flag("insecure")?.unwrap_or(false) || is_lax {
        sheet.remark(
            tls.line,
            "tls: the broker's certificate is always checked, with its name: give ca_file the certificate that \
             signed the broker's.",
        );
    }
    for key in tls.rest() {
        sheet.remark(key.line, format!("tls: {:?} has no counterpart: TLS 1.2 and 1.3 are used.", key.text));
    }
    Ok(())
}

/// Writes `prefix`, `node` and `topic` so that old commands arrive. Returns the topic of the status, if that stays.
fn write_topics(sheet: &mut Sheet, mqtt: &mut Fields, word: &'static str) -> Result<Option<String>, Remark> {
    let old = mqtt.text("topic_prefix")?.unwrap_or_default();
    let old = old.trim_end_matches('/');
    let (base, mut levels) = match old.rsplit_once('/') {
        // The last level becomes the node, so that several nodes share a prefix.
        Some((prefix, node)) => (
            "{prefix}/{node}/",
            vec![format!("prefix = {}", quoted(prefix)), format!("node = {}", quoted(node))],
        ),
        None if old.is_empty() => ("", Vec::new()),
        None => ("{prefix}/", vec![format!("prefix = {}", quoted(old))]),
    };
    levels.push(format!("topic = \"{base}{word}/{{device}}\""));
    if let Err(why) = sheet.try_lines(&levels) {
        sheet.remark(mqtt.line, format!("The old topics cannot be kept: {why}."));
        return Ok(None);
    }
    sheet.topics = Some(Topics { base, word });
    let base = if old.is_empty() { String::new() } else { format!("{old}/") };
    if word == "output" {
        sheet.say(&format!(
            "Commands keep their topics: {base}output/NAME/set takes ON and OFF, {base}output/NAME/set_on_ms and \
             {base}output/NAME/set_off_ms take milliseconds."
        ));
    }
    sheet.say(&format!(
        "States move to /state below their old topics, in JSON and always retained: {{\"state\":\"ON\"}} on \
         {base}{word}/NAME/state."
    ));
    Ok(old.contains('/').then(|| format!("{old}/status")))
}

fn write_discovery(sheet: &mut Sheet, mqtt: &mut Fields) -> Result<(), Remark> {
    // The older program has three keys in the section itself.
    let mut is_on = mqtt.flag("discovery")?;
    let mut prefix = mqtt.text("discovery_prefix")?;
    mqtt.forget(&["discovery_name"]);
    if let Some(mut section) = mqtt.fields("ha_discovery")? {
        is_on = section.flag("enabled")?.or(is_on);
        prefix = section.text("prefix")?.or(prefix);
        // Here each part is a device with a name of its own.
        section.forget(&["name"]);
        for key in section.rest() {
            sheet.remark(key.line, format!("ha_discovery: {:?} has no counterpart.", key.text));
        }
    }
    if !is_on.unwrap_or(false) {
        sheet.say("mqtt-io did not tell Home Assistant of its pins. Without this line, pinzero does.");
        sheet.line("discovery = \"\"");
        return Ok(());
    }
    sheet.say("Home Assistant sees new devices: delete those of mqtt-io there.");
    if let Some(prefix) = prefix.filter(|prefix| prefix.trim_end_matches('/') != DISCOVERY) {
        sheet.key(mqtt.line, "discovery", quoted(prefix.trim_end_matches('/')));
    }
    Ok(())
}

/// Says what the status was and is.
fn write_status(sheet: &mut Sheet, mqtt: &mut Fields, kept: Option<String>) -> Result<(), Remark> {
    let topic = mqtt.text("status_topic")?.unwrap_or_else(|| "status".to_owned());
    let mut old = Vec::new();
    for (key, word) in [
        ("status_payload_running", "running"),
        ("status_payload_stopped", "stopped"),
        ("status_payload_dead", "dead"),
    ] {
        old.push(mqtt.text(key)?.unwrap_or_else(|| word.to_owned()));
    }
    let place = match kept.filter(|_| topic == "status") {
        Some(kept) => format!("stays on {kept}"),
        None => "moves to PREFIX/NODE/status".to_owned(),
    };
    sheet.say(&format!(
        "The status {place}: \"online\" in place of {:?}, \"offline\" in place of {:?} and {:?}.",
        old[0], old[1], old[2]
    ));
    Ok(())
}
