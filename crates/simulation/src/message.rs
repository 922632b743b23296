//! What nodes say to each other, and what happens to them.

use purge_protocol::{AsOf, Batch, Erasure, Renewal, Tags};

use crate::truth::{Content, Url};

/// By index into the world's nodes.
pub type NodeNumber = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    Control,
    Node(NodeNumber),
}

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    Reader(u64),
    Node { node: NodeNumber, life: u64, ask: u64 },
}

#[derive(Debug, Clone)]
pub enum Message {
    Ask {
        asker: Asker,
        request: Request,
    },
    Answer {
        life: u64,
        ask: u64,
        answer: Option<Answer>,
    },
    Renewal {
        from: NodeNumber,
        poll: u64,
        renewal: Renewal,
    },
    Batch {
        incarnation: u64,
        poll: u64,
        batch: Batch,
    },
    Pushed {
        batch: Batch,
    },
    /// This life was declared gone.
    Gone {
        incarnation: u64,
    },
}

#[derive(Debug, Clone, Copy)]
pub struct Request {
    pub url: Url,
    /// Of a node: what the answer must reflect.
    pub asked: Option<AsOf>,
    /// Of a node: what it has already (a conditional request).
    pub has: Option<Content>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub body: Body,
    pub tags: Tags,
    pub said: Option<AsOf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Full(Content),
    NotModified,
}

/// What a reader gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Content { content: Content, how: How },
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Hit,
    /// Softly fenced; a fill is on its way.
    Stale,
    /// From a node that is cut off and says so.
    Isolated,
    Filled,
    Once,
}

/// What a node has told itself to do later. Forgotten when it restarts.
#[derive(Debug, Clone)]
pub enum Timer {
    Poll,
    SaveFences,
    Apply { batch: Batch, poll: Option<u64> },
    Erased { erasure: Erasure },
    WriteDisk { url: Url },
    ReadSource { flight: u64 },
    SourceAnswered { flight: u64, content: Option<Content> },
    TimedOut { flight: u64 },
    Retry { asker: Asker, request: Request, tries: u32 },
}

#[derive(Debug)]
pub enum Effect {
    Send { to: Address, message: Message },
    Later { after: u64, timer: Timer },
    Finish { read: u64, reply: Reply },
}
