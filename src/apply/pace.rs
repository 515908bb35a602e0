//! How many requests may be in flight: as many as make the server faster, and fewer once it says so.
//!
//! The limit climbs while more requests in flight mean more answers a second, which latency alone does not tell: a server
//! at its best answers each single request later. It falls by half when the server asks for it, by less on failures and when
//! answers take twice as long as they did at the same limit.

use std::time::Duration;

/// The limit at the start.
pub const START: usize = 16;
/// The highest limit.
pub const MOST: usize = 256;
/// How much more answers a second make a higher limit worth it.
const GAIN: f64 = 1.04;
/// How long a limit that did not help is left alone.
const REST: Duration = Duration::from_secs(10);

/// The number of requests that may be in flight, as it changes with what the server says. Times count from the start.
#[derive(Clone, Debug)]
pub struct Pace {
    limit: f64,
    fixed: bool,
    /// What may be in flight is nothing until then.
    held_until: Duration,
    /// Until then, nothing that happens makes the limit fall further: it was sent before the last fall.
    deaf_until: Duration,
    /// Until then the limit does not climb.
    settled_until: Duration,
    epoch: Epoch,
    best: Option<Best>,
    lost_in_a_row: u32,
}

#[derive(Clone, Debug, Default)]
struct Epoch {
    start: Duration,
    answers: u32,
    troubles: u32,
    latency: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Best {
    limit: f64,
    rate: f64,
    latency: Duration,
}

impl Pace {
    /// Returns a pace that adapts, or that keeps a number.
    pub fn new(fixed: Option<usize>) -> Self {
        Self {
            #[expect(clippy::cast_precision_loss, reason = "limits are small")]
            limit: fixed.unwrap_or(START).max(1) as f64,
            fixed: fixed.is_some(),
            held_until: Duration::ZERO,
            deaf_until: Duration::ZERO,
            settled_until: Duration::ZERO,
            epoch: Epoch::default(),
            best: None,
            lost_in_a_row: 0,
        }
    }

    /// Returns the limit.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 256")]
    pub fn limit(&self) -> usize {
        self.limit as usize
    }

    /// Returns how long nothing may be sent, where that is so.
    pub fn held(&self, now: Duration) -> Option<Duration> {
        self.held_until.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    /// An answer came; `busy` says whether as many requests as may be were in flight.
    pub fn answered(&mut self, now: Duration, latency: Duration, busy: bool) {
        self.lost_in_a_row = 0;
        if self.fixed {
            return;
        }
        if !busy {
            // What is not full says nothing about what full would be.
            self.epoch = Epoch { start: now, ..Epoch::default() };
            return;
        }
        self.epoch.answers += 1;
        self.epoch.latency += latency;
        if f64::from(self.epoch.answers) < (self.limit * 2.0).max(48.0) {
            return;
        }
        let epoch = std::mem::replace(&mut self.epoch, Epoch { start: now, ..Epoch::default() });
        let elapsed = now.saturating_sub(epoch.start).as_secs_f64();
        if elapsed > 0.0 {
            self.judge(now, f64::from(epoch.answers) / elapsed, epoch.latency / epoch.answers);
        }
    }

    fn judge(&mut self, now: Duration, rate: f64, latency: Duration) {
        match self.best {
            Some(best) if now < self.settled_until => {
                let same_limit = (self.limit - best.limit).abs() < 1.0;
                if same_limit && latency > best.latency * 2 {
                    self.fall(now, 0.8);
                }
            }
            Some(best) if rate < best.rate * GAIN && self.limit > best.limit => {
                self.limit = best.limit;
                self.settled_until = now + REST;
            }
            _ => {
                self.best = Some(Best { limit: self.limit, rate, latency });
                self.limit = (self.limit * 1.5).min(MOST_LIMIT);
            }
        }
    }

    fn fall(&mut self, now: Duration, factor: f64) {
        self.limit = (self.limit * factor).max(1.0);
        self.best = None;
        self.settled_until = now + REST;
        self.epoch = Epoch { start: now, ..Epoch::default() };
    }

    /// The server asked for a slower pace, for some time.
    pub fn throttled(&mut self, now: Duration, wait: Option<Duration>) {
        let wait = wait.unwrap_or(Duration::from_millis(250));
        if now < self.deaf_until {
            return;
        }
        self.held_until = self.held_until.max(now + wait);
        self.deaf_until = now + wait;
        if !self.fixed {
            self.fall(now, 0.5);
        }
    }

    /// A request failed, or its answer never came.
    pub fn troubled(&mut self, now: Duration, lost: bool) {
        if lost {
            self.lost_in_a_row += 1;
        }
        // As many losses as there are requests in flight: the server is gone, and asking faster will not bring it back.
        if f64::from(self.lost_in_a_row) >= self.limit.min(8.0) {
            let doublings = (self.lost_in_a_row / 8).min(6);
            self.held_until = self.held_until.max(now + Duration::from_millis(50u64 << doublings));
        }
        self.epoch.troubles += 1;
        let answers = self.epoch.answers + self.epoch.troubles;
        let much = self.epoch.troubles >= 4 && self.epoch.troubles * 4 > answers;
        if now >= self.deaf_until && !self.fixed && much {
            self.deaf_until = now + Duration::from_millis(500);
            self.fall(now, 0.7);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a small constant")]
const MOST_LIMIT: f64 = MOST as f64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a server that takes `capacity` requests at once, `service` each, behind a distance.
    fn play(pace: &mut Pace, capacity: f64, service: f64, distance: f64, answers: usize) -> f64 {
        let mut now = 0.0;
        for _ in 0..answers {
            let limit = pace.limit() as f64;
            let rate = (limit / (service + distance)).min(capacity / service);
            now += 1.0 / rate;
            pace.answered(Duration::from_secs_f64(now), Duration::from_secs_f64(limit / rate), true);
        }
        now
    }

    #[test]
    fn the_limit_climbs_to_what_the_server_takes_and_not_much_further() {
        let mut near = Pace::new(None);
        play(&mut near, 2.0, 0.002, 0.0, 2000);
        assert_eq!(near.limit(), START, "a near server is full at the start");
        let mut far = Pace::new(None);
        play(&mut far, 2.0, 0.002, 0.1, 5000);
        assert!((80..=160).contains(&far.limit()), "{}", far.limit());
    }

    #[test]
    fn the_limit_falls_once_for_all_that_was_in_flight() {
        let mut pace = Pace::new(None);
        for _ in 0..16 {
            pace.throttled(Duration::ZERO, Some(Duration::from_secs(1)));
        }
        assert_eq!(pace.limit(), 8);
        assert_eq!(pace.held(Duration::ZERO), Some(Duration::from_secs(1)));
        assert_eq!(pace.held(Duration::from_secs(1)), None);
    }

    #[test]
    fn a_fixed_pace_stays() {
        let mut pace = Pace::new(Some(3));
        pace.throttled(Duration::ZERO, None);
        pace.troubled(Duration::ZERO, true);
        assert_eq!(pace.limit(), 3);
    }
}
