//! Purges of URLs that are not ours, at a CDN that we can tell: see what is there, tell the CDN, look until it is another.
//! The states, the timers and the rounds are those of every purge.

use std::collections::BTreeMap;
use std::time::Duration;

use api_types::{ExternalReceipt, Look, PurgeState};
use bus::clock::unix_millis;
use catalog::{CatalogError, Claim, Step};
use futures_util::future::join_all;

use crate::cdns::Cdn;
use crate::selectors::Resolved;
use crate::verifier::{PublicHost, is_passing, may_renew_date, renews_date};
use crate::warming::Warming;
use crate::worker::{Worker, again, fail, go, millis};

/// Longer than a second, in which `Date` counts.
const SECOND_LOOK: Duration = Duration::from_millis(1500);

impl Worker {
    /// What is there before anything is told; of a purge of ours, what is asked for most, if it is of use later.
    pub(crate) async fn prepare(&self, claim: &Claim) -> Result<Step, CatalogError> {
        let resolved = match self.selectors.resolve_all(&claim.selectors, claim.mode) {
            Ok(resolved) => resolved,
            // The configuration has changed since it was accepted.
            Err(error) => return Ok(fail(claim, error.to_string())),
        };
        let is_external = resolved.iter().any(|one| matches!(one, Resolved::External { .. }));
        if !is_external {
            let mut step = go(claim, PurgeState::FlushingOrigin);
            let most = self.hottest_needed(claim, &resolved);
            if most > 0 {
                step.receipt.hottest = self.hottest(&resolved, most).await?;
                step.receipt.warm = Warming::begin(claim.warm, step.receipt.hottest.len());
            }
            return Ok(step);
        }
        if claim.receipt.externals.is_empty() {
            return self.first_sight(claim, resolved).await;
        }
        self.second_sight(claim).await
    }

    async fn first_sight(&self, claim: &Claim, resolved: Vec<Resolved>) -> Result<Step, CatalogError> {
        let looks = resolved.into_iter().map(|one| async move {
            let Resolved::External { cdn, url } = one else { return None };
            let seen = self.verifier.sight(&url, self.may_reach_private(&cdn)).await;
            Some((cdn, url, seen))
        });
        let mut step = go(claim, PurgeState::Preparing);
        let mut trouble = None;
        for (cdn, url, seen) in join_all(looks).await.into_iter().flatten() {
            let before = match seen {
                Ok((sight, _)) if !is_passing(sight.status) => Some(sight),
                Ok((sight, _)) => {
                    trouble = Some(format!("{url} answered {}", sight.status));
                    None
                }
                Err(why) => {
                    trouble = Some(format!("{url} could not be looked at: {why}"));
                    None
                }
            };
            step.receipt.externals.push(ExternalReceipt { url, cdn, before, renews_date: false });
        }
        if let Some(why) = trouble {
            if claim.attempt < self.settings.origin_attempts {
                return Ok(again(claim, self.settings.origin_interval * claim.attempt.max(1), Some(why)));
            }
            step.receipt.notes.push(format!("{why}; what was there before is not known"));
        }
        let mut before = step.receipt.externals.iter().filter_map(|one| one.before.as_ref());
        if before.any(may_renew_date) {
            step.detail = Some("a second look tells whether its Date is renewed with each answer".to_owned());
            step.due_ms = unix_millis() + millis(SECOND_LOOK);
            return Ok(step);
        }
        self.tell(claim, step).await
    }

    async fn second_sight(&self, claim: &Claim) -> Result<Step, CatalogError> {
        let mut step = go(claim, PurgeState::Preparing);
        for external in &mut step.receipt.externals {
            let Some(first) = external.before.as_ref().filter(|before| may_renew_date(before)) else {
                continue;
            };
            if let Ok((second, _)) =
                self.verifier.sight(&external.url, self.may_reach_private(&external.cdn)).await
            {
                external.renews_date = renews_date(first, &second);
            }
        }
        self.tell(claim, step).await
    }

    async fn tell(&self, claim: &Claim, mut step: Step) -> Result<Step, CatalogError> {
        step.state = PurgeState::FlushingCdn;
        step.due_ms = 0;
        step.detail = None;
        // Stored with this step, so that from here on they are told whatever happens to this process.
        step.wishes = self.wishes(claim, &self.cdns, false).await?;
        Ok(step)
    }

    /// A look at each, and whether some could not be seen at this moment.
    pub(crate) async fn look_at_externals(&self, claim: &Claim) -> (Vec<Look>, bool) {
        let calls = claim.receipt.cdns.iter().flat_map(|cdn| &cdn.calls);
        let told = calls.filter_map(|call| call.sent).max().unwrap_or(0);
        let looks = claim.receipt.externals.iter().map(|external| {
            self.verifier.look_at_external(external, self.may_reach_private(&external.cdn), told)
        });
        let looks = join_all(looks).await;
        let unseen = looks.iter().any(|(_, unseen)| *unseen);
        (looks.into_iter().map(|(look, _)| look).collect(), unseen)
    }

    pub(crate) fn external_hosts(&self, claim: &Claim) -> Vec<PublicHost> {
        let mut hosts: BTreeMap<String, PublicHost> = BTreeMap::new();
        for external in &claim.receipt.externals {
            let Ok(url) = external.url.parse::<url::Url>() else { continue };
            let site = url.origin().ascii_serialization();
            let allow_private = self.may_reach_private(&external.cdn);
            let host = hosts.entry(site.clone()).or_insert_with(|| PublicHost {
                site,
                cdns: Vec::new(),
                allow_private,
            });
            if !host.cdns.contains(&external.cdn) {
                host.cdns.push(external.cdn.clone());
            }
        }
        hosts.into_values().collect()
    }

    fn may_reach_private(&self, cdn: &str) -> bool {
        self.cdns.iter().any(|one: &std::sync::Arc<Cdn>| one.name == cdn && one.allow_private)
    }
}
