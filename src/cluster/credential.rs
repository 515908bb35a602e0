//! Who we are: a token as it is, a file with one, or a program that gives them out.
//!
//! What a kubeconfig says enters, the header of a request leaves. A program has little time and room, and what it prints
//! is shown to nobody.

use std::fmt;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode, Kubeconfig};
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::lost::{Lost, reason};
use super::waits::Waits;
use crate::limits;

/// A token is taken anew so long before it ends, and a file is read again after so long.
const MARGIN: Duration = Duration::from_secs(60);

/// Tells a program, and what it runs, that it is to prove who somebody is: so that it does not ask itself without end.
const ASKED: &str = "FANFOLD_CREDENTIAL_PROGRAM";

/// What proves who we are, beside certificates.
pub(super) struct Credential {
    source: Source,
    /// The header, and when it is to be made anew.
    known: Mutex<Option<(HeaderValue, Option<Timestamp>)>>,
}

enum Source {
    None,
    File(PathBuf),
    Program(Box<ExecConfig>, Option<Duration>),
}

/// What a program gives out.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

#[derive(Deserialize)]
struct ExecCredential {
    status: Option<Given>,
}

impl Default for Credential {
    fn default() -> Self {
        Self { source: Source::None, known: Mutex::new(None) }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

impl Credential {
    /// Takes over what kube would do unbounded, and leaves it certificates and the providers that only it knows.
    pub(super) async fn take(user: &mut AuthInfo, time: Option<Duration>, waits: &Waits) -> Result<Self, Lost> {
        if let Some(provider) = &user.auth_provider {
            if provider.config.contains_key("cmd-path") {
                return Err(Lost::hopeless(format!(
                    "the auth provider `{}` runs a program, which kubectl no longer does: configure it as an `exec` credential plugin",
                    provider.name
                )));
            }
            // kube takes them for headers as they are.
            if provider.config.values().any(|value| value.contains(char::is_control)) {
                header("Bearer", "\n")?;
            }
            return Ok(Self::default());
        }
        let secret = |user: &AuthInfo, field: &str| {
            let value = serde_json::to_value(user).ok()?;
            Some(value.get(field)?.as_str()?.to_owned()).filter(|text| !text.is_empty())
        };
        let (password, token) = (secret(user, "password"), secret(user, "token"));
        let name = user.username.take();
        (user.password, user.token) = (None, None);
        let (file, exec) = (user.token_file.take(), user.exec.take());
        let fixed = |value: HeaderValue| Self { source: Source::None, known: Mutex::new(Some((value, None))) };
        if let (Some(name), Some(password)) = (name, password) {
            return Ok(fixed(header("Basic", &STANDARD.encode(format!("{name}:{password}")))?));
        }
        if let Some(token) = token {
            return Ok(fixed(bearer(&token)?));
        }
        if let Some(file) = file {
            return Ok(Self { source: Source::File(file.into()), known: Mutex::new(None) });
        }
        let Some(exec) = exec else { return Ok(Self::default()) };
        let given = run(&exec, time, waits).await?;
        if let (Some(certificate), Some(key)) = (&given.client_certificate_data, &given.client_key_data) {
            let own = json!({
                "client-certificate-data": STANDARD.encode(certificate),
                "client-key-data": STANDARD.encode(key),
            });
            let own: AuthInfo = serde_json::from_value(own).unwrap_or_default();
            (user.client_certificate, user.client_key) = (None, None);
            user.client_certificate_data = own.client_certificate_data;
            user.client_key_data = own.client_key_data;
        }
        let known = given.known()?;
        Ok(Self { source: Source::Program(Box::new(exec), time), known: Mutex::new(known) })
    }

    /// Returns the header by which a request says who sends it; `None` where the connection says so, or nobody does.
    pub(super) async fn header(&self, waits: &Waits) -> Result<Option<HeaderValue>, Lost> {
        let mut known = self.known.lock().await;
        let lasts = |until: &Option<Timestamp>| until.is_none_or(|until| Timestamp::now() < until);
        if let Some((value, until)) = known.as_ref()
            && lasts(until)
        {
            return Ok(Some(value.clone()));
        }
        match &self.source {
            Source::None => {}
            Source::File(path) => match read(path) {
                Ok(text) => *known = Some((bearer(text.trim())?, Some(Timestamp::now() + MARGIN))),
                // Files that rotate are not there for a moment: the token before still holds.
                Err(reason) if known.is_none() => return Err(Lost::hopeless(reason)),
                Err(_) => {}
            },
            // One that gave no token gave a certificate, which the connection holds.
            Source::Program(..) if known.is_none() => {}
            Source::Program(exec, time) => *known = run(exec, *time, waits).await?.known()?,
        }
        Ok(known.as_ref().map(|(value, _)| value.clone()))
    }
}

impl Given {
    /// Returns the token as a header, and when it is to be asked for again.
    fn known(&self) -> Result<Option<(HeaderValue, Option<Timestamp>)>, Lost> {
        let Some(token) = &self.token else { return Ok(None) };
        let until: Option<Timestamp> = self.expiration_timestamp.as_ref().and_then(|text| text.parse().ok());
        Ok(Some((bearer(token)?, until.map(|until| until - MARGIN))))
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Lost> {
    header("Bearer", token)
}

/// The token itself is never part of the message.
fn header(scheme: &str, secret: &str) -> Result<HeaderValue, Lost> {
    let mut value = HeaderValue::try_from(format!("{scheme} {secret}")).map_err(|_| {
        Lost::hopeless("the token holds characters that no header takes, such as an end of line: write it without them")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads a small file that is one: devices and pipes have no end.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| format!("cannot read `{shown}`: {}", reason(&error));
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(format!("cannot read `{shown}`: expected a file, found something else"));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limits::CREDENTIAL_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > limits::CREDENTIAL_BYTES {
        return Err(format!("`{shown}` is longer than {} MiB", limits::CREDENTIAL_BYTES >> 20));
    }
    Ok(text)
}

/// Runs a program and reads what it gives out.
async fn run(exec: &ExecConfig, time: Option<Duration>, waits: &Waits) -> Result<Given, Lost> {
    let Some(program) = exec.command.as_deref().filter(|program| !program.is_empty()) else {
        return Err(Lost::hopeless("the kubeconfig names no program after `exec`: set its `command`"));
    };
    if std::env::var_os(ASKED).is_some() {
        return Err(Lost::hopeless(format!(
            "the credential program `{program}` is to be run by a credential program, which would go on for ever: give what it runs a kubeconfig of its own, with a token or a certificate"
        )));
    }
    let may_ask = exec.interactive_mode != Some(ExecInteractiveMode::Never) && std::io::stdin().is_terminal();
    let limit = time.unwrap_or(if may_ask { limits::LOGIN_TIME } else { limits::CREDENTIAL_TIME });
    waits.run(Some(program));
    let ended = tokio::time::timeout(limit, output(exec, program, may_ask)).await;
    waits.run(None);
    let what = format!("the credential program `{program}`");
    let bytes = ended.map_err(|_| {
        Lost::hopeless(format!(
            "{what} did not end within {} s, and was stopped: run it by itself to see why, or give it more time with `--request-timeout`",
            limit.as_secs_f32()
        ))
    })??;
    let wrong = || Lost::hopeless(format!("{what} printed no `ExecCredential`: run it by itself to see what it says"));
    // Some print YAML, of which JSON is a part.
    let given = match serde_json::from_slice::<ExecCredential>(&bytes) {
        Ok(given) => given.status,
        Err(_) => yaml(&bytes).ok_or_else(wrong)?.status,
    };
    let given = given.ok_or_else(wrong)?;
    if given.token.is_none() && given.client_certificate_data.is_none() {
        return Err(Lost::hopeless(format!("{what} gave neither a token nor a certificate")));
    }
    Ok(given)
}

/// Reads a small document of YAML: what a kubeconfig holds beside its own parts comes as JSON.
fn yaml(bytes: &[u8]) -> Option<ExecCredential> {
    let mut read = Kubeconfig::from_yaml(std::str::from_utf8(bytes).ok()?).ok()?;
    let status = read.other.remove("status")?;
    Some(ExecCredential { status: serde_json::from_value(status).ok()? })
}

/// Returns what a program printed; when this is dropped, the program is ended.
async fn output(exec: &ExecConfig, program: &str, may_ask: bool) -> Result<Vec<u8>, Lost> {
    let failed = |error: std::io::Error| {
        let hint = exec.install_hint.as_deref().and_then(|hint| hint.lines().find(|line| !line.trim().is_empty()));
        let hint = hint.map(|hint| format!("; {}", hint.trim())).unwrap_or_default();
        let why = reason(&error);
        Lost::hopeless(format!("the credential program `{program}` cannot be run: {why}{hint}"))
    };
    let mut spec = json!({ "interactive": may_ask });
    if exec.provide_cluster_info {
        spec["cluster"] = serde_json::to_value(&exec.cluster).unwrap_or_default();
    }
    let info = json!({ "apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec });
    let mut command = Command::new(program);
    command.args(exec.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", info.to_string()).env(ASKED, program);
    for entry in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (entry.get("name"), entry.get("value")) {
            command.env(name, value);
        }
    }
    command.stdin(if may_ask { Stdio::inherit() } else { Stdio::null() }).stdout(Stdio::piped());
    // Where nobody sits before it, what it says goes to logs, which are kept.
    command.stderr(if std::io::stderr().is_terminal() { Stdio::inherit() } else { Stdio::null() });
    command.kill_on_drop(true);
    // One that asks the user has to stay with the terminal.
    #[cfg(unix)]
    if !may_ask {
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(failed)?;
    let _group = Group(child.id().filter(|_| !may_ask));
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(limits::CREDENTIAL_BYTES + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    }
    if bytes.len() as u64 > limits::CREDENTIAL_BYTES {
        let most = limits::CREDENTIAL_BYTES >> 20;
        return Err(Lost::hopeless(format!("the credential program `{program}` printed more than {most} MiB")));
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        return Err(Lost::hopeless(format!(
            "the credential program `{program}` failed ({status}): run it by itself to see what it says"
        )));
    }
    Ok(bytes)
}

/// A program with all that it started.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)) {
            // Mostly it is gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
