//! What a purge would come to: the same reading as of a purge, and nothing of what follows from it.

use std::sync::Arc;
use std::time::Duration;

use api_types::node::COUNT_PATH;
use api_types::{
    CdnImpact, CountQuestion, Expected, Impact, NodeCount, NodeImpact, OriginalOutcome, OriginalReceipt,
    PurgeRequest, StoredCount,
};
use bus::clock::unix_millis;
use catalog::{Catalog, CatalogError, Took};
use cdn::{Plan, plan_calls};
use purge_protocol::{Mode, Subject};
use tokio::sync::Semaphore;

use crate::cdns::{Cdn, PARTIAL, Wanted, Wishes};
use crate::nodes::{Nodes, Question};
use crate::purges::{AcceptError, Purges};
use crate::selectors::{Resolved, Selectors, subjects};
use crate::tenant::Asker;
use crate::worker::millis;

/// Each makes every node look through its whole cache.
const AT_ONCE: usize = 2;
/// A node looks for two seconds at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// Purges, and calls of each CDN, whose durations are expected of the next.
const MEASURED: u32 = 20;
/// Of one CDN; the rest is counted.
const CALLS_SHOWN: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum EstimateError {
    #[error("{AT_ONCE} dry runs are under way already; try again in a moment")]
    TooMany,
    #[error(transparent)]
    Accept(#[from] AcceptError),
}

impl From<CatalogError> for EstimateError {
    fn from(error: CatalogError) -> Self {
        EstimateError::Accept(error.into())
    }
}

pub struct Estimator {
    purges: Arc<Purges>,
    catalog: Catalog,
    selectors: Selectors,
    cdns: Vec<Arc<Cdn>>,
    nodes: Nodes,
    turns: Semaphore,
}

impl Estimator {
    pub fn new(
        purges: Arc<Purges>,
        catalog: Catalog,
        selectors: Selectors,
        cdns: Vec<Arc<Cdn>>,
        nodes: Nodes,
    ) -> Self {
        Self { purges, catalog, selectors, cdns, nodes, turns: Semaphore::new(AT_ONCE) }
    }

    /// What this purge would come to if each of its sources had something new.
    pub async fn impact(&self, request: PurgeRequest, asker: &Asker) -> Result<Impact, EstimateError> {
        let request = self.purges.checked(request, asker)?;
        let resolved = self.selectors.resolve_all(&request.selectors, request.mode)?;
        let _turn = self.turns.try_acquire().map_err(|_| EstimateError::TooMany)?;

        let subjects = subjects(&resolved);
        let (originals, mut dependents) = self.originals(&resolved, request.mode).await?;
        for one in &resolved {
            if let Resolved::Bulk { source, folder, .. } = one {
                dependents += self.catalog.dependents_of_many(source.as_deref(), folder.as_deref()).await?;
            }
        }
        let nodes = self.count(&subjects).await;
        let counts = nodes.iter().filter_map(|node| node.count.as_ref());
        let (mut memory, mut disk, mut hits_per_minute) =
            (StoredCount::default(), StoredCount::default(), 0.0);
        for count in counts {
            memory = memory.and(count.memory);
            disk = disk.and(count.disk);
            hits_per_minute += count.hits_per_minute;
        }
        let wanted = Wanted {
            selectors: &request.selectors,
            mode: request.mode,
            force: request.force,
            urgent: request.urgent,
            originals: &originals,
        };
        let cdns = self.cdns(&wanted, &resolved).await?;
        let measured = self.catalog.latest_durations(MEASURED).await?;
        Ok(Impact {
            expected: expected(&measured, &cdns),
            mode: request.mode,
            subjects: subjects.iter().map(ToString::to_string).collect(),
            selectors: request.selectors,
            memory,
            disk,
            hits_per_minute,
            nodes,
            dependents,
            cdns: cdns.into_iter().map(|(impact, _)| impact).collect(),
        })
    }

    /// As their receipts would be, and how many URLs show them elsewhere.
    async fn originals(
        &self,
        resolved: &[Resolved],
        mode: Mode,
    ) -> Result<(Vec<OriginalReceipt>, u64), CatalogError> {
        let outcome = if mode == Mode::Erase { OriginalOutcome::Erased } else { OriginalOutcome::Changed };
        let (mut receipts, mut all) = (Vec::new(), 0);
        for one in resolved {
            let Resolved::Original { source, path, .. } = one else { continue };
            let dependents = self.catalog.dependents(source, path).await?;
            all += dependents;
            receipts.push(OriginalReceipt {
                original: format!("{source}/{path}"),
                outcome,
                before: None,
                after: None,
                dependents,
                at: unix_millis(),
            });
        }
        Ok((receipts, all))
    }

    async fn count(&self, subjects: &[Subject]) -> Vec<NodeImpact> {
        if subjects.is_empty() {
            return Vec::new();
        }
        let key = &self.selectors.serving.snapshot.tag_key;
        let tags = subjects.iter().map(|subject| key.tag(subject)).collect();
        let body = &CountQuestion { tags, hottest: 0 };
        let asked = Question { path: COUNT_PATH, body, patience: PATIENCE };
        let answers: Vec<(String, Result<NodeCount, String>)> = self.nodes.ask_all(asked).await;
        let impact = |(name, answer)| match answer {
            Ok(count) => NodeImpact { name, count: Some(count), why: None },
            Err(why) => NodeImpact { name, count: None, why: Some(why) },
        };
        answers.into_iter().map(impact).collect()
    }

    /// What each CDN would be told, and how long that would take, where it is known.
    async fn cdns(
        &self,
        wanted: &Wanted<'_>,
        resolved: &[Resolved],
    ) -> Result<Vec<(CdnImpact, Option<u64>)>, CatalogError> {
        let wishes = Wishes {
            cdns: &self.cdns,
            catalog: &self.catalog,
            serving: &self.selectors.serving,
            tag_key: &self.selectors.serving.snapshot.tag_key,
            at_once: false,
        };
        let mut cdns = Vec::new();
        for (cdn, wishes) in wishes.by_cdn(wanted, resolved).await? {
            let capabilities = cdn.driver.capabilities();
            let soft = wanted.mode == Mode::Soft;
            let Plan { calls, partial, refused } = plan_calls(&wishes, soft, &capabilities, &cdn.terms);
            let mut notes: Vec<String> = refused.iter().map(|(_, refusal)| refusal.to_string()).collect();
            notes.extend((!partial.is_empty()).then(|| PARTIAL.to_owned()));
            let mut shown: Vec<String> = calls.iter().take(CALLS_SHOWN).map(ToString::to_string).collect();
            if calls.len() > CALLS_SHOWN {
                shown.push(format!("and {} more calls", calls.len() - CALLS_SHOWN));
            }
            let window_millis = millis(wanted.window(cdn));
            let call_millis = median(self.catalog.latest_call_durations(&cdn.name, MEASURED).await?);
            let beyond = calls.len().saturating_sub(capabilities.rate.burst as usize) as u64;
            let apart = beyond.saturating_mul(millis(capabilities.rate.every));
            let turns = calls.len().div_ceil(capabilities.in_progress.max(1)) as u64;
            let takes =
                call_millis.map(|one| window_millis.saturating_add(apart.max(turns.saturating_mul(one))));
            let name = cdn.name.clone();
            cdns.push((CdnImpact { name, calls: shown, window_millis, call_millis, notes }, takes));
        }
        Ok(cdns)
    }
}

fn expected(measured: &[Took], cdns: &[(CdnImpact, Option<u64>)]) -> Expected {
    let middle = |part: fn(&Took) -> u64| median(measured.iter().map(part).collect());
    let nodes_millis = middle(|took| took.nodes_ms);
    let looks_millis = middle(|took| took.looks_ms);
    // One that was never told before may take any time.
    let each: Option<Vec<u64>> = cdns.iter().map(|(_, takes)| *takes).collect();
    let cdns_millis = each.map(|each| each.into_iter().max().unwrap_or(0));
    let all = [nodes_millis, cdns_millis, looks_millis];
    let millis = all.into_iter().try_fold(0_u64, |sum, part| Some(sum.saturating_add(part?)));
    let measured = u32::try_from(measured.len()).unwrap_or(u32::MAX);
    Expected { nodes_millis, cdns_millis, looks_millis, millis, measured }
}

fn median(mut all: Vec<u64>) -> Option<u64> {
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(nodes_ms: u64, looks_ms: u64) -> Took {
        Took { nodes_ms, cdns_ms: 0, looks_ms }
    }

    fn cdn(takes: Option<u64>) -> (CdnImpact, Option<u64>) {
        let impact = CdnImpact {
            name: "far".to_owned(),
            calls: Vec::new(),
            window_millis: 0,
            call_millis: None,
            notes: Vec::new(),
        };
        (impact, takes)
    }

    #[test]
    fn what_is_expected_is_the_middle_of_what_was_measured_and_the_slowest_cdn() {
        let measured = [took(10, 7), took(900, 5), took(12, 6)];
        for (measured, cdns, wanted) in [
            (&measured[..], vec![], Some(18)),
            (&measured[..], vec![cdn(Some(300)), cdn(Some(5000))], Some(5018)),
            (&measured[..], vec![cdn(Some(300)), cdn(None)], None),
            (&[], vec![], None),
        ] {
            assert_eq!(expected(measured, &cdns).millis, wanted);
        }
    }
}
