//! Those who change sources and presets, and purge.

use purge_protocol::{Mode, Subject};

use super::{Event, World};
use crate::control::{Announced, Chore, Order, PurgeNumber};
use crate::sabotage::Sabotage;
use crate::scenario::HEAL;
use crate::truth::{preset_name, url_name};

/// A change of what is really so.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Original(usize),
    Preset(usize),
    Restored(usize),
}

impl World {
    /// Something changes, and mostly someone purges it.
    pub(super) fn write(&mut self) {
        if self.now >= HEAL - 500 || self.scenario.write_every == 0 {
            return;
        }
        let every = self.scenario.write_every;
        let next = self.chance.within(every / 2, every * 3 / 2);
        self.agenda.add(self.now + next, Event::Write);

        let number = self.chance.index(self.truth.originals.len());
        if self.truth.is_removed(number) {
            return self.change_and_purge(Change::Restored(number), Mode::Hard);
        }
        if self.chance.percent(self.scenario.faults.erase_percent) {
            let subject = self.truth.originals[number].subject();
            return self.order(Order { subject, mode: Mode::Erase, announces: None });
        }
        let change = if self.chance.percent(15) {
            Change::Preset(self.chance.index(self.truth.presets.len()))
        } else {
            Change::Original(number)
        };
        if self.chance.percent(5) {
            // Nobody announces it: nobody is promised anything.
            return self.change(change);
        }
        let mode = if self.chance.percent(30) { Mode::Soft } else { Mode::Hard };
        self.change_and_purge(change, mode);
    }

    fn change_and_purge(&mut self, change: Change, mode: Mode) {
        let announces = match change {
            Change::Original(number) | Change::Restored(number) => {
                Announced::Original { number, version: self.truth.originals[number].version + 1 }
            }
            Change::Preset(number) => Announced::Preset { number, version: self.truth.presets[number] + 1 },
        };
        if self.options.sabotage == Some(Sabotage::RecordBeforeState) {
            self.agenda.add(self.now + 600, Event::Change(change));
        } else {
            self.change(change);
        }
        let subject = self.subject(change);
        self.order(Order { subject, mode, announces: Some(announces) });
    }

    /// One of the ways to name what changed.
    fn subject(&mut self, change: Change) -> Subject {
        let number = match change {
            Change::Preset(number) => return Subject::Preset(preset_name(number)),
            Change::Original(number) | Change::Restored(number) => number,
        };
        let original = &self.truth.originals[number];
        let mut subjects = Subject::of_original(original.source, original.path);
        let urls = (0..self.truth.urls.len()).filter(|url| self.truth.urls[*url].original == number);
        subjects.extend(urls.map(|url| Subject::Url(url_name(url))));
        if self.chance.percent(3) {
            return Subject::Tenant;
        }
        if self.chance.percent(40) {
            return original.subject();
        }
        subjects.swap_remove(self.chance.index(subjects.len()))
    }

    pub(super) fn change(&mut self, change: Change) {
        match change {
            Change::Original(number) => self.truth.originals[number].version += 1,
            Change::Preset(number) => self.truth.presets[number] += 1,
            Change::Restored(number) => self.truth.restore(number),
        }
        self.note(|world| format!("{change:?}: {:?} {:?}", world.truth.originals, world.truth.presets));
    }

    fn order(&mut self, order: Order) {
        self.next_purge += 1;
        let number = self.next_purge;
        let after = self.chance.within(1, 30);
        self.agenda.add(self.now + after, Event::Submit { number, order });
    }

    /// Asks again with the same key until the control plane has accepted it.
    pub(super) fn submit(&mut self, number: PurgeNumber, order: Order) {
        let lost = self.chance.permille(self.scenario.faults.loss);
        if !self.control.up || lost {
            return self.agenda.add(self.now + 300, Event::Submit { number, order });
        }
        self.control.accept(number, order, self.now);
        if !self.submitted.contains(&number) {
            self.submitted.push(number);
        }
        let preparing = self.chance.within(1, 60);
        self.chore(preparing, Chore::Append(number));
    }

    /// Before its record is appended, an erasure removes the original: the tombstone stands (invariant 2).
    pub(super) fn prepare(&mut self, number: PurgeNumber) {
        let Some(purge) = self.control.purges.get(&number).filter(|purge| purge.order.mode == Mode::Erase)
        else {
            return;
        };
        self.truth.remove(&purge.order.subject, &number.to_string());
    }

    pub(super) fn resume_control(&mut self) {
        for number in self.control.unappended() {
            self.chore(10, Chore::Append(number));
        }
        self.chore(10, Chore::Settle);
        if self.scenario.faults.trim_every > 0 {
            self.chore(self.scenario.faults.trim_every, Chore::Trim);
        }
    }
}
