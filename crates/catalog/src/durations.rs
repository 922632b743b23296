//! How long purges and calls took lately: what is expected of the next ones.

use std::collections::BTreeMap;

use api_types::PurgeState;

use crate::{Catalog, CatalogError};

/// Among so many of the newest purges those that were done are sought.
const LOOKED_AT: u32 = 200;

/// One purge that was done, in milliseconds. Without a CDN that had to be told, its part is as good as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// From its beginning until every node was through.
    pub nodes_ms: u64,
    pub cdns_ms: u64,
    /// The looks, until it was done.
    pub looks_ms: u64,
}

impl Catalog {
    /// Of the newest purges that were done, at most so many.
    pub async fn latest_durations(&self, limit: u32) -> Result<Vec<Took>, CatalogError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT purge, state, min(at_ms) FROM purge_event WHERE purge IN \
             (SELECT id FROM (SELECT id, state, received_ms FROM purge ORDER BY received_ms DESC LIMIT $1) AS newest \
             WHERE state = 'done' ORDER BY received_ms DESC LIMIT $2) GROUP BY purge, state",
        )
        .bind(i64::from(LOOKED_AT))
        .bind(i64::from(limit))
        .fetch_all(&self.db.reader)
        .await?;
        let mut purges: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (purge, state, at) in rows {
            purges.entry(purge).or_default().insert(state, at.unsigned_abs());
        }
        let took = |events: &BTreeMap<String, u64>| {
            let at = |state: PurgeState| events.get(state.as_str()).copied();
            let began = at(PurgeState::Preparing)?;
            // One of URLs that are not ours tells no node of ours.
            at(PurgeState::FlushingServers)?;
            let (cdns, looks, done) =
                (at(PurgeState::FlushingCdn)?, at(PurgeState::Verifying)?, at(PurgeState::Done)?);
            Some(Took {
                nodes_ms: cdns.saturating_sub(began),
                cdns_ms: looks.saturating_sub(cdns),
                looks_ms: done.saturating_sub(looks),
            })
        };
        Ok(purges.values().filter_map(took).collect())
    }

    /// How long the newest calls to a CDN took until their vendor said that they had taken effect, in milliseconds.
    pub async fn latest_call_durations(&self, cdn: &str, limit: u32) -> Result<Vec<u64>, CatalogError> {
        let took: Vec<i64> = sqlx::query_scalar(
            "SELECT ended_ms - sent_ms FROM cdn_call WHERE cdn = $1 AND state = 'done' AND sent_ms IS NOT NULL \
             AND ended_ms IS NOT NULL ORDER BY sequence DESC LIMIT $2",
        )
        .bind(cdn)
        .bind(i64::from(limit))
        .fetch_all(&self.db.reader)
        .await?;
        // Clocks may go back.
        Ok(took.into_iter().map(|took| u64::try_from(took).unwrap_or(0)).collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::purges::tests::{new_purge, step};
    use crate::stage::stories;

    stories! {
        async fn each_part_of_a_purge_that_was_done_is_measured(stage: &Stage) {
            let catalog = stage.catalog().await;
            let ends = [("a", 1000, PurgeState::Done), ("b", 2000, PurgeState::Error), ("c", 3000, PurgeState::Done)];
            for (id, start, end) in ends {
                catalog.accept_purge(&new_purge(id, None), start).await.unwrap();
                let mut claim = catalog.claim_purge(start, 100_000).await.unwrap().unwrap();
                let way = [
                    (PurgeState::Preparing, 5),
                    (PurgeState::FlushingOrigin, 6),
                    (PurgeState::FlushingServers, 20),
                    (PurgeState::FlushingCdn, 25),
                    (PurgeState::Verifying, 125),
                    // Told once more: what counts is when each began first.
                    (PurgeState::FlushingCdn, 200),
                    (end, 225),
                ];
                for (state, after) in way {
                    claim = catalog.advance_purge(&claim, step(state, None), start + after, 200_000).await.unwrap();
                }
            }
            let one = Took { nodes_ms: 20, cdns_ms: 100, looks_ms: 100 };
            assert_eq!(catalog.latest_durations(9).await.unwrap(), [one, one]);
            assert_eq!(catalog.latest_durations(1).await.unwrap(), [one]);
            assert_eq!(catalog.latest_call_durations("far", 9).await.unwrap(), [0_u64; 0]);
        }
    }
}
