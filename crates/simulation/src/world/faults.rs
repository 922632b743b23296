//! What goes wrong in a run, and how it is healed.

use purge_protocol::Renewal;

use super::cast::clock;
use super::{Event, World};
use crate::message::{Address, NodeNumber};
use crate::node::Loss;
use crate::sabotage::Sabotage;
use crate::scenario::{Faults, HEAL};

#[derive(Debug)]
pub(super) enum Fault {
    Partition,
    Kill,
    Start {
        node: NodeNumber,
    },
    Suspend,
    KillControl,
    StartControl,
    Evict,
    /// An operator takes a node that is cut off for one that is gone for good.
    Forget,
    /// Only in a sabotaged run: the lease is booked after its answer was made.
    BookLate {
        from: NodeNumber,
        renewal: Box<Renewal>,
    },
}

impl World {
    pub(super) fn plan_faults(&mut self) {
        let Faults {
            partition_every,
            restart_every,
            suspend_every,
            control_restart_every,
            evict_every,
            forget_every,
            ..
        } = self.scenario.faults;
        for (every, fault) in [
            (partition_every, Fault::Partition),
            (restart_every, Fault::Kill),
            (suspend_every, Fault::Suspend),
            (control_restart_every, Fault::KillControl),
            (evict_every, Fault::Evict),
            (forget_every, Fault::Forget),
        ] {
            self.plan(every, fault);
        }
    }

    fn plan(&mut self, every: u64, fault: Fault) {
        if every > 0 {
            let after = self.chance.within(every / 2, every * 3 / 2);
            self.agenda.add(self.now + after, Event::Fault(fault));
        }
    }

    pub(super) fn strike(&mut self, fault: Fault) {
        if let Fault::BookLate { from, renewal } = fault {
            self.book(from, &renewal);
            return;
        }
        if self.healed {
            return;
        }
        let faults = self.scenario.faults.clone();
        match fault {
            Fault::Partition => {
                let (one, other) = self.network.cut_somewhere(self.nodes.len(), self.now, &mut self.chance);
                self.note(|world| format!("cut between {} and {}", world.name(one), world.name(other)));
                self.plan(faults.partition_every, Fault::Partition);
            }
            Fault::Kill => {
                let node = self.chance.index(self.nodes.len());
                if self.nodes[node].up {
                    self.note(|world| format!("{} dies", world.nodes[node].name));
                    self.nodes[node].stop();
                    self.checker.edge_died(node, self.now);
                    let down = self.chance.within(50, 5_000);
                    self.agenda.add(self.now + down, Event::Fault(Fault::Start { node }));
                }
                self.plan(faults.restart_every, Fault::Kill);
            }
            Fault::Start { node } => self.start(node),
            Fault::Suspend => {
                let node = self.chance.index(self.nodes.len());
                let asleep = self.chance.within(100, 6_000);
                self.suspend(node, asleep);
                self.plan(faults.suspend_every, Fault::Suspend);
            }
            Fault::KillControl => {
                if self.control.up {
                    self.note(|_| "control dies".to_owned());
                    self.control.stop(self.options.sabotage);
                    let down = self.chance.within(50, 3_000);
                    self.agenda.add(self.now + down, Event::Fault(Fault::StartControl));
                }
                self.plan(faults.control_restart_every, Fault::KillControl);
            }
            Fault::StartControl => self.start_control(),
            Fault::Evict => {
                let node = self.chance.index(self.nodes.len());
                let url = self.chance.index(self.truth.urls.len());
                self.nodes[node].memory.remove(&url);
                self.plan(faults.evict_every, Fault::Evict);
            }
            Fault::Forget => {
                self.forget();
                self.plan(faults.forget_every, Fault::Forget);
            }
            Fault::BookLate { .. } => {}
        }
    }

    fn start(&mut self, node: NodeNumber) {
        if self.nodes[node].up {
            return;
        }
        let loss = match self.chance.index(4) {
            0 => Loss::Lost,
            1 => Loss::Torn,
            _ => Loss::Warm,
        };
        self.note(|world| format!("{} starts with its disk {loss:?}", world.nodes[node].name));
        let clock = clock(&mut self.chance, self.scenario.faults.drift);
        self.nodes[node].clock = clock;
        if self.scenario.faults.partition_every > 0 && self.chance.percent(30) {
            let until = self.now + self.chance.within(500, 6_000);
            self.network.cut(Address::Node(node), Address::Control, until);
        }
        self.with_node(node, |node, ctx| node.start(loss, ctx));
    }

    fn forget(&mut self) {
        if !self.control.up {
            return;
        }
        let number = self.chance.index(self.nodes.len());
        let name = self.nodes[number].name.clone();
        if self.control.declare_gone(&name, self.now, self.options.sabotage) {
            self.note(|_| format!("an operator declares {name} gone"));
            self.gone.insert(number);
        }
    }

    /// `SIGSTOP`, or a virtual machine that is moved.
    fn suspend(&mut self, number: NodeNumber, asleep: u64) {
        let now = self.now;
        let node = &mut self.nodes[number];
        if !node.up || node.suspended_until > now {
            return;
        }
        node.suspended_until = now + asleep;
        if self.options.sabotage == Some(Sabotage::LeaseClockSleeps) {
            node.clock.slept += asleep;
        }
        self.note(|world| format!("{} sleeps for {asleep} ms", world.nodes[number].name));
    }

    fn start_control(&mut self) {
        if self.control.up {
            return;
        }
        let clock = clock(&mut self.chance, self.scenario.faults.drift);
        if std::mem::take(&mut self.scenario.faults.rollback) {
            let backup = self.now.saturating_sub(4_000);
            let lost = self.control.start_from_backup(clock, backup, self.now);
            self.note(|_| format!("control starts from a backup, without {lost:?}"));
            self.submitted.retain(|number| !lost.contains(number));
        } else {
            self.note(|_| "control starts".to_owned());
            self.control.start(clock, self.now);
        }
        self.resume_control();
    }

    /// From here on nothing goes wrong any more, and all must come right.
    pub(super) fn heal(&mut self) {
        debug_assert_eq!(self.now, HEAL);
        self.note(|_| "all faults are healed".to_owned());
        for node in 0..self.nodes.len() {
            self.start(node);
            self.nodes[node].suspended_until = self.nodes[node].suspended_until.min(self.now);
        }
        self.start_control();
        self.network.heal();
        self.scenario.faults = Faults { drift: self.scenario.faults.drift, ..Faults::default() };
        self.healed = true;
    }
}
