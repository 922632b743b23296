//! Who takes part in a run.

use purge_protocol::Isolation;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::message::NodeNumber;
use crate::node::Node;
use crate::scenario::Scenario;

pub(super) fn nodes(scenario: &Scenario, chance: &mut Chance) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut add = |kind: &str, upstreams: Vec<NodeNumber>| {
        let stale = chance.percent(scenario.serve_stale_percent);
        let isolation = if stale { Isolation::ServeStale } else { Isolation::Validate };
        let number = nodes.len();
        nodes.push(Node::new(number, format!("{kind}-{number}"), upstreams, isolation));
        number
    };
    let renderers: Vec<_> = (0..scenario.renderers).map(|_| add("renderer", Vec::new())).collect();
    let shields: Vec<_> = (0..scenario.shields).map(|_| add("shield", renderers.clone())).collect();
    let near = if scenario.two_tiers { scenario.edges.div_ceil(3) } else { scenario.edges };
    let inner: Vec<_> = (0..near).map(|_| add("edge", shields.clone())).collect();
    for _ in near..scenario.edges {
        add("edge", inner.clone());
    }
    nodes
}

pub(super) fn clock(chance: &mut Chance, drift: u64) -> Clock {
    let offset = chance.within(0, 1_000_000_000);
    let rate = 1_000_000 - drift + chance.within(0, 2 * drift);
    Clock::new(offset, rate)
}
