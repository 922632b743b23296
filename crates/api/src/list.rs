//! What a list is to have, and how long it is to be.

use std::fmt::Display;

use api_types::PurgeState;
use catalog::PurgeFilter;
use url::form_urlencoded;

const LIST_DEFAULT: u32 = 50;
const LIST_MAX: u32 = 200;
/// As of a selector.
const SUBJECT_LEN_MAX: usize = 8 * 1024;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedList {
    #[error("{found:?} is not a parameter here; allowed are {allowed}")]
    UnknownParameter { found: String, allowed: &'static str },
    #[error("limit is a number from 1 to {LIST_MAX}, not {0:?}")]
    Limit(String),
    #[error(
        "{0:?} is not a state of a purge: received, preparing, flushing_origin, flushing_servers, flushing_cdn, verifying, done, unchanged, error, error_cdn, error_cdn_node or cancelled"
    )]
    State(String),
    #[error("{name} is a time in Unix milliseconds, not {found:?}")]
    Time { name: &'static str, found: String },
    #[error("{0} has at least one and at most {SUBJECT_LEN_MAX} characters")]
    Length(&'static str),
}

/// `?limit=` and nothing else.
pub fn list_limit(query: Option<&str>) -> Result<u32, MalformedList> {
    let mut limit = LIST_DEFAULT;
    for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        match &*name {
            "limit" => limit = limit_of(&value)?,
            _ => return Err(unknown(name, "limit")),
        }
    }
    Ok(limit)
}

/// Which purges, and how many. Several states are separated by commas; of anything else the last counts.
pub fn purge_filter(query: Option<&str>) -> Result<(PurgeFilter, u32), MalformedList> {
    let (mut filter, mut limit) = (PurgeFilter::default(), LIST_DEFAULT);
    for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        match &*name {
            "limit" => limit = limit_of(&value)?,
            "state" => {
                let state = |name: &str| name.parse().map_err(|()| MalformedList::State(short(name)));
                filter.states = value.split(',').map(state).collect::<Result<Vec<PurgeState>, _>>()?;
                filter.states.dedup();
                if filter.states.len() > PurgeState::ALL.len() {
                    return Err(MalformedList::State(short(value)));
                }
            }
            "tenant" => filter.tenant = Some(text("tenant", &value)?),
            "subject" => filter.subject = Some(text("subject", &value)?),
            "after" => filter.after = Some(text("after", &value)?),
            "since" => filter.since_ms = Some(time("since", &value)?),
            "until" => filter.until_ms = Some(time("until", &value)?),
            _ => return Err(unknown(name, "limit, state, tenant, subject, since, until and after")),
        }
    }
    Ok((filter, limit))
}

fn limit_of(value: &str) -> Result<u32, MalformedList> {
    match value.parse() {
        Ok(limit @ 1..=LIST_MAX) => Ok(limit),
        _ => Err(MalformedList::Limit(short(value))),
    }
}

fn text(name: &'static str, value: &str) -> Result<String, MalformedList> {
    let fits = (1..=SUBJECT_LEN_MAX).contains(&value.len());
    if fits { Ok(value.to_owned()) } else { Err(MalformedList::Length(name)) }
}

fn time(name: &'static str, value: &str) -> Result<u64, MalformedList> {
    let millis = value.parse().ok().filter(|millis| i64::try_from(*millis).is_ok());
    millis.ok_or_else(|| MalformedList::Time { name, found: short(value) })
}

fn unknown(found: impl Display, allowed: &'static str) -> MalformedList {
    MalformedList::UnknownParameter { found: short(found), allowed }
}

fn short(value: impl Display) -> String {
    value.to_string().chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_is_as_long_as_asked_within_bounds() {
        let limit = |value: &str| Err(MalformedList::Limit(value.to_owned()));
        for (query, wanted) in [
            (None, Ok(50)),
            (Some(""), Ok(50)),
            (Some("limit=1"), Ok(1)),
            (Some("limit=200"), Ok(200)),
            (Some("limit=0"), limit("0")),
            (Some("limit=201"), limit("201")),
            (Some("limit=-1"), limit("-1")),
            (Some("limit="), limit("")),
            (Some("limit=99999999999999999999"), limit("99999999999999999999")),
            (Some("state=done"), Err(unknown("state", "limit"))),
        ] {
            assert_eq!(list_limit(query), wanted, "{query:?}");
        }
    }

    #[test]
    fn a_filter_chooses_by_what_it_names() {
        let (filter, limit) = purge_filter(Some(
            "state=done,error&subject=demo%2Fcat.jpg&since=7&until=9&after=p1&limit=3&tenant=t",
        ))
        .expect("a filter");
        let text = |text: &str| Some(text.to_owned());
        let wanted = PurgeFilter {
            tenant: text("t"),
            states: vec![PurgeState::Done, PurgeState::Error],
            subject: text("demo/cat.jpg"),
            since_ms: Some(7),
            until_ms: Some(9),
            after: text("p1"),
        };
        assert_eq!((filter, limit), (wanted, 3));
        for bad in [
            "state=",
            "state=over",
            "since=now",
            "since=-1",
            "until=99999999999999999999",
            "subject=",
            "colour=1",
        ] {
            assert!(purge_filter(Some(bad)).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_a_filter_or_is_not(query in "((limit|state|since|after|subject|x)=[a-z0-9%,]{0,9}&){0,5}|\\PC{0,40}") {
            if let Ok((filter, limit)) = purge_filter(Some(&query)) {
                prop_assert!(limit <= LIST_MAX && filter.states.len() <= PurgeState::ALL.len());
            }
        }
    }
}
