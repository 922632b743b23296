//! The last step of a purge: looks through our nodes and at public addresses, and what follows from them.

use std::collections::BTreeSet;
use std::sync::Arc;

use api_types::{CdnOutcome, HostReceipt, Look, NodeReceipt, PurgeState, Receipt, Rounds, Sample, Verdict};
use bus::clock::unix_millis;
use catalog::{AskedDelivery, CatalogError, Claim, Step};

use crate::cdns::{self, Cdn};
use crate::rounds::{Next, Patience, Seen, next};
use crate::selectors::Resolved;
use crate::verifier::{DELIVERIES_MAX, PublicHost};
use crate::worker::{Worker, go, millis};

const LOOKS_KEPT: usize = 64;
/// URLs that are looked at at each public address in one go.
const OUTSIDE_MAX: usize = 64;

/// What one turn saw.
struct Turn {
    looks: Vec<Look>,
    hosts: Vec<PublicHost>,
    sample: Option<Sample>,
    /// Whether something could not be seen at this moment, and that is all that is wrong with it.
    unseen: bool,
}

impl Worker {
    pub(crate) async fn verify(&self, claim: &Claim) -> Result<Step, CatalogError> {
        let Turn { looks, hosts, sample, unseen } = match claim.receipt.externals.is_empty() {
            true => self.look(claim).await?,
            false => {
                let (looks, unseen) = self.look_at_externals(claim).await;
                Turn { looks, hosts: self.external_hosts(claim), sample: None, unseen }
            }
        };
        let is_stale = |look: &&Look| look.verdict == Verdict::Stale;
        let stale = looks.iter().filter(is_stale).count();
        let stale_hosts: BTreeSet<&str> =
            looks.iter().filter(is_stale).filter_map(|look| look.host.as_deref()).collect();
        let to_tell = self.to_tell_again(&hosts, &stale_hosts, &claim.receipt);
        let seen = Seen {
            stale_nodes: looks.iter().filter(is_stale).any(|look| look.node.is_some()),
            stale_hosts: !stale_hosts.is_empty(),
            can_tell: !to_tell.is_empty(),
            unseen,
        };
        let rounds = Rounds { looks: claim.receipt.rounds.looks + 1, ..claim.receipt.rounds };
        let patience = Patience { looks: self.settings.looks, rounds: self.settings.rounds };

        let mut step = go(claim, PurgeState::Done);
        step.receipt.rounds = rounds;
        step.receipt.sample = sample;
        step.receipt.hosts = host_receipts(&hosts, &looks, &claim.receipt.hosts);
        if looks.is_empty() {
            step.receipt.notes.push("nothing has been delivered that the verifier could look at".to_owned());
        } else {
            step.detail = Some(format!("old bytes in {stale} of {} looks", looks.len()));
        }
        let shows = stale_hosts.iter().copied().collect::<Vec<_>>().join(", ");
        step.receipt.looks.extend(looks.iter().cloned());
        let spare = step.receipt.looks.len().saturating_sub(LOOKS_KEPT);
        step.receipt.looks.drain(..spare);
        match next(rounds, patience, seen) {
            Next::Enough => {}
            Next::LookAgain => {
                step.state = PurgeState::Verifying;
                step.due_ms = unix_millis() + millis(self.settings.look_interval);
                return Ok(step);
            }
            Next::TellAgain => {
                let names = to_tell.iter().map(|cdn| cdn.name.as_str()).collect::<Vec<_>>().join(", ");
                step.state = PurgeState::FlushingCdn;
                step.detail = Some(format!("{shows} still shows old bytes: {names} is told again"));
                step.wishes = self.wishes(claim, &to_tell, true).await?;
                step.receipt.rounds = Rounds { told_again: rounds.told_again + 1, looks: 0 };
                return Ok(step);
            }
            Next::GiveUp if seen.stale_nodes || cdns::failure(&step.receipt.cdns).is_none() => {
                step.state = PurgeState::ErrorCdnNode;
                step.error = Some(match seen.stale_nodes {
                    true => format!("{stale} looks still saw old bytes; the receipt says where"),
                    false => format!(
                        "{shows} still shows old bytes after {} rounds; the receipt has the evidence",
                        rounds.told_again + 1
                    ),
                });
                return Ok(step);
            }
            Next::GiveUp => {}
        }
        // Our nodes are right, and whoever reads this should know that; but it is not all that was promised.
        if let Some(why) = cdns::failure(&step.receipt.cdns) {
            step.state = PurgeState::ErrorCdn;
            step.error = Some(why);
        }
        Ok(step)
    }

    async fn look(&self, claim: &Claim) -> Result<Turn, CatalogError> {
        let told: BTreeSet<&str> = claim.receipt.cdns.iter().map(|cdn| cdn.name.as_str()).collect();
        let told = self.cdns.iter().filter(|cdn| told.contains(cdn.name.as_str()));
        let hosts = cdns::public_hosts(told, &self.selectors.serving);

        let mut deliveries: Vec<AskedDelivery> = Vec::new();
        let mut known = 0;
        for original in &claim.receipt.originals {
            if let Some((source, path)) = original.original.split_once('/') {
                let all = self.catalog.deliveries(source, path).await?;
                known += all.len();
                deliveries.extend(all.into_iter().take(DELIVERIES_MAX));
            }
        }
        for one in self.selectors.resolve_all(&claim.selectors, claim.mode).unwrap_or_default() {
            if let Resolved::MadeWith(subject) = one {
                let all = self.catalog.made_with(&subject).await?;
                known += all.len();
                deliveries.extend(all.into_iter().take(DELIVERIES_MAX));
            }
        }
        let mut subjects = self.verifier.subjects(&deliveries).await;
        let mut looks = self.verifier.look(&subjects, &self.authority.live_nodes()).await;
        // What costs nothing without a CDN goes on costing nothing.
        if hosts.is_empty() {
            return Ok(Turn { looks, hosts, sample: None, unseen: false });
        }
        let mut of = known as u64;
        if let Some((sample, all)) = self.sample_of_many(claim, &deliveries).await? {
            subjects.extend(self.verifier.subjects(&sample).await);
            of += all;
        }
        subjects.truncate(OUTSIDE_MAX);
        looks.extend(self.verifier.look_outside(&subjects, &hosts, Some(settled(&claim.receipt))).await);
        let looked_at = subjects.len() as u64;
        let sample = (looked_at < of).then_some(Sample { looked_at, of });
        Ok(Turn { looks, hosts, sample, unseen: false })
    }

    /// Of folders, sources and presets, what was asked for most before the purge began; then what was asked for last. And of
    /// how many `besides` that is.
    async fn sample_of_many(
        &self,
        claim: &Claim,
        besides: &[AskedDelivery],
    ) -> Result<Option<(Vec<AskedDelivery>, u64)>, CatalogError> {
        let Ok(resolved) = self.selectors.resolve_all(&claim.selectors, claim.mode) else { return Ok(None) };
        let limit = self.settings.sample;
        let (mut sample, mut known) = (Vec::new(), None);
        for hot in &claim.receipt.hottest {
            let delivery = AskedDelivery { url: hot.url.clone(), accept: hot.accept.clone() };
            if !besides.contains(&delivery) {
                sample.push(delivery);
            }
        }
        for one in resolved {
            let (latest, all) = match one {
                Resolved::Bulk { source, folder, .. } => {
                    self.catalog.latest_deliveries(source.as_deref(), folder.as_deref(), limit).await?
                }
                Resolved::MadeWith(subject) => {
                    // Counted already.
                    (self.catalog.made_with(&subject).await?, 0)
                }
                Resolved::Original { .. } | Resolved::Responses(_) | Resolved::External { .. } => continue,
            };
            for delivery in latest {
                if !sample.contains(&delivery) && !besides.contains(&delivery) {
                    sample.push(delivery);
                }
            }
            known = Some(known.unwrap_or(0) + all);
        }
        sample.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(known.map(|known| (sample, known)))
    }

    /// Those of the CDNs before these hosts that took what they were told last.
    fn to_tell_again(
        &self,
        hosts: &[PublicHost],
        stale: &BTreeSet<&str>,
        receipt: &Receipt,
    ) -> Vec<Arc<Cdn>> {
        let before_stale: BTreeSet<&str> = hosts
            .iter()
            .filter(|host| stale.contains(host.site.as_str()))
            .flat_map(|host| host.cdns.iter().map(String::as_str))
            .collect();
        let took_it =
            |name: &str| receipt.cdns.iter().any(|cdn| cdn.name == name && cdn.outcome == CdnOutcome::Done);
        let is_meant = |cdn: &&Arc<Cdn>| before_stale.contains(cdn.name.as_str()) && took_it(&cdn.name);
        self.cdns.iter().filter(is_meant).cloned().collect()
    }
}

/// When the last node was through with it.
fn settled(receipt: &Receipt) -> u64 {
    receipt.nodes.iter().map(|node: &NodeReceipt| node.at).max().unwrap_or(0)
}

/// Each public address that was to be looked at, also one where there was nothing to see.
fn host_receipts(hosts: &[PublicHost], looks: &[Look], before: &[HostReceipt]) -> Vec<HostReceipt> {
    let receipt = |host: &PublicHost| {
        let here: Vec<&Look> =
            looks.iter().filter(|look| look.host.as_deref() == Some(host.site.as_str())).collect();
        let first = |verdict: Verdict| here.iter().find(|look| look.verdict == verdict);
        let (verdict, why) =
            match (first(Verdict::Stale), first(Verdict::Verified), first(Verdict::Unverifiable)) {
                (Some(look), _, _) => (Verdict::Stale, look.why.clone()),
                (None, Some(_), None) => (Verdict::Verified, None),
                (None, Some(_), Some(look)) => {
                    let why = look.why.as_deref().unwrap_or_default();
                    (Verdict::Verified, Some(format!("but not all of it: {why}")))
                }
                (None, None, Some(look)) => (Verdict::Unverifiable, look.why.clone()),
                (None, None, None) => {
                    let why = "nothing was delivered lately that could be looked at here";
                    (Verdict::Unverifiable, Some(why.to_owned()))
                }
            };
        let earlier = before.iter().find(|earlier| earlier.host == host.site).map_or(0, |one| one.looks);
        HostReceipt {
            host: host.site.clone(),
            cdns: host.cdns.clone(),
            verdict,
            why,
            looks: earlier.saturating_add(u32::try_from(here.len()).unwrap_or(u32::MAX)),
            at: unix_millis(),
        }
    };
    hosts.iter().map(receipt).collect()
}
