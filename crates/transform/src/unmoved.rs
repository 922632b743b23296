//! A JPEG that becomes a JPEG of the same size, at another quality or with other metadata: there is no need to decode it.

use plan::{Format, FormatWish, Plan, QualityWish};

use crate::codec::{describes_rgb, jpeg};
use crate::encode::Target;
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::making::Making;
use crate::metadata::Beside;
use crate::sniff::InputFormat;
use crate::{Derivative, Header, profile};

/// Nothing where there is more to do, or where the file is of a kind that has to be decoded.
pub(crate) fn carry_out(
    original: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Derivative>, TransformError> {
    let format = match plan.format {
        FormatWish::Auto(_) => return Ok(None),
        _ => plan::output_format(plan.format, header.format.as_output(), false, plan.encoding.lossless),
    };
    let target = Target::new(plan, format);
    // To reach a score, one has to look.
    let looks = matches!(plan.quality, Some(QualityWish::Reaching(_)));
    let written_again = header.format == InputFormat::Jpeg
        && format == Format::Jpeg
        && !target.is_lossless()
        && !plan.encoding.progressive
        && plan.trim.by.is_none()
        && plan.frame.is_none()
        && !looks;
    if !written_again {
        return Ok(None);
    }
    let making = Making::new(plan, header, limits)?;
    if !making.moves_nothing() {
        return Ok(None);
    }
    let icc = jpeg_scaled::icc_profile(original).filter(|icc| describes_rgb(icc));
    let Some(icc) = profile::beside(icc, &target) else { return Ok(None) };
    let beside = Beside { icc, ..Beside::new(&plan.metadata, original, header.format, format) };
    let level = target.level(|| Err(TransformError::failed("requantising", "nobody looks")), deadline)?;
    let mut decodes = false;
    let bytes = target.within(level, |level| {
        let settings = jpeg::Settings { quality: level.jpeg(), progressive: false, beside: &beside };
        let bytes = jpeg::requantised(original, target.shared_chroma(), &settings, limits, deadline)?;
        decodes |= bytes.is_none();
        Ok(bytes.unwrap_or_default())
    })?;
    Ok((!decodes).then(|| Derivative { bytes, format: format.into(), size: making.size() }))
}
