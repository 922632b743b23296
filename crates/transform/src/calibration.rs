//! One scale of quality for all formats: which numbers of their encoders score alike.
//!
//! JPEG's numbers are the scale: those of libjpeg-turbo with chroma for two by two pixels, as everybody knows them.
//! Beside each stand the numbers of the other encoders, as we set them up, whose pictures score as that JPEG does
//! (SSIMULACRA2 against the same picture without loss), and that score: medians over 23 photographs, 800 pixels wide.
//! `bench-images calibrate` finds them out again.

use plan::Quality;

/// Whole numbers, because encoders take no others, or do next to nothing with the rest.
struct Point {
    alike: u8,
    webp: u8,
    avif: u8,
    score: f64,
}

const fn point(alike: u8, webp: u8, avif: u8, score: f64) -> Point {
    Point { alike, webp, avif, score }
}

/// At the upper end the others have given all they have.
const POINTS: [Point; 16] = [
    point(1, 1, 1, -63.9),
    point(5, 1, 1, -53.6),
    point(10, 1, 10, -8.1),
    point(15, 3, 19, 17.8),
    point(20, 8, 26, 32.6),
    point(30, 24, 37, 49.3),
    point(40, 42, 46, 59.2),
    point(50, 56, 51, 65.1),
    point(60, 68, 55, 69.1),
    point(70, 80, 65, 74.0),
    point(75, 84, 72, 77.0),
    point(80, 89, 80, 79.7),
    point(85, 92, 85, 82.7),
    point(90, 95, 91, 86.3),
    point(95, 100, 100, 90.0),
    point(100, 100, 100, 93.5),
];

/// libwebp's number.
pub(crate) fn webp(quality: Quality) -> u8 {
    along(f64::from(quality.get()), |point| point.alike.into(), |point| point.webp.into()).round() as u8
}

/// What libaom's tools call quality.
pub(crate) fn avif(quality: Quality) -> u8 {
    along(f64::from(quality.get()), |point| point.alike.into(), |point| point.avif.into()).round() as u8
}

/// What a photograph in the middle of all scores at a quality.
pub(crate) fn score(quality: f64) -> f64 {
    along(quality, |point| point.alike.into(), |point| point.score)
}

/// The quality at which it does.
pub(crate) fn reaching(score: f64) -> f64 {
    along(score, |point| point.score, |point| point.alike.into())
}

/// One column at the value of another, on the line between the two rows around it.
fn along(value: f64, from: impl Fn(&Point) -> f64, to: impl Fn(&Point) -> f64) -> f64 {
    let above = POINTS.iter().position(|point| from(point) >= value).unwrap_or(POINTS.len() - 1).max(1);
    let (low, high) = (&POINTS[above - 1], &POINTS[above]);
    let part = ((value - from(low)) / (from(high) - from(low))).clamp(0.0, 1.0);
    to(low) + (to(high) - to(low)) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_rises() {
        assert!(POINTS.is_sorted_by(|one, next| one.alike < next.alike && one.score < next.score));
        assert!(POINTS.is_sorted_by(|one, next| one.webp <= next.webp && one.avif <= next.avif));
        assert_eq!((POINTS[0].alike, POINTS[POINTS.len() - 1].alike), (1, 100));
    }

    #[test]
    fn a_row_is_found_by_its_quality_and_by_its_score() {
        for point in &POINTS {
            let quality = Quality::new(point.alike).unwrap();
            assert_eq!((webp(quality), avif(quality)), (point.webp, point.avif), "{}", point.alike);
            assert!((score(point.alike.into()) - point.score).abs() < 1e-9);
            assert!((reaching(point.score) - f64::from(point.alike)).abs() < 1e-9);
        }
        // Beyond the ends, the ends.
        assert_eq!((reaching(-1e9), reaching(1e9)), (1.0, 100.0));
    }
}
