//! The least quality that reaches a score, found in a few tries.

use plan::{Quality, Score};

use crate::calibration;

/// Each costs an encoding and a decoding of a sample.
const TRIES: u32 = 4;
/// So near to the score is near enough.
const NEAR: f64 = 0.5;
/// A sample does not show all of a picture: what looks plain in it may have a detail elsewhere, which shall not be ruined.
const LEAST: u8 = 20;
const MOST: u8 = 100;

#[derive(Debug, Clone, Copy)]
struct Tried {
    quality: u8,
    score: f64,
}

/// The quality that has this score on the line through two tries.
fn on_the_line(one: Tried, other: Tried, score: f64) -> f64 {
    let (from, to) = (f64::from(one.quality), f64::from(other.quality));
    from + (to - from) * (score - one.score) / (other.score - one.score)
}

/// `score_of` rises with quality, by and large. Where the score is out of reach, the best quality that was tried.
pub(crate) fn reaching<E>(
    wanted: Score,
    mut score_of: impl FnMut(Quality) -> Result<f64, E>,
) -> Result<Quality, E> {
    let wanted = f64::from(wanted.get());
    // Between these it lies.
    let (mut below, mut above): (Option<Tried>, Option<Tried>) = (None, None);
    let mut before: Option<Tried> = None;
    let mut next = calibration::reaching(wanted).clamp(f64::from(LEAST), f64::from(MOST));
    for _ in 0..TRIES {
        let quality = next.round() as u8;
        let tried = Tried { quality, score: score_of(Quality::new(quality).unwrap_or(Quality::BEST))? };
        if tried.score >= wanted - NEAR {
            above = Some(tried);
            if tried.score <= wanted + NEAR {
                break;
            }
        } else {
            below = Some(tried);
        }
        // Most pictures are better or worse than the typical one at every quality alike.
        let shifted = |from: Tried| {
            let typical = calibration::score(f64::from(from.quality));
            calibration::reaching(typical + wanted - from.score)
        };
        let (least, most) = (
            below.map_or(LEAST, |below| below.quality.saturating_add(1)),
            above.map_or(MOST, |above| above.quality.saturating_sub(1)),
        );
        if least > most {
            break;
        }
        let guess = match (below, above, before) {
            (Some(below), Some(above), _) => on_the_line(below, above, wanted),
            // Not quite: it goes on as it went from the try before.
            (_, _, Some(before)) if before.score != tried.score => on_the_line(before, tried, wanted),
            _ => shifted(tried),
        };
        before = Some(tried);
        next = guess.clamp(least.into(), most.into());
    }
    let found = above.or(below).map_or(MOST, |tried| tried.quality);
    Ok(Quality::new(found).unwrap_or(Quality::BEST))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// Looks for it on a curve, and says what was found and in how many tries.
    fn found(wanted: u8, curve: impl Fn(f64) -> f64) -> (f64, u32) {
        let mut tries = 0;
        let quality = reaching(Score::new(wanted).unwrap(), |quality| {
            tries += 1;
            Ok::<_, Infallible>(curve(f64::from(quality.get())))
        });
        (f64::from(quality.unwrap().get()), tries)
    }

    #[test]
    fn a_typical_picture_takes_one_try() {
        for wanted in [50, 70, 80] {
            let (quality, tries) = found(wanted, calibration::score);
            assert!((calibration::score(quality) - f64::from(wanted)).abs() <= NEAR, "{wanted}: {quality}");
            assert_eq!(tries, 1, "{wanted}");
        }
    }

    #[test]
    fn a_score_out_of_reach_is_the_best_there_is() {
        assert_eq!(found(90, |_| 40.0).0, 100.0);
        assert_eq!(found(60, |_| 100.0).0, f64::from(LEAST));
    }

    proptest! {
        #[test]
        fn what_is_found_reaches_the_score_in_a_few_tries(
            wanted in 40u8..=88, shift in -12.0..12.0f64, stretch in 0.7..1.3f64
        ) {
            let curve = |quality: f64| 70.0 + (calibration::score(quality) - 70.0) * stretch + shift;
            let (quality, tries) = found(wanted, curve);
            prop_assert!(tries <= 4);
            let wanted = f64::from(wanted);
            if curve(f64::from(LEAST)) < wanted && curve(100.0) > wanted {
                prop_assert!(curve(quality) >= wanted - NEAR, "{quality} scores {}", curve(quality));
                prop_assert!(curve(quality - 2.0) <= wanted + 2.5, "{quality} is too much: {}", curve(quality - 2.0));
            }
        }

        #[test]
        fn no_score_leads_out_of_the_scale(wanted in 30u8..=95, scores in prop::collection::vec(-200.0..=100.0f64, 1..9)) {
            let mut at = 0;
            let quality = reaching(Score::new(wanted).unwrap(), |quality| {
                assert!((LEAST..=MOST).contains(&quality.get()));
                at += 1;
                Ok::<_, Infallible>(scores[at % scores.len()])
            });
            prop_assert!((LEAST..=MOST).contains(&quality.unwrap().get()) && at <= 4);
        }
    }
}
