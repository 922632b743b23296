//! What a purge can show for itself: which node did what, when.

use serde::{Deserialize, Serialize};

use crate::lease::{NodeId, Settlement};
use crate::position::{LogId, Position};
use crate::record::Mode;

/// Plain data, kept with the purge for as long as anyone may doubt it. Times are Unix milliseconds at the
/// authority: shown, never compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub purge: String,
    pub log: LogId,
    pub position: Position,
    pub mode: Mode,
    pub appended_at: u64,
    pub nodes: Vec<NodeLine>,
    pub done_at: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLine {
    pub node: NodeId,
    pub outcome: Outcome,
    pub at: u64,
    pub erased: Option<Erased>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It said that it had applied the record; of an erasure, that the bytes were gone.
    Acknowledged,
    /// Its lease ran out unheard: it answers nothing from its cache, and applies the record before it does again.
    Expired,
    Awaited,
    /// Cut off and, by its operator's choice, answering from before the purge.
    ServingStale,
    /// An operator declared it gone for good while the purge waited for it. If it is not, it may go on answering from
    /// before the purge, and saying so, until it reaches the log again: then it has nothing left.
    DeclaredGone,
}

/// What an erasure removed on one node, as that node counted it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    pub responses: u64,
    pub bytes: u64,
}

impl Receipt {
    pub fn new(purge: &str, log: LogId, position: Position, mode: Mode, appended_at: u64) -> Self {
        let purge = purge.to_owned();
        Self { purge, log, position, mode, appended_at, nodes: Vec::new(), done_at: None }
    }

    /// Writes down where the nodes stand. An acknowledgement is final; whoever expired and came back in time to
    /// acknowledge is written down as having done so. After the purge is done nothing changes any more.
    pub fn observe(&mut self, settlement: &Settlement, now: u64) {
        if self.done_at.is_some() {
            return;
        }
        for (node, outcome, _) in settlement.outcomes() {
            self.note(node, outcome, now);
        }
        if settlement.is_done() {
            self.done_at = Some(now);
        }
    }

    /// What the node says it removed; it may arrive after the purge is done.
    pub fn note_erased(&mut self, node: &NodeId, erased: Erased) {
        if let Some(line) = self.nodes.iter_mut().find(|line| line.node == *node) {
            line.erased = Some(erased);
        }
    }

    fn note(&mut self, node: &NodeId, outcome: Outcome, at: u64) {
        match self.nodes.iter_mut().find(|line| line.node == *node) {
            Some(line) if line.outcome == outcome || line.outcome == Outcome::Acknowledged => {}
            Some(line) => (line.outcome, line.at) = (outcome, at),
            None => self.nodes.push(NodeLine { node: node.clone(), outcome, at, erased: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::{Grant, Isolation, Leases, Moment};

    fn node(name: &str) -> NodeId {
        NodeId { name: name.to_owned(), incarnation: 1 }
    }

    #[test]
    fn the_life_of_a_receipt() {
        let mut leases = Leases::new(Grant { millis: 1000 });
        for (name, isolation) in
            [("a", Isolation::Validate), ("b", Isolation::Validate), ("c", Isolation::ServeStale)]
        {
            leases.renew_as(&node(name), isolation, Position::ZERO, Moment(0));
        }
        let mut receipt = Receipt::new("p1", LogId(1), Position::new(1), Mode::Erase, 5000);
        let mut look = |leases: &Leases, now: u64| {
            receipt.observe(&leases.settlement(Position::new(1), Moment(0), Moment(now)), 5000 + now);
            let lines =
                receipt.nodes.iter().map(|line| format!("{} {:?} {}", line.node.name, line.outcome, line.at));
            (lines.collect::<Vec<_>>().join(", "), receipt.done_at)
        };

        leases.renew(&node("a"), Position::new(1), Moment(10));
        assert_eq!(
            look(&leases, 10),
            ("a Acknowledged 5010, b Awaited 5010, c Awaited 5010".to_owned(), None)
        );
        assert_eq!(
            look(&leases, 1000),
            ("a Acknowledged 5010, b Expired 6000, c ServingStale 6000".to_owned(), None)
        );
        leases.renew(&node("c"), Position::new(1), Moment(2000));
        let done = ("a Acknowledged 5010, b Expired 6000, c Acknowledged 7000".to_owned(), Some(7000));
        assert_eq!(look(&leases, 2000), done);
        leases.renew(&node("b"), Position::new(1), Moment(3000));
        assert_eq!(look(&leases, 3000), done, "what is done is done");

        receipt.note_erased(&node("a"), Erased { responses: 3, bytes: 4096 });
        assert_eq!(receipt.nodes[0].erased, Some(Erased { responses: 3, bytes: 4096 }));
    }
}
