//! Requests for certificates: what is asked of which signer, and for what.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Rule;
use super::at::At;
use super::value::{at_least, has_any, named};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::{dns_label, dns_subdomain};

/// The shortest time that a certificate is asked for, in seconds.
const SHORTEST: i64 = 600;
/// What a request in PEM starts and ends with.
const PEM: [&str; 2] = ["-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"];
/// Who signed what named no signer, and is gone.
const LEGACY: &str = "kubernetes.io/legacy-unknown";

/// A request for a certificate, of nobody, in PEM and base64.
macro_rules! sound_request {
    () => {
        concat!(
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISk1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWRHVnpkREJaTUJN",
            "R0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkJGQ0VicnRyWnVvUFNZSlpSMDd5ZENaUDNXbXBLZG9TL2dkU21RQ1dFRU1P",
            "QXZvSndjeFNmbXcyRlZwCnRJNjJ4R0R3Y1d0SGVOUDRlMXd5dXhFRHBSeWdBREFLQmdncWhrak9QUVFEQWdOSUFEQkZBaUFnc0sx",
            "eHBoSC8KVVp0bUZpb2NZOUJyMU1rWmJic09PMll3YW5mY04zNXlQUUloQUtvK2FETGIxOThGZlplbHRXdjMyL0JSSmhWeQpWMXNX",
            "cTljZ2dHK3ZGWVgzCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo="
        )
    };
}

pub(super) const RULES: &[Rule] = &[Rule {
    name: "certificate-request",
    at: "certificates/v1.CertificateSigningRequestSpec",
    check: request,
    refuses: &[
        "{request: YQ==, signerName: a.example/b, usages: [client auth]}",
        concat!("{request: ", sound_request!(), ", signerName: a, usages: [client auth]}"),
        concat!("{request: ", sound_request!(), ", signerName: kubernetes.io/legacy-unknown, usages: [client auth]}"),
        concat!("{request: ", sound_request!(), ", signerName: a.example/b}"),
        concat!("{request: ", sound_request!(), ", signerName: a.example/b, usages: []}"),
        concat!("{request: ", sound_request!(), ", signerName: a.example/b, usages: [client auth, client auth]}"),
        concat!(
            "{request: ",
            sound_request!(),
            ", signerName: a.example/b, usages: [client auth], expirationSeconds: 599}"
        ),
    ],
    accepts: &[concat!(
        "{request: ",
        sound_request!(),
        ", signerName: a.example/b, usages: [client auth, signing], expirationSeconds: 600}"
    )],
    ..Rule::ALWAYS
}];

fn request(at: &mut At<'_>) {
    if let Some((node, text)) = at.get(&["request"]).and_then(|node| Some((node, node.as_str()?)))
        && let Ok(bytes) = STANDARD.decode(text.replace(['\n', '\r'], ""))
    {
        let decoded = String::from_utf8_lossy(&bytes);
        if !PEM.iter().all(|mark| decoded.contains(mark)) {
            let message = "expected a certificate request in PEM, found another text";
            let help = "the field holds a file of `openssl req -new` in base64, which starts with \
                        `-----BEGIN CERTIFICATE REQUEST-----`";
            at.report("request", Diagnostic::new(Code::InvalidValue, node.origin(), message).help(help));
        }
    }
    match at.get(&["signerName"]) {
        Some(node) if node.as_str() == Some(LEGACY) => {
            let message = format!("expected a signer, found `{LEGACY}`, which signs nothing any more");
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            at.report("signerName", finding.help("such as `kubernetes.io/kube-apiserver-client`"));
        }
        Some(node) => named(at, "signerName", node, "a signer", signer_name),
        None => {}
    }
    if !has_any(at.get(&["usages"])) {
        at.missing("usages", "missing field `usages`: expected at least one, such as `client auth`");
    }
    let usages: Vec<_> = at.items(&["usages"]).map(|(index, node)| (format!("usages[{index}]"), node)).collect();
    super::value::check_once(at, usages, |usage| format!("the usage `{usage}` stands twice"));
    if let Some(node) = at.get(&["expirationSeconds"]) {
        at_least(at, "expirationSeconds", node, "a number of seconds", SHORTEST);
    }
}

/// Checks the name of a signer: a domain with a dot, a slash, and a path.
pub(super) fn signer_name(name: &str) -> Result<(), String> {
    const FORM: &str = "expected the form `example.com/name`";
    let Some((domain, path)) = name.split_once('/').filter(|(_, path)| !path.contains('/')) else {
        return Err(format!("{FORM}, found no single `/`"));
    };
    if !domain.contains('.') {
        return Err(format!("{FORM}, found no dot before the `/`"));
    }
    dns_subdomain(domain)
        .and_then(|()| domain.split('.').try_for_each(dns_label))
        .map_err(|reason| format!("before the `/`: {reason}"))?;
    path.split('.').try_for_each(dns_subdomain).map_err(|reason| format!("after the `/`: {reason}"))
}
