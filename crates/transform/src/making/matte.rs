//! What of a picture is foreground, brought to where and how large the picture is made.

use plan::{CropBox, Turned};

use super::{Making, luma_of, scaled};
use crate::codec::{Picture, View};
use crate::colour;
use crate::error::TransformError;
use crate::foreground::{Matte, Network};
use crate::limits::Deadline;
use crate::resample::Resampler;

/// What a model sees behind what is transparent.
const WHITE: [u8; 4] = [255; 4];

impl Making {
    /// The model looks at all that is used of the original, as one sees it, so that it finds the same whatever is cut.
    pub(super) fn matte(
        &self,
        network: &Network,
        picture: &Picture,
        view: View,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Matte, TransformError> {
        let whole = self.geometry.oriented();
        let orientation = self.stored.then(self.geometry.orientation);
        let part = view.of(self.in_stored(CropBox::whole(whole)));
        let stored = orientation.size(network.size());
        let pixels = match picture {
            Picture::Planes(planes) => colour::to_pixels(&planes.resized_444(part, stored, resampler)?),
            Picture::Pixels(pixels) => pixels.resized(part, stored, resampler)?.flattened(WHITE),
        };
        let pixels = pixels.upright(orientation);
        deadline.check()?;
        let cover = network.follow(&pixels, deadline)?;
        let mut matte = Matte::new(cover, luma_of(&pixels), resampler)?;
        if let Some(Turned { angle, frame }) = self.geometry.turned {
            let larger = |size: plan::Size| f64::from(size.width.max(size.height));
            let scale = larger(pixels.size) / larger(whole);
            matte = matte.turned(scaled(whole, scale), angle, scaled(frame, scale), deadline, resampler)?;
        }
        Ok(matte.of(self.geometry.crop, self.geometry.seen()))
    }
}
