//! One run at a time on a set: a Lease that dies by itself, so that no crash leaves a lock behind.
//!
//! Whether a holder lives is seen by its renewals alone: clocks of different machines are never compared.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Live;
use super::client::{Call, Client, Lost, Verb};
use super::set::ApplySet;

/// A holder that was not seen for so long is gone.
const LIFE: Duration = Duration::from_secs(15);
const RENEWAL: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(500);

/// Who runs: what others are told, and whether a holder of this machine is known to be gone.
#[derive(Clone, Copy, Debug)]
pub struct Runner<'a> {
    /// Machine and process, unique for every run.
    pub identity: &'a str,
    /// Whether a holder is known to have ended; false where that cannot be told.
    pub has_ended: fn(&str) -> bool,
}

/// A set that is ours for as long as this lives.
#[derive(Debug)]
pub(super) struct Hold {
    client: Client,
    path: String,
    uid: String,
    renewal: JoinHandle<()>,
    lost: watch::Receiver<bool>,
    waited: bool,
}

/// Why a set is not ours.
#[derive(Clone, Debug)]
pub(super) enum HoldError {
    /// Another run has it.
    Held(String),
    /// The server did not let us ask.
    Failed(String),
}

impl From<Lost> for HoldError {
    fn from(lost: Lost) -> Self {
        Self::Failed(lost.reason)
    }
}

fn collection(set: &ApplySet) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", set.namespace)
}

fn name(set: &ApplySet, part: &str) -> String {
    format!("{}{part}", set.name)
}

fn body(set: &ApplySet, part: &str, identity: &str, version: Option<&str>) -> String {
    let now = Timestamp::now();
    let mut lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": name(set, part), "namespace": set.namespace },
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": LIFE.as_secs(),
            "renewTime": format!("{now:.6}"),
        },
    });
    if let Some(version) = version {
        lease["metadata"]["resourceVersion"] = Value::String(version.to_owned());
    }
    lease.to_string()
}

/// Takes a set, waiting for a holder that does not move to be gone; `part` tells shards of one set apart.
pub(super) async fn take(
    client: &Client,
    set: &ApplySet,
    part: &str,
    runner: Runner<'_>,
    mut note: impl FnMut(String),
) -> Result<Hold, HoldError> {
    let path = format!("{}/{}", collection(set), name(set, part));
    let mut seen: Option<(String, Instant)> = None;
    let mut waited = false;
    loop {
        let answer = client.patient(&Call::get(&path)).await?;
        let taken = match answer.code {
            404 => {
                let body = body(set, part, runner.identity, None);
                client.patient(&Call::send(Verb::POST, collection(set), "application/json", body)).await?
            }
            200 => {
                let lease = Live(answer.json());
                let holder = lease.text(&["spec", "holderIdentity"]).unwrap_or_default().to_owned();
                let renewed = lease.text(&["spec", "renewTime"]).unwrap_or_default().to_owned();
                let free = holder.is_empty() || holder == runner.identity || (runner.has_ended)(&holder);
                let silent = match &seen {
                    Some((before, _)) if *before != renewed => return Err(HoldError::Held(holder)),
                    Some((_, since)) => since.elapsed() >= LIFE,
                    None => {
                        if !free {
                            note(format!("the set `{}` is held by {holder}: looking whether it is alive", set.name));
                        }
                        seen = Some((renewed, Instant::now()));
                        waited = true;
                        false
                    }
                };
                if !free && !silent {
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                let body = body(set, part, runner.identity, Some(lease.resource_version()));
                client.patient(&Call::send(Verb::PUT, &path, "application/json", body)).await?
            }
            _ => return Err(HoldError::Failed(answer.message())),
        };
        match taken.code {
            200 | 201 => {
                let lease = Live(taken.json());
                return Ok(Hold { waited, ..hold(client, set, part, runner.identity, path, &lease) });
            }
            // Somebody was faster: see who.
            409 => waited = true,
            // It was given free at this moment; but where none can be made, its namespace is not there.
            404 if answer.code == 200 => waited = true,
            _ => return Err(HoldError::Failed(taken.message())),
        }
    }
}

fn hold(client: &Client, set: &ApplySet, part: &str, identity: &str, path: String, lease: &Live) -> Hold {
    let (tell, lost) = watch::channel(false);
    let renewal = {
        let (client, path, set) = (client.clone(), path.clone(), set.clone());
        let (part, identity) = (part.to_owned(), identity.to_owned());
        let mut version = lease.resource_version().to_owned();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                let body = body(&set, &part, &identity, Some(&version));
                let call = Call::send(Verb::PUT, &path, "application/json", body);
                match client.call(&call).await {
                    Ok(answer) if answer.is_success() => {
                        Live(answer.json()).resource_version().clone_into(&mut version)
                    }
                    // Ours still, where an answer was lost; somebody else's otherwise.
                    Ok(answer) if matches!(answer.code, 404 | 409) => {
                        let current = client.call(&Call::get(&path)).await;
                        let current = current.map(|answer| Live(answer.json()));
                        match current {
                            Ok(lease) if lease.text(&["spec", "holderIdentity"]) == Some(identity.as_str()) => {
                                lease.resource_version().clone_into(&mut version);
                            }
                            Ok(_) => {
                                let _ = tell.send(true);
                                return;
                            }
                            Err(_) => {}
                        }
                    }
                    _ => {}
                }
            }
        })
    };
    Hold { client: client.clone(), path, uid: lease.uid().to_owned(), renewal, lost, waited: false }
}

impl Hold {
    /// Returns what becomes true when another run took the set over.
    pub(super) fn lost(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }

    /// Whether another run had it when it was asked for, so that what was read before may be no more.
    pub(super) fn waited(&self) -> bool {
        self.waited
    }

    /// Gives the set free.
    pub(super) async fn release(self) {
        self.renewal.abort();
        // A lease that stays is free after its time.
        let call = super::write::delete(self.path.clone(), &self.uid, "Background", false);
        let _ = tokio::time::timeout(Duration::from_secs(5), self.client.patient(&call)).await;
    }
}
