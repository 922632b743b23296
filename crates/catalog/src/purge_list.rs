//! Which purges there are: a page of them at a time.

use api_types::{PurgeState, PurgeView};

use crate::purges::{COLUMNS, PurgeRow};
use crate::{Catalog, CatalogError};

/// Which purges a list has. What is not set chooses nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurgeFilter {
    pub tenant: Option<String>,
    pub states: Vec<PurgeState>,
    /// A selector's value: `demo/cat.jpg`, a URL …
    pub subject: Option<String>,
    /// Received at this time or later.
    pub since_ms: Option<u64>,
    /// Received before this time.
    pub until_ms: Option<u64>,
    /// The last purge of the page before.
    pub after: Option<String>,
}

impl Catalog {
    /// The newest purges that the filter lets through, without their events.
    pub async fn purges(&self, filter: &PurgeFilter, limit: u32) -> Result<Vec<PurgeView>, CatalogError> {
        // Only our own words go into the text.
        let states: Vec<_> = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
        let of_states =
            if states.is_empty() { String::new() } else { format!("state IN ({}) AND", states.join(", ")) };
        let subject = match &filter.subject {
            Some(subject) => serde_json::to_string(subject)?,
            None => String::new(),
        };
        let time = |millis: Option<u64>, default| millis.map_or(default, u64::cast_signed);
        let rows: Vec<PurgeRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM purge WHERE {of_states} ($1 = '' OR tenant = $1) \
             AND ($2 = '' OR replace(selectors, $2, '') <> selectors) AND received_ms >= $3 AND received_ms < $4 \
             AND ($5 = '' OR (received_ms, id) < (SELECT received_ms, id FROM purge WHERE id = $5)) \
             ORDER BY received_ms DESC, id DESC LIMIT $6"
        )))
        .bind(filter.tenant.as_deref().unwrap_or_default())
        .bind(subject)
        .bind(time(filter.since_ms, 0))
        .bind(time(filter.until_ms, i64::MAX))
        .bind(filter.after.as_deref().unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.db.reader)
        .await?;
        rows.into_iter().map(|row| row.view(Vec::new())).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::purges::tests::{new_purge, step};
    use crate::stage::stories;
    use api_types::Selector;

    stories! {
        async fn a_list_has_what_its_filter_lets_through_page_by_page(stage: &Stage) {
            let catalog = stage.catalog().await;
            for (n, name) in (1u64..).zip(["demo/cat.jpg", "demo/Cat.jpg", "demo/a\"b.jpg", "demo/cat.jpg"]) {
                let mut purge = new_purge(&format!("p{n}"), None);
                purge.selectors = vec![Selector::Original(name.to_owned())];
                purge.tenant = (n == 4).then(|| "cats".to_owned());
                // Two at the same time.
                catalog.accept_purge(&purge, n.min(3)).await.unwrap();
            }
            let claim = catalog.claim_purge(1, 100).await.unwrap().unwrap();
            catalog.advance_purge(&claim, step(PurgeState::Done, None), 1, 0).await.unwrap();
            let ids = async |filter: PurgeFilter, limit| {
                let found = catalog.purges(&filter, limit).await.unwrap();
                found.into_iter().map(|view| view.id).collect::<Vec<_>>().join(" ")
            };
            let all = PurgeFilter::default();
            let text = |text: &str| Some(text.to_owned());
            assert_eq!(ids(all.clone(), 9).await, "p4 p3 p2 p1");
            assert_eq!(ids(all.clone(), 2).await, "p4 p3");
            assert_eq!(ids(PurgeFilter { after: text("p3"), ..all.clone() }, 9).await, "p2 p1");
            assert_eq!(ids(PurgeFilter { after: text("p4"), ..all.clone() }, 9).await, "p3 p2 p1");
            assert_eq!(ids(PurgeFilter { tenant: text("cats"), ..all.clone() }, 9).await, "p4");
            assert_eq!(ids(PurgeFilter { states: vec![PurgeState::Done], ..all.clone() }, 9).await, "p1");
            assert_eq!(ids(PurgeFilter { subject: text("demo/cat.jpg"), ..all.clone() }, 9).await, "p4 p1");
            assert_eq!(ids(PurgeFilter { subject: text("demo/a\"b.jpg"), ..all.clone() }, 9).await, "p3");
            assert_eq!(ids(PurgeFilter { subject: text("cat.jpg"), ..all.clone() }, 9).await, "");
            let times = PurgeFilter { since_ms: Some(2), until_ms: Some(3), ..all };
            assert_eq!(ids(times, 9).await, "p2");
        }
    }
}
