//! All that the actors of a run share; and what a read is, and how it is judged.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api_types::PurgeState;
use http::Method;
use simulation::{Breach, Promises, Required};
use testkit::{Seen, send};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::journal::{Answers, Broken, Journal, Phase};
use crate::member::Member;
use crate::sabotage::{Front, Sabotage};
use crate::stage::{SABOTAGED, Stage};
use crate::web::{Shown, UrlNumber, Version, Web};

/// A client waits longer than any fault lasts: the answer of a node that was stopped for a while is worth having.
const PATIENCE: Duration = Duration::from_secs(12);

pub struct World {
    pub stage: Stage,
    pub web: Web,
    pub journal: Arc<Journal>,
    pub api: Api,
    pub seed: u64,
    pub sabotage: Option<Sabotage>,
    pub phase: watch::Sender<Phase>,
    promises: Mutex<Promises<UrlNumber, Version>>,
    front: Front,
    probes: Mutex<JoinSet<()>>,
}

/// How a read ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Hit,
    Stale,
    Forwarded,
    /// The picture is erased, and the answer says so.
    Gone,
    Failed(String),
}

impl World {
    pub fn new(
        stage: Stage,
        web: Web,
        journal: Arc<Journal>,
        api: Api,
        seed: u64,
        sabotage: Option<Sabotage>,
    ) -> Self {
        Self {
            stage,
            web,
            journal,
            api,
            seed,
            sabotage,
            phase: watch::Sender::new(Phase::Warm),
            promises: Mutex::default(),
            front: Front::default(),
            probes: Mutex::default(),
        }
    }

    pub fn enter(&self, phase: Phase) {
        self.journal.phase(phase);
        self.phase.send_replace(phase);
    }

    pub fn is_storm(&self) -> bool {
        *self.phase.borrow() == Phase::Storm
    }

    pub fn promises(&self) -> MutexGuard<'_, Promises<UrlNumber, Version>> {
        self.promises.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads that nobody waits for until the end.
    pub fn probes(&self) -> MutexGuard<'_, JoinSet<()>> {
        let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        while probes.try_join_next().is_some() {}
        probes
    }

    /// One read of a client, judged by what was promised when it began.
    pub async fn read(&self, member: &Member, url: UrlNumber) -> Outcome {
        let required = self.promises().required(&url);
        let began = self.journal.now();
        let outcome = match self.fetch(member, url).await {
            Err(error) => Outcome::Failed(error),
            Ok(seen) => self.judge(member, url, &seen, required, began),
        };
        let counted = match outcome {
            Outcome::Hit => Answers { hits: 1, ..Answers::default() },
            Outcome::Stale => Answers { stale: 1, ..Answers::default() },
            Outcome::Forwarded => Answers { forwarded: 1, ..Answers::default() },
            // Not stored, and not meant to be.
            Outcome::Gone => Answers::default(),
            Outcome::Failed(_) => Answers { failed: 1, ..Answers::default() },
        };
        self.journal.answered(member.number, began, counted);
        outcome
    }

    fn judge(
        &self,
        member: &Member,
        url: UrlNumber,
        seen: &Seen,
        required: Required<Version>,
        began: Duration,
    ) -> Outcome {
        let target = &self.web.urls[url].target;
        let says_stale = seen.header("x-cache") == "STALE";
        let shown = match self.web.shown(url, seen) {
            Shown::Version(version) => version,
            Shown::Failed(why) => return Outcome::Failed(why),
            Shown::Garbled(what) => {
                let story = format!("{} answered {target} with {what}", member.name);
                self.journal.violation(Broken::Garbled, Some(member.number), story);
                return Outcome::Failed(what);
            }
        };
        if let Some(breach) = required.breach(shown, says_stale) {
            let (broken, required) = match breach {
                Breach::Hard(required) => (Broken::Promise, required),
                Breach::Soft(required) => (Broken::SoftPromise, required),
            };
            let story = format!(
                "{} answered {target} to a read begun at {:.3} s with version {}, not {}: {}; {}",
                member.name,
                began.as_secs_f64(),
                shown.0,
                version(required),
                seen.header("cache-status"),
                self.promised_by(url, required, began),
            );
            self.journal.violation(broken, Some(member.number), story);
        }
        match seen.header("x-cache") {
            _ if shown == Version::GONE => Outcome::Gone,
            "HIT" => Outcome::Hit,
            "STALE" => Outcome::Stale,
            _ => Outcome::Forwarded,
        }
    }

    /// The first purge that had promised this version when the read began.
    fn promised_by(&self, url: UrlNumber, required: Version, began: Duration) -> String {
        let records = self.journal.records();
        let promised = records.purges.iter().filter(|purge| {
            purge.ended.is_some_and(|ended| ended <= began)
                && purge.state().is_some_and(PurgeState::succeeded)
                && purge.announced.contains(&(url, required))
        });
        match promised.min_by_key(|purge| purge.ended) {
            Some(purge) => format!(
                "purge {} had ended as {} at {:.3} s",
                purge.view.as_ref().map_or("", |view| &view.id),
                purge.state().map_or("", PurgeState::as_str),
                purge.ended.unwrap_or_default().as_secs_f64()
            ),
            None => "no purge that is known promised it".to_owned(),
        }
    }

    async fn fetch(&self, member: &Member, url: UrlNumber) -> Result<Seen, String> {
        let has_front = self.sabotage == Some(Sabotage::CachingFront) && member.number == SABOTAGED;
        if has_front
            && matches!(*self.phase.borrow(), Phase::Storm | Phase::Heal)
            && let Some(seen) = self.front.has(url)
        {
            return Ok(seen);
        }
        let target = &self.web.urls[url];
        let host = target.host.map(|host| ("host", host));
        let answer = send(member.delivery, Method::GET, &target.target, host.as_slice(), Default::default());
        let seen = tokio::time::timeout(PATIENCE, answer).await;
        let seen = seen.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))?;
        if has_front {
            self.front.keep(url, &seen);
        }
        Ok(seen)
    }
}

fn version(version: Version) -> String {
    if version == Version::GONE { "gone".to_owned() } else { version.0.to_string() }
}
