//! What a node keeps through a restart, and how it starts again.

use std::collections::BTreeMap;

use purge_protocol::{Batch, Erasure, Follower, Grant, Mode, Moment, Position, Record, SavedFences, Verdict};

use super::{Context, Entry, Node};
use crate::message::Timer;
use crate::sabotage::Sabotage;
use crate::truth::Url;

#[derive(Debug, Default)]
pub struct Disk {
    pub entries: BTreeMap<Url, Entry>,
    fences: Option<Written>,
    /// What a torn write falls back to.
    fences_before: Option<Written>,
}

/// Fences, and the life that wrote them down.
type Written = (u64, SavedFences);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    Warm,
    /// The last writes did not make it: older fences, and some responses missing.
    Torn,
    Lost,
}

impl Disk {
    pub fn save_fences(&mut self, incarnation: u64, follower: &Follower) {
        if let Some(saved) = follower.to_save() {
            self.fences_before = self.fences.replace((incarnation, saved));
        }
    }

    fn tear(&mut self, ctx: &mut Context<'_>) {
        self.fences = self.fences_before.take();
        self.entries.retain(|_, _| ctx.chance.percent(50));
    }
}

impl Node {
    /// Written behind: what is fenced meanwhile must not reach the disk.
    pub(super) fn write_disk(&mut self, url: Url, ctx: &Context<'_>) {
        let Some(entry) = self.memory.get(&url) else {
            return;
        };
        if !matches!(self.judge_stored(entry, ctx), Verdict::Unusable(_)) {
            self.disk.entries.insert(url, entry.copy());
        }
    }

    pub(super) fn erase(&mut self, erasure: &Erasure) {
        let stays = |entry: &Entry| !erasure.covers(&entry.tags, entry.as_of);
        self.memory.retain(|_, entry| stays(entry));
        self.disk.entries.retain(|_, entry| stays(entry));
        self.follower.carried_out(erasure);
    }

    pub fn stop(&mut self) {
        self.up = false;
        self.memory.clear();
        self.flights.clear();
        self.polls.clear();
    }

    /// Another life, with what the disk still holds.
    pub fn start(&mut self, loss: Loss, ctx: &mut Context<'_>) {
        self.up = true;
        self.life += 1;
        self.incarnation += 1;
        self.suspended_until = 0;
        self.heard = Position::ZERO;
        match loss {
            Loss::Warm => {}
            Loss::Torn => self.disk.tear(ctx),
            Loss::Lost => self.disk = Disk::default(),
        }
        self.inherits_from = self.disk.fences.as_ref().map(|(life, _)| *life);
        self.follower = match self.disk.fences.clone() {
            Some((_, saved)) => Follower::restore(saved, self.fence_capacity),
            // Without fences nobody knows what was erased meanwhile: what is on disk goes (invariant 8).
            None => {
                self.disk.entries.clear();
                Follower::new(purge_protocol::Fences::unfollowed(self.fence_capacity))
            }
        };
        if ctx.sabotaged(Sabotage::RestartForgetsFences) {
            self.forget_fences();
        }
        self.memory = self.disk.entries.iter().map(|(url, entry)| (*url, entry.copy())).collect();
        ctx.tally.restarts += 1;
        let booting = ctx.chance.within(0, 300);
        ctx.later(booting, Timer::Poll);
        ctx.later(500, Timer::SaveFences);
    }

    /// Keeps the position and nothing else, by applying as many records that name no tag.
    fn forget_fences(&mut self) {
        let (Some(log), applied) = (self.follower.fences().log(), self.follower.applied()) else {
            return;
        };
        let record = |position| Record {
            position: Position::new(position),
            purge: String::new(),
            tags: Vec::new(),
            mode: Mode::Hard,
            at: 0,
        };
        let batch = Batch {
            log,
            start: Position::new(1),
            head: applied,
            records: (1..=applied.get()).map(record).collect(),
            grant: Grant { millis: 0 },
        };
        self.follower = Follower::new(purge_protocol::Fences::unfollowed(self.fence_capacity));
        self.follower.receive(&batch, Moment(0), purge_protocol::Drift::DEFAULT);
    }
}
