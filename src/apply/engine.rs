//! The engine: sends what is ready as fast as the pace allows, and brings every object to its end.
//!
//! One loop holds all state; what is in flight is a single request each. An object that is tried again goes back to the
//! queue, so that the pace sees every request, an interruption needs to wait for no more than what is in flight, and a server
//! that is gone is asked by few.

pub(super) mod pace;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::pace::Pace;
use super::event::{Event, Outcome};
use super::heard::Heard;
use crate::cluster::answer::{Passing, Refusal, Verdict, whole};
use crate::cluster::{Answer, Call, Client, Lost, Wait, Waits};
use crate::limits;

/// How long one object is tried in all.
const PATIENCE: Duration = limits::TROUBLE_TIME;
/// However little time is left, a request has so much.
const LEAST: Duration = Duration::from_secs(5);

/// One thing to be done, of one or several requests after each other.
pub(super) trait Task: Send {
    /// Returns the next request.
    fn call(&self) -> Call;
    /// Takes the answer to it.
    fn answered(&mut self, answer: &Answer, effects: &mut Vec<Effect>) -> Next;
    /// What the task is about, for messages.
    fn key(&self) -> &crate::kubernetes::ObjectKey;
    /// What tells which words of others about it may be repeated.
    fn heard(&self) -> Heard<'_> {
        Heard::of_theirs(self.key())
    }
    /// Whether to stop now would leave the cluster without what it had before.
    fn is_half_done(&self) -> bool {
        false
    }
    /// The answer was lost: the server may have done what it was asked, or not.
    fn unanswered(&mut self) {}
    /// Takes the news that its object is gone; says how it goes on, where it waited for that.
    fn gone(&mut self) -> Option<Next> {
        None
    }
    /// What is waited for, for the user.
    fn awaited(&self) -> String {
        format!("the server to take `{}`", self.key())
    }
}

/// What else an answer brings.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// A warning of the server.
    Warning(String),
}

/// How a task goes on.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// It is done.
    Done(Outcome),
    /// It has another request to send.
    Go,
    /// It has another request to send, after a while.
    Wait {
        /// How long.
        after: Duration,
        /// How long it may go on so in all, from its first request.
        patience: Duration,
        /// What is wrong when that is over.
        overdue: &'static str,
    },
    /// The answer did not do it.
    Judge(Verdict),
}

/// How one task ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) number: usize,
    pub(super) outcome: Outcome,
    pub(super) end: End,
    pub(super) tries: u32,
    pub(super) took: Duration,
}

/// Why a task ended so.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// As it should.
    Well,
    /// The last answer says why.
    Verdict(Verdict),
    /// No answer came for too long, or one that is not the server's.
    Lost(Lost),
    /// Something that it needs is not there.
    Needs(usize),
    /// The run ended before.
    NotTried,
}

/// How far an interruption goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interrupt {
    /// None.
    #[default]
    None,
    /// Send nothing until it is known whether the run may go on.
    Pause,
    /// Begin nothing more; finish what is in flight.
    Drain,
    /// Stop at once.
    Abort,
}

impl Interrupt {
    /// Whether the run is to end.
    pub fn is_end(self) -> bool {
        self >= Self::Drain
    }
}

/// Who is told how each task ended.
type Each<'a, T> = dyn FnMut(&mut [T], Ended, Vec<Effect>) + 'a;

/// What carries requests to a server and answers back.
pub(super) trait Transport {
    /// Sends one request, for which there is so much time.
    fn carry(&self, call: Call, left: Duration) -> impl Future<Output = Result<Answer, Lost>> + Send + 'static;
    /// Returns what tells the user for which requests the run waits.
    fn waits(&self) -> &Waits;
}

impl Transport for Client {
    fn carry(&self, call: Call, left: Duration) -> impl Future<Output = Result<Answer, Lost>> + Send + 'static {
        let client = self.clone();
        async move { client.call_within(&call, left).await }
    }

    fn waits(&self) -> &Waits {
        self.waits()
    }
}

/// What a run of the engine needs.
pub(super) struct Engine<'a, T = Client> {
    pub(super) client: &'a T,
    pub(super) pace: &'a mut Pace,
    pub(super) interrupt: &'a mut watch::Receiver<Interrupt>,
    pub(super) start: Instant,
    pub(super) requests: &'a mut usize,
    /// The numbers of tasks whose objects are gone.
    pub(super) news: Option<mpsc::UnboundedReceiver<usize>>,
}

struct State {
    needs: usize,
    users: Vec<usize>,
    tries: u32,
    first: Option<Instant>,
    /// From the first request to the end.
    wait: Option<Wait>,
    passing: u32,
    ended: bool,
}

impl<C: Transport> Engine<'_, C> {
    /// Brings all tasks to their end. `needs` are edges between them, `rank` says which goes first.
    #[expect(clippy::too_many_lines, reason = "the loop of the engine is read best in one piece")]
    pub(super) async fn run<T: Task>(
        &mut self,
        tasks: &mut [T],
        needs: &[Vec<usize>],
        rank: impl Fn(usize) -> usize,
        each: &mut Each<'_, T>,
        tell: &mut dyn FnMut(Event),
    ) {
        let mut states: Vec<State> = needs
            .iter()
            .map(|needed| State {
                needs: needed.len(),
                users: Vec::new(),
                tries: 0,
                first: None,
                wait: None,
                passing: 0,
                ended: false,
            })
            .collect();
        for (user, needed) in needs.iter().enumerate() {
            for needed in needed {
                states[*needed].users.push(user);
            }
        }
        let mut ready: BinaryHeap<Reverse<(usize, usize)>> = (0..tasks.len())
            .filter(|number| states[*number].needs == 0)
            .map(|number| Reverse((rank(number), number)))
            .collect();
        let mut later: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
        let mut flying: JoinSet<(usize, Instant, Result<Answer, Lost>)> = JoinSet::new();
        let mut effects = Vec::new();
        let mut open = tasks.len();
        let mut listening = true;
        // When the server last answered anything but that it is in trouble.
        let mut well = Instant::now();

        while open > 0 {
            let now = Instant::now();
            while let Some(Reverse((at, number))) = later.peek().copied() {
                if at > now {
                    break;
                }
                later.pop();
                if states[number].ended {
                    continue;
                }
                ready.push(Reverse((rank(number), number)));
            }
            let interrupt = *self.interrupt.borrow_and_update();
            if interrupt == Interrupt::Drain {
                ready.retain(|Reverse((_, number))| tasks[*number].is_half_done());
                later.retain(|Reverse((_, number))| tasks[*number].is_half_done());
            }
            let drained = interrupt == Interrupt::Drain && flying.is_empty() && ready.is_empty() && later.is_empty();
            if interrupt == Interrupt::Abort || drained {
                break;
            }
            let held = self.pace.held(now - self.start);
            if held.is_none() && interrupt != Interrupt::Pause {
                while flying.len() < self.pace.limit() {
                    let Some(Reverse((_, number))) = ready.pop() else { break };
                    let state = &mut states[number];
                    if state.ended {
                        continue;
                    }
                    state.tries += 1;
                    let first = *state.first.get_or_insert(now);
                    state.wait.get_or_insert_with(|| self.client.waits().begin_for(tasks[number].awaited()));
                    *self.requests += 1;
                    let left = PATIENCE.saturating_sub(now - first).max(LEAST);
                    let carried = self.client.carry(tasks[number].call(), left);
                    flying.spawn(async move {
                        let sent = Instant::now();
                        (number, sent, carried.await)
                    });
                }
            }
            tell(Event::Pace { flying: flying.len(), limit: self.pace.limit() });

            let wake = later.peek().map(|Reverse((at, _))| *at);
            let wake = match held {
                Some(held) if !ready.is_empty() => Some(wake.map_or(now + held, |at| at.min(now + held))),
                _ => wake,
            };
            let came = tokio::select! {
                Some(Ok((number, sent, result))) = flying.join_next(), if !flying.is_empty() => {
                    Came::Answer(number, sent, result)
                }
                () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => Came::Nothing,
                Some(number) = heard(&mut self.news) => Came::Gone(number),
                changed = self.interrupt.changed(), if listening => {
                    listening = changed.is_ok();
                    Came::Nothing
                }
                else => break,
            };
            let now = Instant::now();
            let busy = flying.len() + 1 >= self.pace.limit();
            let (Came::Answer(number, ..) | Came::Gone(number)) = came else { continue };
            let state = &mut states[number];
            if state.ended {
                continue;
            }
            let first = state.first.unwrap_or(now);
            let spent = now - first;
            let step = match came {
                Came::Nothing => continue,
                Came::Gone(_) => match tasks[number].gone() {
                    Some(next) => next_step(next, state, spent, number),
                    None => continue,
                },
                Came::Answer(_, sent, Ok(answer)) => {
                    let clock = now - self.start;
                    let mut next = tasks[number].answered(&answer, &mut effects);
                    if answer.early && matches!(next, Next::Judge(Verdict::Refused(_))) {
                        next = Next::Judge(Verdict::Passing(Passing::Starting));
                    }
                    match &next {
                        Next::Judge(Verdict::Throttled(wait)) => self.pace.throttled(clock, *wait),
                        Next::Judge(Verdict::Passing(Passing::Server)) => self.pace.troubled(clock, false),
                        _ => {
                            well = now;
                            if answer.is_success() {
                                self.pace.answered(clock, &tasks[number].key().kind, now - sent, busy);
                            }
                        }
                    }
                    next_step(next, state, spent, number)
                }
                Came::Answer(.., Err(lost)) => {
                    self.pace.troubled(now - self.start, true);
                    tasks[number].unanswered();
                    state.passing += 1;
                    if lost.hopeless || spent > PATIENCE {
                        Step::End(Outcome::Failed, End::Lost(lost))
                    } else {
                        Step::Again(pause(state.passing, number), lost.reason)
                    }
                }
            };
            match step {
                Step::Again(after, reason) => {
                    if !reason.is_empty() {
                        let (key, reason) = (tasks[number].key().clone(), tasks[number].heard().reason(&reason));
                        tell(Event::Retrying { key, reason, after });
                    }
                    later.push(Reverse((now + after, number)));
                }
                Step::End(outcome, end) => {
                    // What one object waited for in vain all others would wait for in vain too, one after the other.
                    let gone = well <= first
                        && matches!(
                            end,
                            End::Lost(_) | End::Verdict(Verdict::Passing(Passing::Server) | Verdict::Throttled(_))
                        );
                    let tries = states[number].tries;
                    states[number].ended = true;
                    states[number].wait = None;
                    open -= 1;
                    each(tasks, Ended { number, outcome, end, tries, took: spent }, std::mem::take(&mut effects));
                    if outcome.is_fine() {
                        for user in std::mem::take(&mut states[number].users) {
                            states[user].needs -= 1;
                            if states[user].needs == 0 && !states[user].ended {
                                ready.push(Reverse((rank(user), user)));
                            }
                        }
                    } else {
                        open -= skip_users(number, tasks, &mut states, each);
                    }
                    if gone {
                        break;
                    }
                }
            }
        }
        flying.abort_all();
        for (number, state) in states.iter().enumerate().filter(|(_, state)| !state.ended) {
            let (outcome, end) = (Outcome::Skipped, End::NotTried);
            each(tasks, Ended { number, outcome, end, tries: state.tries, took: Duration::ZERO }, Vec::new());
        }
    }
}

/// What the engine waited for.
enum Came {
    Answer(usize, Instant, Result<Answer, Lost>),
    /// The object of a task is gone.
    Gone(usize),
    Nothing,
}

async fn heard(news: &mut Option<mpsc::UnboundedReceiver<usize>>) -> Option<usize> {
    match news {
        Some(news) => news.recv().await,
        None => None,
    }
}

/// What becomes of a task after an answer.
enum Step {
    Again(Duration, String),
    End(Outcome, End),
}

/// Says how a task goes on.
fn next_step(next: Next, state: &mut State, spent: Duration, number: usize) -> Step {
    match next {
        Next::Done(outcome) => Step::End(outcome, End::Well),
        Next::Go => {
            state.wait.iter().for_each(Wait::renew);
            Step::Again(Duration::ZERO, String::new())
        }
        Next::Wait { after, patience, .. } if spent < patience => Step::Again(after, String::new()),
        Next::Wait { overdue, .. } => {
            Step::End(Outcome::Failed, End::Verdict(Verdict::Refused(vec![whole(overdue, 0)])))
        }
        Next::Judge(verdict) => match &verdict {
            // The pace holds all requests for as long as the server asked.
            Verdict::Throttled(wait) if spent + wait.unwrap_or_default() < PATIENCE => {
                Step::Again(wait.unwrap_or(Duration::from_millis(100)), "the server asks for a slower pace".into())
            }
            Verdict::Passing(passing) => {
                state.passing += 1;
                let (patience, most) = patience(*passing);
                if spent < patience && state.passing <= most {
                    Step::Again(pause(state.passing, number), passing_reason(*passing).into())
                } else {
                    Step::End(Outcome::Failed, End::Verdict(verdict))
                }
            }
            _ => Step::End(Outcome::Failed, End::Verdict(verdict)),
        },
    }
}

fn patience(passing: Passing) -> (Duration, u32) {
    match passing {
        Passing::Server => (PATIENCE, u32::MAX),
        Passing::Race => (Duration::from_secs(60), 40),
        Passing::NotYetVisible | Passing::Starting => (Duration::from_secs(30), u32::MAX),
        Passing::Webhook => (Duration::from_secs(60), u32::MAX),
        Passing::Unknown => (Duration::from_secs(30), 4),
    }
}

fn passing_reason(passing: Passing) -> &'static str {
    match passing {
        Passing::Server => "the server has trouble",
        Passing::Race => "somebody else wrote at the same moment",
        Passing::NotYetVisible => "what it needs is not visible yet",
        Passing::Starting => "the server has just started and may not know yet who may do what",
        Passing::Webhook => "an admission webhook does not answer",
        Passing::Unknown => "the server failed",
    }
}

/// Doubles with every failure, up to two seconds; objects that failed together do not come back together.
fn pause(failures: u32, number: usize) -> Duration {
    let base = 25u64 << failures.min(6);
    let spread = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(failures) % base.max(1);
    Duration::from_millis(base + spread)
}

fn skip_users<T: Task>(failed: usize, tasks: &mut [T], states: &mut [State], each: &mut Each<'_, T>) -> usize {
    let mut skipped = 0;
    let mut causes = vec![failed];
    while let Some(cause) = causes.pop() {
        for user in std::mem::take(&mut states[cause].users) {
            if std::mem::replace(&mut states[user].ended, true) {
                continue;
            }
            skipped += 1;
            let end = End::Needs(failed);
            each(
                tasks,
                Ended { number: user, outcome: Outcome::Skipped, end, tries: 0, took: Duration::ZERO },
                Vec::new(),
            );
            causes.push(user);
        }
    }
    skipped
}

/// What a verdict that ends an object says about its fields.
pub(super) fn refusals(verdict: &Verdict) -> Vec<Refusal> {
    match verdict {
        Verdict::Refused(refusals) | Verdict::Immutable(refusals) => refusals.clone(),
        Verdict::Conflict(_) | Verdict::Done { .. } | Verdict::Untestable => Vec::new(),
        Verdict::Throttled(_) => vec![whole("the server asked for a slower pace again and again", 429)],
        Verdict::Passing(passing) => vec![whole(passing_reason(*passing), 0)],
    }
}

#[cfg(test)]
mod simulation;
