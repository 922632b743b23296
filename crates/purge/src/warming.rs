//! What a purge warms: the derivatives that are asked for most, made from the new version before anybody has to wait for
//! them.
//!
//! It happens when the new bytes are there and the pointer has not moved to them. Derivatives are stored by what they are
//! made from, so that warming too early, too much or in vain changes no answer; and it goes past no fence, for what a node
//! stores it gets as ever, by a fill that began after its fences rose.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api_types::node::COUNT_PATH;
use api_types::{CountQuestion, HotUrl, NodeCount, Receipt, WarmReceipt};
use catalog::{AskedDelivery, CatalogError, Claim};
use edge::request::Image;
use futures_util::{StreamExt, stream};
use renderer::{Beforehand, Coming, OriginalError, shown};
use tokio::time::Instant;

use crate::nodes::Question;
use crate::selectors::{Resolved, subjects};
use crate::worker::{Worker, millis};

/// Renders at a time, so that clients come first.
const AT_ONCE: usize = 2;
/// For the nodes' word on what is asked for most; the purge goes on without those that take longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// In a receipt, of each step.
const FAILURES_TOLD: usize = 3;

/// The warming of one step of a purge.
pub(crate) struct Warming<'a> {
    worker: &'a Worker,
    images: Vec<Arc<Image>>,
    /// As the step before left it.
    before: WarmReceipt,
    /// Of each original, how many were made and how many could not be; what is tried again counts once.
    made: BTreeMap<(String, String), (u32, u32)>,
    spent: Duration,
    failures: Vec<String>,
}

impl Worker {
    /// How many of the hottest a purge needs to know: those that it warms, and of many originals those that it looks at
    /// from outside. For most purges no node is asked.
    pub(crate) fn hottest_needed(&self, claim: &Claim, resolved: &[Resolved]) -> u32 {
        let is_bulk = resolved.iter().any(|one| matches!(one, Resolved::Bulk { .. } | Resolved::MadeWith(_)));
        let is_looked_at = is_bulk && self.cdns.iter().any(|cdn| cdn.verify && !cdn.only_by_name);
        claim.warm.max(if is_looked_at { self.settings.sample } else { 0 })
    }

    /// What is asked for most of what a purge covers, by the nodes' counts; after that, what was delivered last.
    pub(crate) async fn hottest(
        &self,
        resolved: &[Resolved],
        most: u32,
    ) -> Result<Vec<HotUrl>, CatalogError> {
        let tags = subjects(resolved).iter().map(|subject| self.tag_key.tag(subject)).collect();
        let body = &CountQuestion { tags, hottest: most };
        let asked = Question { path: COUNT_PATH, body, patience: PATIENCE };
        let mut rates: BTreeMap<(String, String), f64> = BTreeMap::new();
        for (node, answer) in self.nodes.ask_all::<_, NodeCount>(asked).await {
            match answer {
                Ok(count) => {
                    for hot in count.hottest {
                        *rates.entry((hot.url, hot.accept)).or_default() += hot.hits_per_minute;
                    }
                }
                Err(why) => tracing::info!(node, why, "a node does not say what is asked for most"),
            }
        }
        let mut hottest: Vec<((String, String), f64)> = rates.into_iter().collect();
        hottest.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let mut hottest: Vec<HotUrl> =
            hottest.into_iter().map(|((url, accept), _)| HotUrl { url, accept }).collect();
        for one in resolved {
            let latest = match one {
                Resolved::Original { source, path, .. } => self.catalog.deliveries(source, path).await?,
                Resolved::Bulk { source, folder, .. } => {
                    self.catalog.latest_deliveries(source.as_deref(), folder.as_deref(), most).await?.0
                }
                Resolved::MadeWith(subject) => self.catalog.made_with(subject).await?,
                Resolved::Responses(_) | Resolved::External { .. } => continue,
            };
            for AskedDelivery { url, accept } in latest {
                let hot = HotUrl { url, accept };
                if !hottest.contains(&hot) {
                    hottest.push(hot);
                }
            }
        }
        hottest.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(hottest)
    }

    /// Of a purge that warms.
    pub(crate) async fn warming(&self, claim: &Claim) -> Option<Warming<'_>> {
        let before = claim.receipt.warm.clone()?;
        let image = |hot: &HotUrl| {
            let delivery = AskedDelivery { url: hot.url.clone(), accept: hot.accept.clone() };
            self.verifier.image(&delivery)
        };
        let most = usize::try_from(before.wanted).unwrap_or(usize::MAX);
        let mut images = Vec::new();
        for image in claim.receipt.hottest.iter().take(most).filter_map(image) {
            // One that cannot be made now is not warmed either; what it would show is not known.
            images.extend(self.renderer.resolved(image).await.ok());
        }
        let (made, spent, failures) = (BTreeMap::new(), Duration::ZERO, Vec::new());
        Some(Warming { worker: self, images, before, made, spent, failures })
    }

    /// Of a purge of many originals, which are not asked for one by one: those of the hottest are, so that there is
    /// something to warm. Gives the originals whose pointer has followed their source.
    pub(crate) async fn warm_many(
        &self,
        claim: &Claim,
        warming: &mut Warming<'_>,
        resolved: &[Resolved],
    ) -> Result<Vec<(String, String)>, OriginalError> {
        let mut originals: Vec<(String, String)> = Vec::new();
        for (source, path) in warming.images.iter().flat_map(|image| shown(image)) {
            let one = (source.to_owned(), path.to_owned());
            if resolved.iter().any(|bulk| bulk.has((source, path))) && !originals.contains(&one) {
                originals.push(one);
            }
        }
        let until = Instant::now() + warming.left();
        let mut followed = Vec::new();
        for (source, path) in originals {
            let asked = self.originals.revalidate(&source, &path, claim.mode, Some(warming));
            match tokio::time::timeout_at(until, asked).await {
                Ok(Ok(_)) => followed.push((source, path)),
                // Whoever needs it next asks its source, as without warming.
                Ok(Err(OriginalError::Fetch(error))) => {
                    warming
                        .failures
                        .push(format!("the source of {source}/{path} could not be asked: {error}"));
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => break,
            }
        }
        Ok(followed)
    }
}

impl Beforehand for Warming<'_> {
    fn coming(&mut self, coming: Coming) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.warm(coming))
    }
}

impl Warming<'_> {
    /// Of a purge that is to warm so many, of so many that there are.
    pub(crate) fn begin(wanted: u32, found: usize) -> Option<WarmReceipt> {
        let skipped = u32::try_from(found).unwrap_or(u32::MAX).min(wanted);
        (wanted > 0).then(|| WarmReceipt { wanted, skipped, ..WarmReceipt::default() })
    }

    fn left(&self) -> Duration {
        let spent = Duration::from_millis(self.before.took) + self.spent;
        self.worker.settings.warm_time.saturating_sub(spent)
    }

    /// Makes those of the hottest that show this original, from this version of it.
    async fn warm(&mut self, coming: Coming) {
        let images: Vec<Arc<Image>> =
            self.images.iter().filter(|image| coming.is_shown_in(image)).cloned().collect();
        let began = Instant::now();
        let (renderer, coming) = (&self.worker.renderer, &coming);
        let renders = images.into_iter().map(|image| async move {
            let made = renderer.make_beforehand(&image, coming).await;
            (image, made)
        });
        let mut renders = stream::iter(renders).buffer_unordered(AT_ONCE);
        let (mut warmed, mut failed, mut failures) = (0, 0, Vec::new());
        let all = async {
            while let Some((image, made)) = renders.next().await {
                match made {
                    Ok(()) => warmed += 1,
                    Err(error) => {
                        failed += 1;
                        failures.push(format!("{} could not be made beforehand: {error}", image.url));
                    }
                }
            }
        };
        // What is under way then is given up: it is made when somebody wants it.
        let _in_time = tokio::time::timeout(self.left(), all).await;
        self.made.insert((coming.source.to_string(), coming.path.to_string()), (warmed, failed));
        self.failures.append(&mut failures);
        self.spent += began.elapsed();
    }

    /// What the receipt says of it.
    pub(crate) fn tell(self, receipt: &mut Receipt) {
        let mut told = self.before;
        for (warmed, failed) in self.made.into_values() {
            told.warmed += warmed;
            told.failed += failed;
        }
        let found = u32::try_from(receipt.hottest.len()).unwrap_or(u32::MAX);
        told.skipped = found.min(told.wanted).saturating_sub(told.warmed).saturating_sub(told.failed);
        told.took += millis(self.spent);
        receipt.warm = Some(told);
        receipt.notes.extend(self.failures.into_iter().take(FAILURES_TOLD));
    }
}
