//! Knows the true history, and says where it was broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use purge_protocol::{Mode, Subject};

use crate::agenda::Time;
use crate::control::{Announced, Order, PurgeNumber};
use crate::message::{How, NodeNumber, Reply};
use crate::node::Node;
use crate::promises::{Breach, Promises, Required, Versions};
use crate::truth::{Content, Truth, Url, url_name};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub at: Time,
    pub broken: Broken,
    pub story: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A read that began after a purge was done returned older bytes.
    Promise,
    /// As [`Broken::Promise`] for a soft purge, and the answer did not say that it was stale.
    SoftPromise,
    /// A stale answer while nothing replaced it.
    NobodyReplaces,
    /// An accepted purge did not end.
    PurgeLost,
    /// Bytes are left after an erasure.
    ErasedBytes,
    /// After all faults were healed, something does not work.
    NoProgress,
    /// A node that was declared gone came back with what it had stored.
    Revenant,
    /// What can only happen if a rule of the log was broken.
    Log,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6} ms  {:?}: {}", self.at, self.broken, self.story)
    }
}

#[derive(Debug, Default)]
pub struct Checker {
    promises: Promises<Url, Content>,
    reads: BTreeMap<u64, Read>,
    /// For each purge under way or done, what its record announced of each URL that it covers.
    announced: BTreeMap<PurgeNumber, Announcement>,
    erased: Vec<PurgeNumber>,
    /// Which edges would have a URL in a cache that knows everything at once.
    ideal: BTreeSet<(NodeNumber, Url)>,
    pub ideal_fills: u64,
    pub violations: Vec<Violation>,
}

#[derive(Debug)]
struct Announcement {
    subject: Subject,
    mode: Mode,
    contents: Vec<(Url, Content)>,
}

#[derive(Debug, Clone, Copy)]
struct Read {
    url: Url,
    edge: NodeNumber,
    began: Time,
    required: Required<Content>,
    demand: Demand,
}

/// What a read must get besides bytes that are new enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    Nothing,
    /// An answer.
    Success,
    /// An answer from what is stored.
    Hit,
}

impl Checker {
    pub fn violation(&mut self, at: Time, broken: Broken, story: String) {
        self.violations.push(Violation { at, broken, story });
    }

    pub fn read_begins(&mut self, number: u64, edge: NodeNumber, url: Url, now: Time, demand: Demand) {
        let required = self.promises.required(&url);
        self.reads.insert(number, Read { url, edge, began: now, required, demand });
        if self.ideal.insert((edge, url)) {
            self.ideal_fills += 1;
        }
    }

    pub fn url_of(&self, number: u64) -> Option<Url> {
        self.reads.get(&number).map(|read| read.url)
    }

    /// `replacing` is whether the edge has a fill of this URL under way.
    pub fn read_ends(&mut self, number: u64, reply: Reply, replacing: bool, now: Time) {
        let Some(read) = self.reads.remove(&number) else {
            return self.violation(now, Broken::Log, format!("read {number} ended twice"));
        };
        let Reply::Content { content, how } = reply else {
            if read.demand != Demand::Nothing {
                self.violation(now, Broken::NoProgress, format!("{} failed", read.story(number)));
            }
            return;
        };
        let breach = read.required.breach(content, matches!(how, How::Stale | How::Isolated));
        if let Some(breach) = breach {
            let (broken, required) = match breach {
                Breach::Hard(required) => (Broken::Promise, required),
                Breach::Soft(required) => (Broken::SoftPromise, required),
            };
            let story = format!("{} got {content:?} ({how:?}), older than {required:?}", read.story(number));
            self.violation(now, broken, story);
        }
        if how == How::Stale && !replacing {
            self.violation(now, Broken::NobodyReplaces, read.story(number));
        }
        let met = match read.demand {
            Demand::Nothing => true,
            Demand::Success => how != How::Isolated,
            Demand::Hit => how == How::Hit && content.has_reached(read.required.soft),
        };
        if !met {
            self.violation(
                now,
                Broken::NoProgress,
                format!("{} was answered as {how:?}", read.story(number)),
            );
        }
    }

    /// Answered, and saying so, by a node that an operator gave up: nobody is promised anything of it.
    pub fn read_is_excused(&mut self, number: u64) {
        self.reads.remove(&number);
    }

    /// The reads of a node that died get no answer.
    pub fn edge_died(&mut self, edge: NodeNumber, now: Time) {
        let lost: Vec<u64> =
            self.reads.iter().filter(|(_, read)| read.edge == edge).map(|(number, _)| *number).collect();
        for number in lost {
            self.read_ends(number, Reply::Failed, false, now);
        }
    }

    /// The record of a purge is in the log: this is what it announces.
    pub fn appended(&mut self, number: PurgeNumber, order: &Order, truth: &Truth) {
        let covered = (0..truth.urls.len()).filter(|url| truth.covers(&order.subject, *url));
        let contents = covered.map(|url| (url, announced(truth, url, order.announces))).collect::<Vec<_>>();
        self.ideal.retain(|(_, url)| !contents.iter().any(|(covered, _)| covered == url));
        let (subject, mode) = (order.subject.clone(), order.mode);
        self.announced.insert(number, Announcement { subject, mode, contents });
    }

    /// A purge was reported done, with these nodes having acknowledged it.
    pub fn done<'a>(&mut self, number: PurgeNumber, acknowledged: impl Iterator<Item = &'a Node>, now: Time) {
        let Some(Announcement { mode, contents, .. }) = self.announced.get(&number) else {
            return self.violation(
                now,
                Broken::Log,
                format!("purge {number} is done and was never appended"),
            );
        };
        self.promises.done(*mode, contents.iter().copied());
        if *mode == Mode::Erase {
            self.erased.push(number);
            for node in acknowledged {
                self.look_for_erased(number, node, now);
            }
        }
    }

    fn look_for_erased(&mut self, number: PurgeNumber, node: &Node, now: Time) {
        let Some(Announcement { subject, contents, .. }) = self.announced.get(&number) else {
            return;
        };
        for (place, entries) in [("memory", &node.memory), ("disk", &node.disk.entries)] {
            let left = contents.iter().find(|(url, content)| {
                entries.get(url).is_some_and(|entry| !entry.content.has_reached(*content))
            });
            if let Some((url, _)) = left {
                let story = format!(
                    "{} of {subject} is in the {place} of {} after erasure {number}",
                    url_name(*url),
                    node.name
                );
                self.violations.push(Violation { at: now, broken: Broken::ErasedBytes, story });
            }
        }
    }

    /// After everything was healed and went quiet.
    pub fn ends<'a>(&mut self, nodes: impl Iterator<Item = &'a Node>, now: Time) {
        for node in nodes {
            for number in self.erased.clone() {
                self.look_for_erased(number, node, now);
            }
        }
        let late: Vec<_> = self.reads.iter().map(|(number, read)| (*number, *read)).collect();
        for (number, read) in late {
            if read.began + 12_000 < now || read.demand != Demand::Nothing {
                self.violation(now, Broken::NoProgress, format!("{} got no answer", read.story(number)));
            }
        }
    }
}

impl Read {
    fn story(&self, number: u64) -> String {
        format!("read {number} of {} at node {}, begun at {} ms,", url_name(self.url), self.edge, self.began)
    }
}

/// What is true now, and what the purge says will be: in a sound run the same.
fn announced(truth: &Truth, url: Url, announces: Option<Announced>) -> Content {
    let mut content = truth.content(url);
    let composition = truth.urls[url];
    match announces {
        Some(Announced::Original { number, version }) => {
            if composition.original == number {
                content.0[0] = content.0[0].max(version);
            }
            if composition.watermark == Some(number) {
                content.0[1] = content.0[1].max(version);
            }
        }
        Some(Announced::Preset { number, version }) if composition.preset == number => {
            content.0[2] = content.0[2].max(version);
        }
        _ => {}
    }
    content
}
