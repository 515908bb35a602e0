//! How many requests may be in flight: as many as the server answers without letting them wait.
//!
//! A request of a kind takes some time at best: the distance, and the work. While answers come in little more than that, more
//! requests in flight mean more answers a second; once they take twice as long, or a moment longer, every further request
//! would only wait at the server. Far away the start is as high as the distance asks for, since to climb takes its time too. Where the server refuses requests, as many fewer are in flight as it has refused. Single failures say nothing
//! about the pace, many at once do.

use std::collections::BTreeMap;
use std::time::Duration;

/// The limit at the start; waiting alone makes it no lower.
const START: usize = 16;
/// The highest limit.
const MOST: usize = 256;
/// Answers that take so many times what they take at best have waited.
const WAITED: f64 = 2.0;
/// Answers that take so many times what they take at best have waited too long.
const WAITED_LONG: f64 = 3.0;
/// To wait so many seconds is no time, however fast the server is at best: one that has some requests at hand does more of
/// them a second, as it writes several at once.
const SHORT: f64 = 0.048;
/// For so many seconds that an answer takes at best, as many requests are in flight at the start as there are at least.
const NEAR: f64 = 0.006;
/// The highest start.
const MOST_START: f64 = 64.0;
/// To ask whether the server takes more may cost one part in so many of the time.
const COST: u32 = 10;
/// How long the limit stays after many failures.
const REST: Duration = Duration::from_secs(3);

/// The number of requests that may be in flight, as it changes with what the server says. Times count from the start.
#[derive(Clone, Debug)]
pub(in crate::apply) struct Pace {
    limit: f64,
    fixed: bool,
    /// What may be in flight is nothing until then.
    held_until: Duration,
    /// What fails until then was sent before the last fall.
    deaf_until: Duration,
    /// Until then the limit does not climb.
    settled_until: Duration,
    /// The limit at which the server refused; from there on it climbs one by one.
    ceiling: f64,
    epoch: Epoch,
    /// What a request of each kind takes at best, in seconds.
    best: BTreeMap<String, f64>,
    lost_in_a_row: u32,
}

#[derive(Clone, Debug, Default)]
struct Epoch {
    answers: u32,
    troubles: u32,
    stretch: f64,
}

impl Pace {
    /// Returns a pace that adapts, or that keeps a number.
    pub(in crate::apply) fn new(fixed: Option<usize>) -> Self {
        Self {
            #[expect(clippy::cast_precision_loss, reason = "limits are small")]
            limit: fixed.unwrap_or(START).max(1) as f64,
            fixed: fixed.is_some(),
            held_until: Duration::ZERO,
            deaf_until: Duration::ZERO,
            settled_until: Duration::ZERO,
            ceiling: MOST_LIMIT,
            epoch: Epoch::default(),
            best: BTreeMap::new(),
            lost_in_a_row: 0,
        }
    }

    /// Starts as high as is worth it where an answer takes so long at best.
    #[must_use]
    pub(in crate::apply) fn at_distance(mut self, answer: Duration) -> Self {
        if !self.fixed {
            self.limit = (START_LIMIT * answer.as_secs_f64() / NEAR).clamp(START_LIMIT, MOST_START);
        }
        self
    }

    /// Returns the limit.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 256")]
    pub(in crate::apply) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// Returns how long nothing may be sent, where that is so.
    pub(super) fn held(&self, now: Duration) -> Option<Duration> {
        self.held_until.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    /// A request for an object of a kind was done; `busy` says whether as many as may be were in flight.
    pub(super) fn answered(&mut self, now: Duration, kind: &str, latency: Duration, busy: bool) {
        self.lost_in_a_row = 0;
        if self.fixed {
            return;
        }
        let latency = latency.as_secs_f64().max(1e-6);
        let best = match self.best.get_mut(kind) {
            Some(best) => {
                *best = best.min(latency);
                *best
            }
            None => *self.best.entry(kind.to_owned()).or_insert(latency),
        };
        self.epoch.answers += 1;
        self.epoch.stretch += 1.0 + (latency - best) / best.max(SHORT);
        if f64::from(self.epoch.answers) < self.limit.max(START_LIMIT) {
            return;
        }
        let epoch = std::mem::take(&mut self.epoch);
        // What is not full says nothing about what full would be.
        if busy && now >= self.settled_until {
            self.adapt(epoch.stretch / f64::from(epoch.answers));
        }
    }

    /// Takes how many times longer than at best answers took lately.
    fn adapt(&mut self, stretch: f64) {
        if stretch < WAITED {
            let next = if self.limit < self.ceiling { (self.limit * 1.5).min(self.ceiling) } else { self.limit + 1.0 };
            self.limit = next.max(self.limit).min(MOST_LIMIT);
            self.ceiling = self.ceiling.max(self.limit);
        } else if stretch > WAITED_LONG && self.limit > START_LIMIT {
            self.limit = (self.limit * 0.8).max(START_LIMIT);
        }
    }

    /// The server refused a request for want of room, and asked for some time.
    pub(super) fn throttled(&mut self, now: Duration, wait: Option<Duration>) {
        let wait = wait.unwrap_or(Duration::from_millis(250));
        self.lost_in_a_row = 0;
        if now >= self.deaf_until {
            self.held_until = self.held_until.max(now + wait);
            self.deaf_until = now + wait;
            self.settled_until = now + wait * COST;
        }
        if !self.fixed {
            self.limit = (self.limit - 1.0).max(1.0);
            self.ceiling = self.limit;
            self.epoch = Epoch::default();
        }
    }

    /// A request failed, or its answer never came.
    pub(super) fn troubled(&mut self, now: Duration, lost: bool) {
        if lost {
            self.lost_in_a_row += 1;
        }
        // As many losses as there are requests in flight: the server is gone, and asking faster will not bring it back.
        if f64::from(self.lost_in_a_row) >= self.limit.min(8.0) {
            let doublings = (self.lost_in_a_row / 8).min(6);
            self.held_until = self.held_until.max(now + Duration::from_millis(50u64 << doublings));
        }
        self.epoch.troubles += 1;
        let many = self.epoch.troubles >= 4 && self.epoch.troubles * 4 > self.epoch.answers + self.epoch.troubles;
        if many && now >= self.deaf_until && !self.fixed {
            self.deaf_until = now + Duration::from_millis(500);
            self.settled_until = self.settled_until.max(now + REST);
            self.limit = (self.limit * 0.7).max(1.0);
            self.epoch = Epoch::default();
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a small constant")]
const START_LIMIT: f64 = START as f64;
#[expect(clippy::cast_precision_loss, reason = "a small constant")]
const MOST_LIMIT: f64 = MOST as f64;

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "limits are small")]
mod tests {
    use super::*;

    /// A server that does `capacity` requests at once, `service` seconds each, behind a distance.
    struct Server {
        capacity: f64,
        service: f64,
        distance: f64,
    }

    impl Server {
        fn rate(&self, limit: f64) -> f64 {
            (limit / (self.service + self.distance)).min(self.capacity / self.service)
        }

        /// Plays some answers, of which the first ones find it idle; returns the time.
        fn play(&self, pace: &mut Pace, from: f64, kind: &str, answers: usize) -> f64 {
            let mut now = from;
            for number in 0..answers {
                let limit = pace.limit() as f64;
                let rate = self.rate(limit);
                now += 1.0 / rate;
                let latency = if number == 0 { self.service + self.distance } else { limit / rate };
                pace.answered(Duration::from_secs_f64(now), kind, Duration::from_secs_f64(latency), true);
            }
            now
        }
    }

    #[test]
    fn the_limit_climbs_to_what_the_server_takes_and_not_much_further() {
        let near = Server { capacity: 2.0, service: 0.002, distance: 0.0 };
        let mut pace = Pace::new(None);
        near.play(&mut pace, 0.0, "ConfigMap", 2000);
        assert!((32..=64).contains(&pace.limit()), "{} at a near server, which has some at hand", pace.limit());
        let slow = Server { capacity: 2.0, service: 0.05, distance: 0.0 };
        let mut pace = Pace::new(None);
        slow.play(&mut pace, 0.0, "ConfigMap", 2000);
        assert_eq!(pace.limit(), START, "a slow server is full at the start");
        for (distance, full) in [(0.02, 22.0), (0.1, 102.0)] {
            let far = Server { capacity: 2.0, service: 0.002, distance };
            let mut pace = Pace::new(None);
            far.play(&mut pace, 0.0, "ConfigMap", 5000);
            let limit = pace.limit() as f64;
            assert!((full..full * 4.0).contains(&limit), "{limit} at {distance}");
        }
    }

    #[test]
    fn far_away_it_starts_high() {
        let start = |millis| Pace::new(None).at_distance(Duration::from_millis(millis)).limit();
        assert_eq!((start(1), start(6), start(12), start(22), start(500)), (16, 16, 32, 58, 64));
        assert_eq!(Pace::new(Some(3)).at_distance(Duration::from_millis(22)).limit(), 3);
        let slow = Server { capacity: 2.0, service: 0.05, distance: 0.0 };
        let mut pace = Pace::new(None).at_distance(Duration::from_millis(50));
        slow.play(&mut pace, 0.0, "ConfigMap", 2000);
        assert!(pace.limit() <= START * 2, "{} at a server that is slow and not far", pace.limit());
    }

    #[test]
    fn a_kind_that_takes_longer_is_no_reason_to_send_less_or_more() {
        let mut pace = Pace::new(None);
        let fast = Server { capacity: 2.0, service: 0.002, distance: 0.02 };
        let slow = Server { capacity: 2.0, service: 0.004, distance: 0.02 };
        let now = fast.play(&mut pace, 0.0, "ConfigMap", 2000);
        let before = pace.limit();
        slow.play(&mut pace, now, "Deployment", 2000);
        assert!((before / 2..=before * 2).contains(&pace.limit()), "{before}, then {}", pace.limit());
    }

    #[test]
    fn the_limit_falls_by_what_was_refused() {
        let mut pace = Pace::new(None);
        for _ in 0..11 {
            pace.throttled(Duration::ZERO, Some(Duration::from_secs(1)));
        }
        assert_eq!(pace.limit(), 5);
        assert_eq!(pace.held(Duration::ZERO), Some(Duration::from_secs(1)));
        assert_eq!(pace.held(Duration::from_secs(1)), None);
        let server = Server { capacity: 5.0, service: 0.01, distance: 0.0 };
        server.play(&mut pace, 1.0, "ConfigMap", 400);
        assert_eq!(pace.limit(), 5, "a server that refused is not asked for more so soon");
        server.play(&mut pace, 10.0, "ConfigMap", 20);
        assert_eq!(pace.limit(), 6, "and then one by one");
    }

    #[test]
    fn single_failures_do_not_make_it_slower_and_many_do() {
        let mut pace = Pace::new(None);
        let second = Duration::from_secs(1);
        for _ in 0..100 {
            pace.troubled(second, false);
            for _ in 0..9 {
                pace.answered(second, "ConfigMap", Duration::from_millis(50), false);
            }
        }
        assert_eq!(pace.limit(), START);
        for _ in 0..16 {
            pace.troubled(second, true);
        }
        assert_eq!(pace.limit(), 11, "once for all that was in flight");
        assert!(pace.held(second).is_some(), "the server is gone");
    }

    #[test]
    fn a_fixed_pace_stays() {
        let mut pace = Pace::new(Some(3));
        pace.throttled(Duration::ZERO, None);
        for _ in 0..100 {
            pace.troubled(Duration::from_secs(1), true);
        }
        assert_eq!(pace.limit(), 3);
    }
}
