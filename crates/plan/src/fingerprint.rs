//! The canonical text of a plan: what a derivative's key is made of, beside the original and the engine.

use crate::Plan;
use crate::geometry::device_pixels;
use crate::operation::resize::Resize;
use crate::output::{Accepted, FormatWish};

impl Plan {
    /// A text that is equal for two plans only if they make the same derivative of every original.
    ///
    /// Written in device pixels and with defaults filled in, so that `w=200` and `w=100&dpr=2` share their
    /// derivative. The leading word names this notation: change it together with anything below.
    pub fn fingerprint(&self) -> String {
        let resize = resize(&self.resize);
        let format = match self.format {
            FormatWish::Original => "original",
            FormatWish::Auto(Accepted::Avif) => "auto-avif",
            FormatWish::Auto(Accepted::Webp) => "auto-webp",
            FormatWish::Auto(Accepted::Basic) => "auto-basic",
            FormatWish::Exactly(format) => format.as_str(),
        };
        let quality = self.quality.unwrap_or_default().get();
        format!("plan-1;{resize};{format};q{quality}")
    }
}

fn resize(resize: &Resize) -> String {
    match device_pixels(resize) {
        (None, None) => "as-is".to_owned(),
        // One side alone means the same in every fit.
        (Some(w), None) => format!("w{w}"),
        (None, Some(h)) => format!("h{h}"),
        (Some(w), Some(h)) => format!("w{w},h{h},{}", resize.fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::resize::Fit;
    use crate::output::{Format, Quality};
    use expect_test::{Expect, expect};
    use std::collections::HashSet;

    fn plan(width: Option<u32>, height: Option<u32>, fit: Fit, dpr: &str) -> Plan {
        Plan {
            resize: Resize { width, height, fit, dpr: dpr.parse().unwrap() },
            format: FormatWish::Auto(Accepted::Webp),
            quality: None,
        }
    }

    #[track_caller]
    fn check(plan: Plan, expected: Expect) {
        expected.assert_eq(&plan.fingerprint());
    }

    #[test]
    fn the_text_is_stable() {
        check(Plan::default(), expect!["plan-1;as-is;original;q80"]);
        check(plan(Some(300), Some(200), Fit::Crop, "2"), expect!["plan-1;w600,h400,crop;auto-webp;q80"]);
        check(plan(Some(300), None, Fit::Crop, "1.5"), expect!["plan-1;w450;auto-webp;q80"]);
    }

    #[test]
    fn plans_that_make_the_same_picture_share_their_text() {
        let text = |plan: Plan| plan.fingerprint();
        assert_eq!(text(plan(Some(200), None, Fit::Clip, "1")), text(plan(Some(100), None, Fit::Crop, "2")));
        assert_eq!(text(plan(None, None, Fit::Clip, "1")), text(plan(None, None, Fit::Fill, "3")));
        let spoken = Plan { quality: Some(Quality::DEFAULT), ..Plan::default() };
        assert_eq!(spoken.fingerprint(), Plan::default().fingerprint());
    }

    #[test]
    fn plans_that_differ_in_anything_differ_in_their_text() {
        let wishes = [
            FormatWish::Original,
            FormatWish::Auto(Accepted::Avif),
            FormatWish::Auto(Accepted::Webp),
            FormatWish::Auto(Accepted::Basic),
            FormatWish::Exactly(Format::Jpeg),
            FormatWish::Exactly(Format::Png),
            FormatWish::Exactly(Format::Webp),
            FormatWish::Exactly(Format::Avif),
        ];
        let mut seen = HashSet::new();
        for format in wishes {
            for quality in [1, 8, 80, 100] {
                for width in [Some(1), Some(11), Some(111)] {
                    for height in [Some(1), Some(11)] {
                        for fit in Fit::ALL {
                            let plan = Plan {
                                format,
                                quality: Quality::new(quality).ok(),
                                ..plan(width, height, fit, "1")
                            };
                            assert!(seen.insert(plan.fingerprint()), "{plan:?}");
                        }
                    }
                    let plan = Plan {
                        format,
                        quality: Quality::new(quality).ok(),
                        ..plan(width, None, Fit::Clip, "1")
                    };
                    assert!(seen.insert(plan.fingerprint()), "{plan:?}");
                }
            }
        }
    }
}
