//! How a node answers, from what it has stored or not.

use purge_protocol::{Arrival, AsOf, Leave, Readiness, Tags, Verdict};

use super::fills::Passenger;
use super::{Context, Node};
use crate::message::{Address, Answer, Asker, Body, Effect, How, Message, Reply, Request, Timer};
use crate::sabotage::Sabotage;
use crate::truth::Content;

/// A node that is behind who asks it waits so often, a tenth of a second each, before it passes the request on.
const TRIES_WHEN_BEHIND: u32 = 8;

impl Node {
    pub(super) fn on_request(&mut self, asker: Asker, request: Request, tries: u32, ctx: &mut Context<'_>) {
        let now = self.local(ctx);
        let fences = self.follower.fences();
        let arrival = Arrival::new(fences, self.follower.lease(), now);
        let passenger = Passenger { asker, request, arrival, rounds: 0 };
        if let Some(asked) = request.asked.filter(|_| !ctx.sabotaged(Sabotage::NoMinPosition)) {
            match Readiness::of(fences, asked) {
                Readiness::Ready => {}
                Readiness::Behind { .. } | Readiness::OtherLog if tries < TRIES_WHEN_BEHIND => {
                    ctx.tally.behind += 1;
                    if tries == 0 {
                        self.poll(ctx);
                    }
                    return ctx.later(100, Timer::Retry { asker, request, tries: tries + 1 });
                }
                Readiness::Behind { .. } if !self.is_renderer() => return self.depart(vec![passenger], ctx),
                Readiness::Behind { .. } | Readiness::OtherLog => return self.refuse(asker, ctx),
            }
        }
        if self.answer_from_store(passenger, ctx) {
            return;
        }
        self.board(passenger, ctx);
    }

    /// Whether a stored response answered.
    fn answer_from_store(&mut self, passenger: Passenger, ctx: &mut Context<'_>) -> bool {
        let Passenger { asker, request, .. } = passenger;
        let Some(entry) = self.memory.get(&request.url) else {
            return false;
        };
        let verdict = self.judge_stored(entry, ctx);
        let (content, tags, as_of) = (entry.content, entry.tags.clone(), entry.as_of);
        let client = matches!(asker, Asker::Reader(_));
        match (self.leave(ctx), verdict) {
            (Leave::Answer, Verdict::Usable) => {
                let said = self.follower.fences().reflected(&tags, as_of);
                self.reply(passenger, content, tags, said.or(Some(as_of)), How::Hit, ctx);
            }
            (Leave::Answer, Verdict::Stale { .. }) if client => {
                self.reply(passenger, content, tags, None, How::Stale, ctx);
                self.refresh(request.url, ctx);
            }
            (Leave::Answer, Verdict::Stale { .. }) if ctx.sabotaged(Sabotage::StaleAnswersNodes) => {
                let said = AsOf { position: self.follower.applied(), ..as_of };
                self.reply(passenger, content, tags, Some(said), How::Hit, ctx);
            }
            (Leave::AnswerStale, Verdict::Usable | Verdict::Stale { .. }) if client => {
                self.reply(passenger, content, tags, None, How::Isolated, ctx);
            }
            _ => return false,
        }
        true
    }

    pub(super) fn reply(
        &mut self,
        passenger: Passenger,
        content: Content,
        tags: Tags,
        said: Option<AsOf>,
        how: How,
        ctx: &mut Context<'_>,
    ) {
        match passenger.asker {
            Asker::Reader(read) => {
                ctx.effects.push(Effect::Finish { read, reply: Reply::Content { content, how } });
            }
            Asker::Node { node, life, ask } => {
                let known = passenger.request.has == Some(content);
                let body = if known { Body::NotModified } else { Body::Full(content) };
                let answer = Some(Answer { body, tags, said });
                ctx.send(Address::Node(node), Message::Answer { life, ask, answer });
            }
        }
    }

    pub(super) fn refuse(&mut self, asker: Asker, ctx: &mut Context<'_>) {
        match asker {
            Asker::Reader(read) => ctx.effects.push(Effect::Finish { read, reply: Reply::Failed }),
            Asker::Node { node, life, ask } => {
                ctx.send(Address::Node(node), Message::Answer { life, ask, answer: None });
            }
        }
    }
}
