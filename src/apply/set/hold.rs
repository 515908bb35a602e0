//! One run at a time on a set: a Lease that dies by itself, so that no crash leaves a lock behind.
//!
//! Whether a holder lives is seen by its renewals alone: clocks of different machines are never compared.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::apply::Interrupt;
use crate::apply::set::ApplySet;
use crate::apply::write::delete;
use crate::cluster::{Call, Client, Live, Lost, Reply, Resource, Verb};

/// A holder that was not seen for so long is gone.
const LIFE: Duration = Duration::from_secs(15);
const RENEWAL: Duration = Duration::from_secs(4);
/// How long one renewal may take.
const TRY: Duration = Duration::from_secs(3);
/// After so long without a renewal others may soon take the holder for gone.
const SURE: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(500);
/// Who says for so long that a lease is there, and that it is not, is no server that can be relied on.
const CONTRADICTION: Duration = Duration::from_secs(20);

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
pub(in crate::apply) struct Hold {
    client: Client,
    namespace: String,
    name: String,
    uid: String,
    renewal: JoinHandle<()>,
    merge: Option<JoinHandle<()>>,
    standing: watch::Receiver<Standing>,
    waited: bool,
}

/// Whether a set is still ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Ours,
    /// Nobody answered for so long that it may be another's by now.
    Unsure,
    Lost,
}

/// Why a set is not ours.
#[derive(Clone, Debug)]
pub(in crate::apply) enum HoldError {
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

fn leases() -> Resource {
    Resource {
        group: "coordination.k8s.io".into(),
        version: "v1".into(),
        kind: "Lease".into(),
        plural: "leases".into(),
        namespaced: true,
        has_status: false,
    }
}

/// Returns what an answer about the lease has to be.
fn reply(set: &ApplySet, part: &str) -> Reply {
    Reply::object(&leases(), &set.namespace, &name(set, part))
}

fn name(set: &ApplySet, part: &str) -> String {
    format!("{}{part}", set.name)
}

fn path(set: &ApplySet, part: &str) -> String {
    leases().object(&set.namespace, &name(set, part))
}

fn body(set: &ApplySet, part: &str, identity: &str, seen: Option<(&str, &str)>) -> String {
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
    if let Some((uid, version)) = seen {
        // Without the uid a lease that is gone would be made anew.
        lease["metadata"]["uid"] = Value::String(uid.to_owned());
        lease["metadata"]["resourceVersion"] = Value::String(version.to_owned());
    }
    lease.to_string()
}

/// Takes a set, waiting for a holder that does not move to be gone; `part` tells shards of one set apart.
pub(in crate::apply) async fn take(
    client: &Client,
    set: &ApplySet,
    part: &str,
    runner: Runner<'_>,
    mut note: impl FnMut(String),
) -> Result<Hold, HoldError> {
    let path = path(set, part);
    let make = || {
        let body = body(set, part, runner.identity, None);
        let path = leases().collection(Some(&set.namespace));
        Call::send(Verb::POST, path, "application/json", body).expecting(reply(set, part))
    };
    let ours = |lease: &Live, waited| hold(client, set, part, runner.identity, lease, waited);
    // Mostly nobody has it.
    let taken = client.patient(&make()).await?;
    match taken.code {
        201 => return Ok(ours(&Live(taken.json()), false)),
        409 => {}
        _ => return Err(HoldError::Failed(taken.message())),
    }
    let mut seen: Option<(String, Instant)> = None;
    let mut waited = false;
    let mut missing: Option<Instant> = None;
    let _waiting = client.waits().begin_for(format!("the set `{}` to be free", set.name));
    loop {
        let answer = client.patient(&Call::get(&path).expecting(reply(set, part))).await?;
        let taken = match answer.code {
            404 => {
                waited = true;
                // Runs that come and go can make it so for a moment.
                let since = *missing.get_or_insert_with(Instant::now);
                if since.elapsed() >= CONTRADICTION {
                    let name = name(set, part);
                    return Err(HoldError::Failed(format!(
                        "the server refuses to make the Lease `{name}` since it is there, and says that it is not there"
                    )));
                }
                if since.elapsed() > LOOK {
                    tokio::time::sleep(LOOK).await;
                }
                client.patient(&make()).await?
            }
            200 => {
                missing = None;
                let lease = Live(answer.json());
                let holder = lease.text(&["spec", "holderIdentity"]).unwrap_or_default().to_owned();
                if holder == runner.identity {
                    // An answer was lost: it is ours already, and a version of it that we do not know is our own.
                    return Ok(ours(&lease, waited));
                }
                let renewed = lease.text(&["spec", "renewTime"]).unwrap_or_default().to_owned();
                let free = holder.is_empty() || (runner.has_ended)(&holder);
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
                let body = body(set, part, runner.identity, Some((lease.uid(), lease.resource_version())));
                let call = Call::send(Verb::PUT, &path, "application/json", body);
                client.patient(&call.expecting(reply(set, part))).await?
            }
            _ => return Err(HoldError::Failed(answer.message())),
        };
        match taken.code {
            200 | 201 => return Ok(ours(&Live(taken.json()), waited)),
            // Somebody was faster: see who.
            409 => waited = true,
            // It was given free at this moment; but where none can be made, its namespace is not there.
            404 if answer.code == 200 => waited = true,
            _ => return Err(HoldError::Failed(taken.message())),
        }
    }
}

fn hold(client: &Client, set: &ApplySet, part: &str, identity: &str, lease: &Live, waited: bool) -> Hold {
    let (tell, standing) = watch::channel(Standing::Ours);
    let renewal = Renewal {
        client: client.clone(),
        path: path(set, part),
        set: set.clone(),
        part: part.to_owned(),
        identity: identity.to_owned(),
        uid: lease.uid().to_owned(),
        version: lease.resource_version().to_owned(),
    };
    let renewal = tokio::spawn(renewal.go_on(tell));
    Hold {
        client: client.clone(),
        namespace: set.namespace.clone(),
        name: name(set, part),
        uid: lease.uid().to_owned(),
        renewal,
        merge: None,
        standing,
        waited,
    }
}

struct Renewal {
    client: Client,
    path: String,
    set: ApplySet,
    part: String,
    identity: String,
    uid: String,
    version: String,
}

impl Renewal {
    /// Renews until the set is somebody else's.
    async fn go_on(mut self, tell: watch::Sender<Standing>) {
        let mut renewed = Instant::now();
        let mut pause = RENEWAL;
        loop {
            tokio::time::sleep(pause).await;
            let sent = Instant::now();
            // The whole process may have slept.
            if renewed.elapsed() >= SURE {
                tell.send_replace(Standing::Unsure);
            }
            match tokio::time::timeout(TRY, self.renew()).await.unwrap_or(Standing::Unsure) {
                Standing::Ours => {
                    renewed = sent;
                    pause = RENEWAL;
                    tell.send_replace(Standing::Ours);
                }
                Standing::Unsure => pause = LOOK,
                Standing::Lost => {
                    tell.send_replace(Standing::Lost);
                    return;
                }
            }
        }
    }

    async fn renew(&mut self) -> Standing {
        let body = body(&self.set, &self.part, &self.identity, Some((&self.uid, &self.version)));
        let reply = reply(&self.set, &self.part);
        let call = Call::send(Verb::PUT, &self.path, "application/json", body).expecting(reply.clone());
        match self.client.call(&call).await {
            Ok(answer) if answer.is_success() => {
                Live(answer.json()).resource_version().clone_into(&mut self.version);
                Standing::Ours
            }
            // Ours still, where an answer was lost; somebody else's otherwise.
            Ok(answer) if matches!(answer.code, 404 | 409) => {
                match self.client.call(&Call::get(&self.path).expecting(reply)).await {
                    Ok(answer) if answer.code == 404 => Standing::Lost,
                    Ok(answer) if answer.is_success() => {
                        let lease = Live(answer.json());
                        if lease.text(&["spec", "holderIdentity"]) != Some(self.identity.as_str()) {
                            return Standing::Lost;
                        }
                        lease.resource_version().clone_into(&mut self.version);
                        Standing::Unsure
                    }
                    _ => Standing::Unsure,
                }
            }
            _ => Standing::Unsure,
        }
    }
}

/// Whether a run of this machine that has ended left the set taken.
pub(in crate::apply) async fn is_left_over(client: &Client, set: &ApplySet, part: &str, runner: Runner<'_>) -> bool {
    let path = path(set, part);
    match client.patient(&Call::get(path).expecting(reply(set, part))).await {
        Ok(answer) if answer.code == 200 => {
            Live(answer.json()).text(&["spec", "holderIdentity"]).is_some_and(runner.has_ended)
        }
        _ => false,
    }
}

impl Hold {
    /// Returns what ends a run: the user, or that the set is not ours any more. While that is open, nothing is sent.
    pub(in crate::apply) fn with_user(&mut self, mut user: watch::Receiver<Interrupt>) -> watch::Receiver<Interrupt> {
        let mut standing = self.standing.clone();
        let (send, merged) = watch::channel(*user.borrow());
        let merge = tokio::spawn(async move {
            loop {
                let ours = match *standing.borrow_and_update() {
                    Standing::Ours => Interrupt::None,
                    Standing::Unsure => Interrupt::Pause,
                    Standing::Lost => Interrupt::Drain,
                };
                send.send_replace(ours.max(*user.borrow_and_update()));
                let open = tokio::select! {
                    changed = user.changed() => changed.is_ok(),
                    // The renewal ends with the loss of the set: there is only the user left to hear.
                    changed = standing.changed(), if ours != Interrupt::Drain => changed.is_ok(),
                };
                if !open {
                    std::future::pending::<()>().await;
                }
            }
        });
        self.merge = Some(merge);
        merged
    }

    /// Whether another run took the set over.
    pub(in crate::apply) fn is_lost(&self) -> bool {
        *self.standing.borrow() == Standing::Lost
    }

    /// Waits until it is known whether the set is ours.
    pub(in crate::apply) async fn is_ours(&self) -> bool {
        let mut standing = self.standing.clone();
        standing.wait_for(|standing| *standing != Standing::Unsure).await.is_ok_and(|known| *known == Standing::Ours)
    }

    /// Whether another run had it when it was asked for, so that what was read before may be no more.
    pub(in crate::apply) fn waited(&self) -> bool {
        self.waited
    }

    /// Gives the set free.
    pub(in crate::apply) async fn release(self) {
        self.renewal.abort();
        if self.is_lost() {
            return;
        }
        // A lease that stays is free after its time.
        let call = delete(&leases(), &self.namespace, &self.name, &self.uid, "Background", false);
        let _ = tokio::time::timeout(Duration::from_secs(5), self.client.patient(&call)).await;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.renewal.abort();
        if let Some(merge) = &self.merge {
            merge.abort();
        }
    }
}
