//! The size of a picture of which one side is given, or none, and another has bounds.

use crate::geometry::{device_length, device_pixels, scaled};
use crate::operation::bounds::Bounds;
use crate::operation::resize::Resize;

/// Both sides, where one that follows from the original would be smaller or larger than it may be.
pub(super) fn bounded(resize: &Resize, original: (u64, u64)) -> Option<(Option<u64>, Option<u64>)> {
    if !resize.has_bounds() {
        return None;
    }
    let free = match device_pixels(resize) {
        (Some(w), None) => (w, scaled(original.1, w, original.0)),
        (None, Some(h)) => (scaled(original.0, h, original.1), h),
        _ => original,
    };
    let within = |given: Option<u32>, side: u64, least: Option<u32>, most: Option<u32>| {
        let device = |bound: u32| u64::from(device_length(bound, resize.dpr));
        match given {
            Some(_) => side,
            // Of bounds that contradict each other the larger one gives way.
            None => side.max(least.map_or(1, device)).min(most.map_or(u64::MAX, device)),
        }
    };
    let Bounds { min_width, max_width, min_height, max_height } = resize.bounds;
    let width = within(resize.width, free.0, min_width, max_width);
    let height = within(resize.height, free.1, min_height, max_height);
    ((width, height) != free).then_some((Some(width), Some(height)))
}
