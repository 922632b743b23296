//! Whether a URL at somebody else's CDN is another than before it was told. Pure.

use api_types::{Sight, Verdict};

use super::judgement::{Judged, by_status, by_time};

/// An age counts whole seconds, and so does the time that it took on its way.
const AGE_LEEWAY: u64 = 2_000;

/// `told`: when the CDN was last told.
pub(crate) fn judge_change(before: Option<&Sight>, renews_date: bool, now: &Sight, told: u64) -> Judged {
    if let Some(judged) = by_status(now) {
        return judged;
    }
    let Some(before) = before else {
        let nothing = "what was there before is not known, and it does not tell when it was made";
        return by_time(now, told, "the CDN was told").unwrap_or_else(|| Judged::unverifiable(nothing));
    };
    if before.status != now.status {
        let why = format!("status {} became {}", before.status, now.status);
        return Judged::because(Verdict::Verified, why);
    }
    let differ = |before: Option<&str>, now: Option<&str>| before.is_some() && now.is_some() && before != now;
    if differ(before.opaque_tag(), now.opaque_tag()) {
        return Judged::because(Verdict::Verified, "its entity tag is another than before");
    }
    if differ(before.last_modified.as_deref(), now.last_modified.as_deref()) {
        return Judged::because(Verdict::Verified, "its Last-Modified is another than before");
    }
    match is_newer(before, renews_date, now) {
        Some(true) => Judged::because(Verdict::Verified, "it was made anew"),
        Some(false) => Judged::because(Verdict::Stale, "it is the one from before"),
        None => Judged::unverifiable(
            "it has no Age, and a Date that is renewed or none: nothing tells it from before",
        ),
    }
}

/// `None` where neither tells.
fn is_newer(before: &Sight, renews_date: bool, now: &Sight) -> Option<bool> {
    let has_ages = before.aged_since.is_some() && now.aged_since.is_some();
    if renews_date && !has_ages {
        return None;
    }
    let leeway = if before.aged_since.or(now.aged_since).is_some() { AGE_LEEWAY } else { 0 };
    Some(now.made()? > before.made()?.saturating_add(leeway))
}

/// Whether a second look has to tell if its `Date` is renewed with each answer: it has just this moment, and no age.
pub(crate) fn may_renew_date(sight: &Sight) -> bool {
    let is_new = sight.date.is_some_and(|date| sight.at.abs_diff(date) <= AGE_LEEWAY);
    sight.status == 200 && sight.aged_since.is_none() && is_new
}

/// By the second look. One that is not there any more renews nothing.
pub(crate) fn renews_date(first: &Sight, second: &Sight) -> bool {
    second.status == first.status && second.aged_since.is_none() && second.date > first.date
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write as _;

    const TOLD: u64 = 1_795_335_060_000;

    fn at(seconds: i64) -> u64 {
        TOLD.saturating_add_signed(seconds * 1000)
    }

    /// An answer that came so many seconds after the CDN was told.
    fn came(seconds: i64) -> Sight {
        Sight { at: at(seconds), status: 200, etag: None, last_modified: None, date: None, aged_since: None }
    }

    fn dated(seconds: i64, date: i64) -> Sight {
        Sight { date: Some(at(date)), ..came(seconds) }
    }

    fn aged(seconds: i64, since: i64) -> Sight {
        Sight { aged_since: Some(at(since)), ..came(seconds) }
    }

    fn tagged(sight: Sight, tag: &str) -> Sight {
        Sight { etag: Some(tag.to_owned()), ..sight }
    }

    fn with_status(sight: Sight, status: u16) -> Sight {
        Sight { status, ..sight }
    }

    #[test]
    fn what_two_answers_tell_together() {
        let kept = Some(dated(-5, -500));
        let mut table = String::new();
        for (name, before, renews_date, now) in [
            ("the same date", kept.clone(), false, dated(30, -500)),
            ("a later date", kept.clone(), false, dated(30, 20)),
            ("a later date, of each answer", Some(dated(-5, -5)), true, dated(30, 30)),
            ("an age that grew", Some(aged(-5, -500)), false, aged(30, -500)),
            ("an age that grew, a second off", Some(aged(-5, -500)), false, aged(30, -499)),
            ("an age that began anew", Some(aged(-5, -500)), false, aged(30, 20)),
            ("an age, with a date of each answer", Some(aged(-5, -500)), true, aged(30, -500)),
            ("an age before, a date now", Some(aged(-5, -500)), false, dated(30, 29)),
            ("another tag", Some(tagged(dated(-5, -500), "\"a\"")), false, tagged(dated(30, -500), "\"b\"")),
            (
                "a tag made weak",
                Some(tagged(dated(-5, -500), "\"a\"")),
                false,
                tagged(dated(30, -500), "W/\"a\""),
            ),
            ("a tag lost", Some(tagged(came(-5), "\"a\"")), false, came(30)),
            ("gone", kept.clone(), false, with_status(dated(30, 30), 404)),
            ("out of order", kept.clone(), false, with_status(dated(30, 30), 502)),
            ("a redirect", kept, false, with_status(dated(30, 30), 302)),
            ("before unknown, old age", None, false, aged(30, -60)),
            ("before unknown, new age", None, false, aged(30, 20)),
            ("before unknown, a date", None, false, dated(30, 20)),
            ("nothing at all", Some(came(-5)), false, came(30)),
        ] {
            let Judged { verdict, why } = judge_change(before.as_ref(), renews_date, &now, TOLD);
            _ = writeln!(table, "{name:<35}{verdict:?}: {}", why.unwrap_or_default());
        }
        expect![[r#"
            the same date                      Stale: it is the one from before
            a later date                       Verified: it was made anew
            a later date, of each answer       Unverifiable: it has no Age, and a Date that is renewed or none: nothing tells it from before
            an age that grew                   Stale: it is the one from before
            an age that grew, a second off     Stale: it is the one from before
            an age that began anew             Verified: it was made anew
            an age, with a date of each answer Stale: it is the one from before
            an age before, a date now          Verified: it was made anew
            another tag                        Verified: its entity tag is another than before
            a tag made weak                    Stale: it is the one from before
            a tag lost                         Unverifiable: it has no Age, and a Date that is renewed or none: nothing tells it from before
            gone                               Verified: status 200 became 404
            out of order                       Unverifiable: it answered 502
            a redirect                         Unverifiable: it redirects elsewhere (status 302)
            before unknown, old age            Stale: it was made 60 s before the CDN was told
            before unknown, new age            Verified: it was made after the CDN was told
            before unknown, a date             Unverifiable: what was there before is not known, and it does not tell when it was made
            nothing at all                     Unverifiable: it has no Age, and a Date that is renewed or none: nothing tells it from before
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn a_date_of_this_moment_needs_a_second_look() {
        for (sight, may) in [
            (dated(0, 0), true),
            (dated(0, -1), true),
            (dated(0, -60), false),
            (Sight { date: Some(at(0)), ..aged(0, -60) }, false),
            (with_status(dated(0, 0), 404), false),
            (came(0), false),
        ] {
            assert_eq!(may_renew_date(&sight), may, "{sight:?}");
        }
        assert!(renews_date(&dated(0, 0), &dated(2, 2)));
        assert!(!renews_date(&dated(0, 0), &dated(2, 0)), "it was a new one that is stored now");
        assert!(!renews_date(&dated(0, 0), &Sight { date: Some(at(2)), ..aged(2, 0) }));
    }
}
