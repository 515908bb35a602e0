//! Thousands of runs in virtual time, against a server that is drawn from a seed: what holds in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::*;
use crate::cluster::answer::{Expects, judge};
use crate::kubernetes::ObjectKey;

/// Numbers that a seed gives.
#[derive(Clone, Debug)]
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// What the server has seen.
#[derive(Debug, Default)]
struct World {
    flying: usize,
    most: usize,
    sent: Vec<(Instant, usize)>,
    made: BTreeSet<usize>,
    /// Those that found what they need missing.
    early: Vec<usize>,
}

/// A server that spoils some of the requests, and none of a task that it has spoiled often.
#[derive(Clone, Debug)]
struct Server {
    world: Arc<Mutex<World>>,
    needs: Arc<Vec<Vec<usize>>>,
    draw: Arc<Mutex<Draw>>,
    /// Of a hundred requests so many are spoiled.
    spoiled: u64,
    gone: bool,
    /// What these are answered whatever they ask, with the seconds that the server wants to be left alone.
    stubborn: BTreeMap<usize, (u16, Option<u64>)>,
    waits: Waits,
}

impl Server {
    fn new(seed: u64, needs: &[Vec<usize>], spoiled: u64) -> Self {
        Self {
            world: Arc::default(),
            needs: Arc::new(needs.to_vec()),
            draw: Arc::new(Mutex::new(Draw(seed))),
            spoiled,
            gone: false,
            stubborn: BTreeMap::new(),
            waits: Waits::default(),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panics with it")
    }

    fn answer(&self, number: usize, kind: u64) -> Result<Answer, Lost> {
        let lost = |reason: &str| Err(Lost::passing(reason));
        let answer = |code, retry_after: Option<u64>| {
            Ok(Answer {
                code,
                retry_after: retry_after.map(Duration::from_secs),
                date: None,
                warnings: Vec::new(),
                content: String::new(),
                early: false,
                body: bytes::Bytes::new(),
            })
        };
        if let Some((code, wait)) = self.stubborn.get(&number) {
            return answer(*code, wait.map(|wait| wait.min(60)));
        }
        let mut world = self.world();
        if self.gone || kind == 0 {
            return lost("reset before");
        }
        if kind == 2 {
            return answer(429, None);
        }
        if kind == 3 {
            return answer(429, Some(1));
        }
        if kind == 4 {
            return answer(503, None);
        }
        if number % 17 == 13 {
            return answer(422, None);
        }
        if !self.needs[number].iter().all(|needed| world.made.contains(needed)) {
            world.early.push(number);
        }
        let code = if world.made.insert(number) { 201 } else { 200 };
        if kind == 1 { lost("reset after") } else { answer(code, None) }
    }
}

impl Transport for Server {
    fn waits(&self) -> &Waits {
        &self.waits
    }

    fn carry(&self, call: Call, _: Duration) -> impl Future<Output = Result<Answer, Lost>> + Send + 'static {
        let server = self.clone();
        async move {
            let number: usize = call.path.parse().expect("the path of a test");
            let (kind, time) = {
                let mut draw = server.draw.lock().expect("no test panics with it");
                let spoiled = draw.below(100) < server.spoiled;
                (if spoiled { draw.below(5) } else { 9 }, draw.below(40) + 1)
            };
            {
                let mut world = server.world();
                world.flying += 1;
                world.most = world.most.max(world.flying);
                world.sent.push((Instant::now(), number));
            }
            sleep(Duration::from_millis(time)).await;
            server.world().flying -= 1;
            server.answer(number, kind)
        }
    }
}

#[derive(Debug)]
struct Toy {
    number: usize,
    key: ObjectKey,
}

impl Task for Toy {
    fn call(&self) -> Call {
        Call::get(self.number.to_string())
    }

    fn answered(&mut self, answer: &Answer, _effects: &mut Vec<Effect>) -> Next {
        match judge(answer.code, answer.retry_after, &answer.body, Expects::default()) {
            Verdict::Done { .. } => Next::Done(Outcome::Created),
            verdict => Next::Judge(verdict),
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.key
    }
}

/// Draws which tasks need which earlier ones.
fn needs(draw: &mut Draw, tasks: usize) -> Vec<Vec<usize>> {
    (0..tasks)
        .map(|number| {
            let count = if number == 0 { 0 } else { draw.below(4) / 2 };
            let chosen: BTreeSet<usize> =
                (0..count).map(|_| usize::try_from(draw.below(number as u64)).unwrap_or(0)).collect();
            chosen.into_iter().collect()
        })
        .collect()
}

/// What came of a run.
struct Story {
    ends: Vec<Ended>,
    took: Duration,
}

fn run(server: &Server, concurrency: Option<usize>, interrupts: Vec<(Duration, Interrupt)>) -> Story {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime starts").block_on(async {
        let key = |number: usize| ObjectKey {
            group: "".into(),
            version: "v1".into(),
            kind: "ConfigMap".into(),
            namespace: "test".into(),
            name: number.to_string().into(),
        };
        let mut tasks: Vec<Toy> = (0..server.needs.len()).map(|number| Toy { number, key: key(number) }).collect();
        let (send, mut interrupt) = watch::channel(Interrupt::None);
        tokio::spawn(async move {
            for (after, what) in interrupts {
                sleep(after).await;
                send.send_replace(what);
            }
            std::future::pending::<()>().await;
        });
        let (mut pace, mut requests, mut ends) = (Pace::new(concurrency), 0, Vec::new());
        let start = Instant::now();
        let mut engine = Engine {
            client: server,
            pace: &mut pace,
            interrupt: &mut interrupt,
            start,
            requests: &mut requests,
            news: None,
        };
        let mut each = |_: &mut [Toy], ended: Ended, _: Vec<Effect>| ends.push(ended);
        engine.run(&mut tasks, &server.needs, |number| number % 7, &mut each, &mut |_| {}).await;
        assert!(requests >= server.world().sent.len());
        Story { ends, took: start.elapsed() }
    })
}

/// What holds in every run, whatever happens.
fn assert_sound(seed: u64, server: &Server, story: &Story) {
    let mut numbers: Vec<usize> = story.ends.iter().map(|ended| ended.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..server.needs.len()).collect::<Vec<_>>(), "seed {seed}: each ends once");
    let world = server.world();
    assert!(world.early.is_empty(), "seed {seed}: {:?} were sent before what they need", world.early);
    for ended in &story.ends {
        let made = world.made.contains(&ended.number);
        assert!(!ended.outcome.is_fine() || made, "seed {seed}: {} is not there", ended.number);
        if let End::Needs(needed) = ended.end {
            let of = story.ends.iter().find(|other| other.number == needed).expect("it has ended");
            assert!(!of.outcome.is_fine(), "seed {seed}: what {} needs is there", ended.number);
            assert!(!made, "seed {seed}: {} was sent", ended.number);
        }
    }
}

#[test]
fn each_task_ends_once_after_what_it_needs_and_within_the_limit() {
    for seed in 0..400 {
        let mut draw = Draw(seed);
        let tasks = usize::try_from(draw.below(60) + 1).unwrap_or(1);
        let needs = needs(&mut draw, tasks);
        let server = Server::new(seed, &needs, draw.below(60));
        let limit = usize::try_from(draw.below(9)).ok().filter(|limit| *limit > 0);
        let story = run(&server, limit, Vec::new());
        assert_sound(seed, &server, &story);
        if let Some(limit) = limit {
            assert!(server.world().most <= limit, "seed {seed}: {} in flight of {limit}", server.world().most);
        }
        for ended in &story.ends {
            let refused = ended.number % 17 == 13;
            match ended.end {
                End::Well => assert!(!refused, "seed {seed}"),
                End::Verdict(_) => assert!(refused, "seed {seed}: {ended:?}"),
                End::Needs(_) => {}
                End::Lost(_) | End::NotTried => panic!("seed {seed}: {ended:?}"),
            }
        }
    }
}

#[test]
fn an_interruption_sends_nothing_more() {
    for seed in 0..500 {
        let mut draw = Draw(seed);
        let needs = needs(&mut draw, 80);
        let server = Server::new(seed, &needs, 30);
        let at = Duration::from_millis(draw.below(200));
        let what = if seed % 2 == 0 { Interrupt::Drain } else { Interrupt::Abort };
        let story = run(&server, Some(4), vec![(at, what)]);
        assert_sound(seed, &server, &story);
        let first = server.world().sent.first().map(|(sent, _)| *sent);
        let late = server.world().sent.iter().filter(|(sent, _)| *sent > first.unwrap_or(*sent) + at).count();
        assert_eq!(late, 0, "seed {seed}: sent after {what:?}");
        let most = if what == Interrupt::Abort { at } else { at + Duration::from_millis(50) };
        assert!(story.took <= most, "seed {seed}: {what:?} took {:?}", story.took);
    }
}

#[test]
fn a_pause_sends_nothing_and_ends_nothing() {
    for seed in 0..200 {
        let needs = needs(&mut Draw(seed), 80);
        let server = Server::new(seed, &needs, 20);
        let (from, length) = (Duration::from_millis(seed), Duration::from_secs(30));
        let story = run(&server, Some(4), vec![(from, Interrupt::Pause), (length, Interrupt::None)]);
        assert_sound(seed, &server, &story);
        let world = server.world();
        let first = world.sent.first().map(|(sent, _)| *sent).expect("something was sent");
        let paused = world.sent.iter().filter(|(sent, _)| *sent > first + from && *sent < first + from + length);
        assert_eq!(paused.count(), 0, "seed {seed}");
        assert!(!story.ends.iter().any(|ended| matches!(ended.end, End::NotTried | End::Lost(_))), "seed {seed}");
    }
}

#[test]
fn a_server_that_is_gone_for_good_ends_the_run_soon_for_all() {
    for concurrency in [None, Some(8)] {
        let needs = vec![Vec::new(); 1000];
        let server = Server { gone: true, ..Server::new(1, &needs, 0) };
        let story = run(&server, concurrency, Vec::new());
        assert_sound(1, &server, &story);
        assert!(story.took < Duration::from_secs(150), "{:?}", story.took);
        assert!(story.ends.iter().all(|ended| !ended.outcome.is_fine()));
        let sent = server.world().sent.len();
        assert!(sent < 2000, "a server that is gone was asked {sent} times");
    }
}

#[test]
fn one_that_is_refused_for_ever_ends_in_its_time_while_others_go_on() {
    for stubborn in [(429, None), (429, Some(1)), (429, Some(u64::MAX)), (503, None), (503, Some(2))] {
        let needs = vec![Vec::new(); 50];
        let server = Server { stubborn: BTreeMap::from([(3, stubborn)]), ..Server::new(1, &needs, 0) };
        let story = run(&server, None, Vec::new());
        let failed = story.ends.iter().find(|ended| ended.number == 3).expect("it has ended");
        assert_eq!(failed.outcome, Outcome::Failed, "{stubborn:?}");
        assert!(failed.took <= PATIENCE + Duration::from_secs(3), "{stubborn:?}: {:?}", failed.took);
        assert!(story.took <= PATIENCE * 2, "{stubborn:?}: {:?}", story.took);
        let fine = story.ends.iter().filter(|ended| ended.outcome.is_fine()).count();
        assert_eq!(fine, 50 - 1 - (0..50).filter(|number| number % 17 == 13).count(), "{stubborn:?}");
    }
}
