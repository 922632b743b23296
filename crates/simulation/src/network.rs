//! The wires: messages are lost, late, repeated, overtaken, and cut off in one direction or both.

use std::collections::BTreeMap;

use crate::agenda::Time;
use crate::chance::Chance;
use crate::message::{Address, NodeNumber};
use crate::scenario::{Faults, GRANT};

#[derive(Debug, Default)]
pub struct Network {
    /// One direction each, until then.
    cut: BTreeMap<(Address, Address), Time>,
}

impl Network {
    /// After how many milliseconds each copy of a message arrives; none if it is lost.
    pub fn arrivals(
        &self,
        from: Address,
        to: Address,
        now: Time,
        faults: &Faults,
        chance: &mut Chance,
    ) -> Vec<u64> {
        if self.cut.get(&(from, to)).is_some_and(|until| now < *until) || chance.permille(faults.loss) {
            return Vec::new();
        }
        let copies = if chance.permille(faults.duplication) { 2 } else { 1 };
        let mut delay = || {
            let slow = chance.permille(faults.slow);
            if slow { chance.within(100, 2 * GRANT) } else { chance.within(1, 8) }
        };
        (0..copies).map(|_| delay()).collect()
    }

    /// Cuts one node off from the control plane, or from another node, one way or both.
    pub fn cut_somewhere(&mut self, nodes: usize, now: Time, chance: &mut Chance) -> (Address, Address) {
        let one = Address::Node(chance.index(nodes));
        let other = if chance.percent(70) { Address::Control } else { Address::Node(chance.index(nodes)) };
        let until = now + chance.within(500, 9_000);
        let ways = chance.within(1, 3);
        if ways & 1 != 0 {
            self.cut(one, other, until);
        }
        if ways & 2 != 0 {
            self.cut(other, one, until);
        }
        (one, other)
    }

    pub fn cut(&mut self, from: Address, to: Address, until: Time) {
        self.cut.insert((from, to), until);
    }

    pub fn heal(&mut self) {
        self.cut.clear();
    }
}

/// A node by number, for traces.
pub fn name(address: Address, nodes: &dyn Fn(NodeNumber) -> String) -> String {
    match address {
        Address::Control => "control".to_owned(),
        Address::Node(number) => nodes(number),
    }
}
