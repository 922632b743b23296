//! What a preset is made of: parameters of this dialect, and how they are laid over those of a URL.

use std::fmt;
use std::str::FromStr;

use percent_encoding::utf8_percent_encode;
use plan::{ENCODED, OriginalName};

use super::{PARAMETERS, PRESET, canonical, plan, table, wished};
use crate::query::Parameters;
use crate::{BadRequest, Delivery, signature};

/// In bytes. A URL has no more either.
const LEN_MAX: usize = super::URL_LEN_MAX;

/// Parameters as a query has them, in one spelling and order: `w=300&h=200&fit=crop`.
///
/// A value that changes nothing stays, because it keeps URLs from changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetParameters(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresetError {
    #[error("a preset has at least one parameter, as in w=300&h=200&fit=crop")]
    Empty,
    #[error("the parameters of a preset have at most {LEN_MAX} bytes, these have {len}")]
    TooLong { len: usize },
    #[error("a preset is made of parameters, not of another preset")]
    Nested,
    #[error("the parameter {found} belongs to a signature: URLs are signed, presets are not")]
    Signed { found: &'static str },
    #[error(transparent)]
    Parameter(#[from] BadRequest),
}

impl FromStr for PresetParameters {
    type Err = PresetError;

    /// A parameter may need another that a URL adds, so that only what is wrong in any company is refused.
    fn from_str(text: &str) -> Result<Self, PresetError> {
        if text.len() > LEN_MAX {
            return Err(PresetError::TooLong { len: text.len() });
        }
        let parameters = Parameters::read(text, PARAMETERS)?;
        if parameters.has(PRESET) {
            return Err(PresetError::Nested);
        }
        let of_signature = [signature::KEY, signature::EXPIRES, signature::MAC];
        if let Some(found) = of_signature.into_iter().find(|name| parameters.has(name)) {
            return Err(PresetError::Signed { found });
        }
        let plan = wished(&parameters, None)?;
        let mut pairs = Vec::new();
        for parameter in table(true, true) {
            let Some(raw) = parameters.get(parameter.name) else { continue };
            let value =
                (parameter.write)(&plan).unwrap_or_else(|| utf8_percent_encode(raw, ENCODED).to_string());
            pairs.push(format!("{}={value}", parameter.name));
        }
        let written = pairs.join("&");
        match written.len() {
            0 => Err(PresetError::Empty),
            // What had to be encoded is longer.
            len if len > LEN_MAX => Err(PresetError::TooLong { len }),
            _ => Ok(Self(written)),
        }
    }
}

impl PresetParameters {
    /// What they lay over a picture, or under it.
    pub fn originals(&self) -> Vec<OriginalName> {
        let plan = Parameters::read(&self.0, PARAMETERS).and_then(|parameters| wished(&parameters, None));
        plan.map_or_else(|_| Vec::new(), |plan| plan.originals().into_iter().cloned().collect())
    }
}

impl fmt::Display for PresetParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a URL with a preset comes to: the preset's parameters, and those of the URL that the preset leaves open.
pub fn with_preset(delivery: &Delivery, preset: &PresetParameters) -> Result<Delivery, BadRequest> {
    let url = canonical(delivery);
    let (_, query) = url.split_once('?').unwrap_or_default();
    let mut own = Parameters::read(query, PARAMETERS)?;
    own.remove(PRESET);
    let all = Parameters::read(&preset.0, PARAMETERS)?.over(own);
    Ok(Delivery { plan: plan(&all, Some(delivery.accept()))?, ..delivery.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use plan::{Accepted, FormatWish};
    use proptest::prelude::*;

    use crate::Request;
    use crate::native::parse;

    fn delivery(url: &str, accept: Option<&str>) -> Delivery {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        parse(&Request { path, query: Some(query), accept }).unwrap().delivery
    }

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let actual = match text.parse::<PresetParameters>() {
            Ok(parameters) => parameters.to_string(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn originals_beside_the_picture_are_known() {
        let parameters: PresetParameters = "w=9&mark=brand/a.png&mask=demo/b.png".parse().unwrap();
        let names: Vec<_> = parameters.originals().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["brand/a.png", "demo/b.png"]);
    }

    #[test]
    fn parameters_have_one_spelling_and_keep_what_changes_nothing() {
        check("h=200&w=300", expect!["w=300&h=200"]);
        check(
            "format=jpg&mark=brand/a%20b.png&fit=crop",
            expect!["fit=crop&format=jpeg&mark=brand/a%20b.png"],
        );
        check("fit=clip&bri=0&mark-alpha=100", expect!["fit=clip&bri=0&mark-alpha=100"]);
        // The URL may add the box that this needs.
        check("fit=crop&crop=top", expect!["fit=crop&crop=top"]);
    }

    #[test]
    fn what_is_wrong_in_any_company_is_refused_in_the_words_of_a_url() {
        check("", expect!["a preset has at least one parameter, as in w=300&h=200&fit=crop"]);
        check("&&", expect!["a preset has at least one parameter, as in w=300&h=200&fit=crop"]);
        check("w=0", expect![[r#"the parameter w is "0"; allowed is a whole number from 1 to 16384"#]]);
        check("w=1&w=2", expect!["the parameter w is given more than once; it is allowed once"]);
        check("preset=other&w=2", expect!["a preset is made of parameters, not of another preset"]);
        check(
            "w=2&kid=k1",
            expect!["the parameter kid belongs to a signature: URLs are signed, presets are not"],
        );
        check(
            &format!("txt={}", "a".repeat(3000)),
            expect!["the parameters of a preset have at most 2048 bytes, these have 3004"],
        );
        assert!(
            "colour=red"
                .parse::<PresetParameters>()
                .unwrap_err()
                .to_string()
                .starts_with("there is no parameter")
        );
    }

    #[test]
    fn a_url_adds_to_a_preset_and_overrides_nothing_of_it() {
        for (preset, url, same_as) in [
            ("w=200", "w=400&h=100", "w=200&h=100"),
            ("w=200&fit=clip", "fit=crop&h=100", "w=200&h=100"),
            ("fit=crop&crop=top", "w=9&h=8", "w=9&h=8&fit=crop&crop=top"),
            ("mark=brand/logo.png", "mark-alpha=50", "mark=brand/logo.png&mark-alpha=50"),
            (
                "mark-alpha=50",
                "mark=brand/logo.png&mark2=brand/b.png",
                "mark=brand/logo.png&mark-alpha=50&mark2=brand/b.png",
            ),
            ("format=png", "format=webp&dpr=2&w=10", "w=10&format=png&dpr=2"),
        ] {
            let asked = delivery(&format!("/demo/cat.jpg?preset=p&{url}"), None);
            let made = with_preset(&asked, &preset.parse().unwrap()).unwrap();
            assert_eq!(
                made.plan,
                delivery(&format!("/demo/cat.jpg?{same_as}"), None).plan,
                "{preset} and {url}"
            );
            assert_eq!(made.preset, asked.preset);
        }
    }

    #[test]
    fn together_they_are_judged_like_a_url() {
        let asked = delivery("/demo/cat.jpg?preset=p&w=9", None);
        let made = with_preset(&asked, &"fit=crop&crop=top".parse().unwrap());
        expect![
            "the parameter crop has no effect here: it needs fit=crop, min, cropfit or facearea, and w and h, or ar"
        ]
        .assert_eq(&made.unwrap_err().to_string());
    }

    #[test]
    fn a_preset_may_leave_the_format_to_the_client() {
        for (accept, wanted) in
            [("image/avif,*/*", Accepted::Avif), ("image/webp", Accepted::Webp), ("*/*", Accepted::Basic)]
        {
            let asked = delivery("/demo/cat.jpg?preset=p", Some(accept));
            let made = with_preset(&asked, &"format=auto".parse().unwrap()).unwrap();
            assert_eq!(made.plan.format, FormatWish::Auto(wanted));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_preset_that_reads_back_or_an_error(
            text in "\\PC{0,60}|((w|h|fit|crop|format|q|mark|mark-alpha|txt|bri|preset|s)=[a-z0-9./,%+-]{0,9}&?){0,6}",
            url in "((w|h|fit|crop|format|mark|txt)=[a-z0-9./]{0,6}&?){0,4}",
        ) {
            if let Ok(parameters) = text.parse::<PresetParameters>() {
                let again: Result<PresetParameters, _> = parameters.to_string().parse();
                prop_assert_eq!(again.as_ref(), Ok(&parameters));
                let request = Request { path: "/demo/cat.jpg", query: Some(&format!("preset=p&{url}")), accept: None };
                if let Ok(parsed) = parse(&request) {
                    _ = with_preset(&parsed.delivery, &parameters);
                }
            }
        }
    }
}
