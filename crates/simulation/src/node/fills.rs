//! Flights: from a request that nothing stored answers, to the landing.

use purge_protocol::{Arrival, AsOf, Fill, Flight, Landing, Position, Tags, Verdict};

use super::{Context, Entry, Node};
use crate::message::{Address, Answer, Asker, Body, How, Message, Request, Timer};
use crate::sabotage::Sabotage;
use crate::truth::{Content, Url};

/// Longer than most slow messages, shorter than a reader's patience.
const TIMEOUT: u64 = 2_500;
/// After so many flights in vain (lost, refused, from behind) the request fails.
const ATTEMPTS: u32 = 8;

/// A request aboard a flight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passenger {
    pub asker: Asker,
    pub request: Request,
    pub arrival: Arrival,
    pub rounds: u32,
}

#[derive(Debug)]
pub(super) struct Flying {
    number: u64,
    url: Url,
    flight: Flight,
    /// What the upstream was told that we have, so that it may answer "not modified".
    has: Option<Content>,
    passengers: Vec<Passenger>,
}

impl Node {
    /// Joins a flight under way, or departs.
    pub(super) fn board(&mut self, passenger: Passenger, ctx: &mut Context<'_>) {
        let Passenger { request, arrival, .. } = passenger;
        let blindly = ctx.sabotaged(Sabotage::JoinWithoutLease);
        let joined = self.flights.iter_mut().rev().find(|flying| {
            let admitted = match request.asked {
                Some(asked) => flying.flight.admits_asking(arrival, asked),
                None => flying.flight.admits(arrival),
            };
            flying.url == request.url && (admitted || blindly)
        });
        match joined {
            Some(flying) => {
                ctx.tally.joined += 1;
                flying.passengers.push(passenger);
            }
            None => self.depart(vec![passenger], ctx),
        }
    }

    /// Replaces what is stale, unless that is happening already.
    pub(super) fn refresh(&mut self, url: Url, ctx: &mut Context<'_>) {
        if !self.is_replacing(url) {
            let request = Request { url, asked: None, has: None };
            self.depart_for(request, Vec::new(), ctx);
        }
    }

    pub fn is_replacing(&self, url: Url) -> bool {
        self.flights.iter().any(|flying| flying.url == url)
    }

    /// With passengers of one URL.
    pub(super) fn depart(&mut self, passengers: Vec<Passenger>, ctx: &mut Context<'_>) {
        let furthest = passengers
            .iter()
            .max_by_key(|passenger| passenger.request.asked.map(|asked| asked.position.get()));
        let Some(request) = furthest.map(|passenger| passenger.request) else {
            return;
        };
        if passengers.iter().any(|passenger| passenger.rounds > ATTEMPTS) {
            for passenger in passengers {
                self.refuse(passenger.asker, ctx);
            }
            return;
        }
        self.depart_for(request, passengers, ctx);
    }

    fn depart_for(&mut self, request: Request, passengers: Vec<Passenger>, ctx: &mut Context<'_>) {
        let fences = self.follower.fences();
        let fill = match request.asked {
            Some(asked) if !ctx.sabotaged(Sabotage::NoMinPosition) => Fill::begin_for(fences, asked),
            _ => Fill::begin(fences),
        };
        let Some(fill) = fill else {
            for passenger in passengers {
                self.refuse(passenger.asker, ctx);
            }
            return;
        };
        self.next_flight += 1;
        let number = self.next_flight;
        let has = self.memory.get(&request.url).map(|entry| entry.content);
        let flight = Flight::new(fill, self.local(ctx));
        self.flights.push(Flying { number, url: request.url, flight, has, passengers });
        ctx.tally.leaf_fills += u64::from(self.leaf);
        if self.is_renderer() {
            let headers = self.source_takes(ctx);
            return ctx.later(headers, Timer::ReadSource { flight: number });
        }
        let upstream = self.upstreams[ctx.chance.index(self.upstreams.len())];
        let asker = Asker::Node { node: self.number, life: self.life, ask: number };
        let mut asked = fill.min_position();
        if ctx.sabotaged(Sabotage::NoMinPosition) {
            asked.position = Position::ZERO;
        }
        let request = Request { url: request.url, asked: Some(asked), has };
        ctx.send(Address::Node(upstream), Message::Ask { asker, request });
        ctx.later(TIMEOUT, Timer::TimedOut { flight: number });
    }

    fn source_takes(&self, ctx: &mut Context<'_>) -> u64 {
        let slow = ctx.chance.permille(ctx.faults.slow_sources);
        if slow { ctx.chance.within(100, 2_000) } else { ctx.chance.within(1, 30) }
    }

    pub(super) fn read_source(&mut self, flight: u64, ctx: &mut Context<'_>) {
        let Some(flying) = self.flights.iter().find(|flying| flying.number == flight) else {
            return;
        };
        let failed = ctx.chance.permille(ctx.faults.failing_sources);
        let content = (!failed).then(|| ctx.truth.read(flying.url, ctx.sabotage));
        let body = self.source_takes(ctx);
        ctx.later(body, Timer::SourceAnswered { flight, content });
    }

    pub(super) fn on_source(&mut self, flight: u64, content: Option<Content>, ctx: &mut Context<'_>) {
        let Some(flying) = self.take(flight) else {
            return;
        };
        let Some(content) = content else {
            return self.again(flying.passengers, ctx);
        };
        let tags = ctx.truth.tags(flying.url, ctx.sabotage);
        let stamp = flying.flight.fill().stamp();
        self.land(flying, content, &tags, Some(stamp), ctx);
    }

    pub(super) fn on_answer(&mut self, ask: u64, answer: Option<Answer>, ctx: &mut Context<'_>) {
        let Some(flying) = self.take(ask) else {
            return;
        };
        let Some(Answer { body, tags, said }) = answer else {
            return self.again(flying.passengers, ctx);
        };
        let stored = self.memory.get(&flying.url).map(|entry| entry.content);
        let content = match body {
            Body::Full(content) => content,
            // What was confirmed must still be here: it may have been erased or replaced meanwhile.
            Body::NotModified => match flying.has.filter(|has| stored == Some(*has)) {
                Some(content) => content,
                None => return self.again(flying.passengers, ctx),
            },
        };
        ctx.tally.not_modified += u64::from(body == Body::NotModified);
        let stamp = if ctx.sabotaged(Sabotage::NoMinPosition) {
            Some(flying.flight.fill().stamp())
        } else {
            flying.flight.fill().stamp_from_upstream(said)
        };
        self.land(flying, content, &tags, stamp, ctx);
    }

    pub(super) fn on_timeout(&mut self, flight: u64, ctx: &mut Context<'_>) {
        if let Some(flying) = self.take(flight) {
            self.again(flying.passengers, ctx);
        }
    }

    fn take(&mut self, flight: u64) -> Option<Flying> {
        let place = self.flights.iter().position(|flying| flying.number == flight)?;
        Some(self.flights.remove(place))
    }

    fn again(&mut self, passengers: Vec<Passenger>, ctx: &mut Context<'_>) {
        ctx.tally.refetched += 1;
        let next = |passenger: Passenger| Passenger { rounds: passenger.rounds + 1, ..passenger };
        self.depart(passengers.into_iter().map(next).collect(), ctx);
    }

    fn land(
        &mut self,
        flying: Flying,
        content: Content,
        tags: &Tags,
        stamp: Option<AsOf>,
        ctx: &mut Context<'_>,
    ) {
        let now_known = Fill::begin(self.follower.fences()).map(|fill| fill.stamp());
        let stamp = match ctx.sabotage {
            Some(Sabotage::AsOfAtFillEnd) => now_known,
            _ => stamp,
        };
        let unjudged = ctx.sabotaged(Sabotage::NoArrivalCheck);
        if let Some(stamp) = stamp
            && (unjudged || self.judge(tags, stamp, ctx) == Verdict::Usable)
        {
            self.store(flying.url, Entry::new(content, tags.clone(), stamp, self.incarnation), ctx);
        }
        let first = flying.passengers.first().map(|passenger| passenger.arrival);
        let mut again = Vec::new();
        for passenger in flying.passengers {
            let (arrival, rounds) = match first {
                Some(first) if ctx.sabotaged(Sabotage::JoinersShareOldFills) => (first, Flight::ROUNDS),
                _ => (passenger.arrival, passenger.rounds + 1),
            };
            let landing = match stamp {
                Some(stamp) if unjudged || self.judge(tags, stamp, ctx) == Verdict::Usable => Landing::Stored,
                _ => flying.flight.land(self.follower.fences(), tags, stamp, arrival, rounds),
            };
            match landing {
                Landing::Stored => {
                    let said =
                        stamp.and_then(|stamp| self.follower.fences().reflected(tags, stamp)).or(stamp);
                    self.reply(passenger, content, tags.clone(), said, How::Filled, ctx);
                }
                Landing::Once => {
                    ctx.tally.once += 1;
                    self.reply(passenger, content, tags.clone(), stamp, How::Once, ctx);
                }
                Landing::Again => again.push(passenger),
            }
        }
        if !again.is_empty() {
            self.again(again, ctx);
        }
    }

    fn store(&mut self, url: Url, entry: Entry, ctx: &mut Context<'_>) {
        self.memory.insert(url, entry);
        let behind = ctx.chance.within(5, 400);
        ctx.later(behind, Timer::WriteDisk { url });
    }
}
