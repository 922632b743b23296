//! A network of the operator's, as tract follows it: on one thread, in one order, looking at the clock between steps.

use std::sync::Arc;

use plan::Size;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::memory::eval_tmp_memory_usage;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::plan::eval;
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use super::model::{ModelError, Normalisation, SIDE_MAX, SIDE_MIN};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::planes::Plane;

/// The side of what is shown to a model that takes pictures of any size.
const SIDE: usize = 512;

/// One that has been read, checked and made ready; a copy shares it.
#[derive(Clone)]
pub struct Network {
    plan: Arc<TypedRunnableModel>,
    normalisation: Normalisation,
    size: Size,
    memory: u64,
}

impl Network {
    pub(super) fn load(onnx: &[u8], normalisation: Normalisation) -> Result<Self, ModelError> {
        let unreadable = |error: TractError| ModelError::Unreadable(told(&error));
        let mut model = tract_onnx::onnx().model_for_read(&mut &*onnx).map_err(unreadable)?;
        let size = looked_at(&model)?;
        let (width, height) = (size.width as usize, size.height as usize);
        model.set_input_fact(0, f32::fact([1, 3, height, width]).into()).map_err(unreadable)?;
        // Others are coarser answers, which have helped it to learn.
        let first = model.output_outlets().map_err(unreadable)?.first().copied();
        let first = first.ok_or_else(|| ModelError::Output("nothing".to_owned()))?;
        model.select_output_outlets(&[first]).map_err(unreadable)?;
        let model = model.into_typed().and_then(TypedModel::into_decluttered).map_err(unreadable)?;
        let weights = weights(&model).map_err(unreadable)?;
        let model = model.into_optimized().map_err(unreadable)?;
        check_output(model.output_fact(0).map_err(unreadable)?)?;
        // The file, and what was read of it; its numbers before and after they are put in order for this processor; what
        // its steps hold at once, which counts more than they do for the widest of them.
        let memory = 2 * (onnx.len() as u64 + weights) + held(&model).map_err(unreadable)?;
        let plan = model.into_runnable().map_err(unreadable)?;
        Ok(Self { plan, normalisation, size, memory })
    }

    /// Of the pictures that it looks at.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// What it takes to load and to follow it, in bytes.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// How much of each pixel it takes for foreground; `pixels` have its size.
    pub(crate) fn follow(&self, pixels: &Pixels, deadline: &Deadline) -> Result<Plane, TransformError> {
        let failed = |error: TractError| TransformError::failed("seeing the foreground", told(&error));
        let Size { width, height } = self.size;
        let (width, height) = (width as usize, height as usize);
        let mut seen = Vec::with_capacity(3 * width * height);
        let (means, deviations) = self.normalisation.mean_and_deviation();
        for ((channel, mean), deviation) in (0..3).zip(means).zip(deviations) {
            let normalised = |pixel: &[u8; 4]| (f32::from(pixel[channel]) / 255.0 - mean) / deviation;
            seen.extend(pixels.rgba.iter().map(normalised));
        }
        let seen = Tensor::from_shape(&[1, 3, height, width], &seen).map_err(failed)?;
        let mut state = self.plan.spawn().map_err(failed)?;
        let made = state.run_plan_with_eval(tvec!(seen.into()), |context, state, node, inputs| {
            if deadline.has_passed() {
                return Err(TractError::msg("there is no time left"));
            }
            eval(context, state, node, inputs)
        });
        let made = match made {
            Err(_) if deadline.has_passed() => return Err(deadline.error()),
            made => made.map_err(failed)?,
        };
        let foreground =
            made.first().ok_or_else(|| TransformError::failed("seeing the foreground", "no answer"))?;
        let foreground = foreground.cast_to::<f32>().map_err(failed)?;
        let foreground = foreground.try_as_plain_ram().map_err(failed)?;
        // What is no number is as good as nothing.
        let sample = |value: &f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        let samples = foreground.as_slice::<f32>().map_err(failed)?.iter().map(sample).collect();
        let &[.., height, width] = made[0].shape() else {
            return Err(TransformError::failed("seeing the foreground", "no picture"));
        };
        Ok(Plane { width, height, samples })
    }
}

/// The size of the pictures that it takes, if it takes pictures.
fn looked_at(model: &InferenceModel) -> Result<Size, ModelError> {
    let unreadable = |error: TractError| ModelError::Unreadable(told(&error));
    let inputs = model.input_outlets().map_err(unreadable)?;
    if inputs.len() != 1 {
        return Err(ModelError::Input(format!("{} inputs", inputs.len())));
    }
    let fact = model.input_fact(0).map_err(unreadable)?;
    let shape = fact.shape.dims().map(|dim| dim.concretize().map_or("?".to_owned(), |dim| dim.to_string()));
    let shape = shape.collect::<Vec<_>>().join("x");
    let wrong = || ModelError::Input(format!("{shape} {:?}", fact.datum_type));
    if fact.datum_type.concretize().is_some_and(|kind| kind != DatumType::F32) {
        return Err(wrong());
    }
    // What a model leaves open, it calls by a name.
    let sides: Vec<Option<usize>> =
        fact.shape.dims().map(|dim| dim.concretize().and_then(|dim| dim.to_usize().ok())).collect();
    let [None | Some(1), None | Some(3), height, width] = sides[..] else { return Err(wrong()) };
    let size = Size { width: side(width), height: side(height) };
    let allowed = SIDE_MIN as u32..=SIDE_MAX as u32;
    if allowed.contains(&size.width) && allowed.contains(&size.height) {
        Ok(size)
    } else {
        Err(ModelError::Side(size))
    }
}

fn side(side: Option<usize>) -> u32 {
    u32::try_from(side.unwrap_or(SIDE)).unwrap_or(u32::MAX)
}

fn check_output(fact: &TypedFact) -> Result<(), ModelError> {
    let sides = fact.shape.as_concrete();
    let is_plane = matches!(sides, Some(&[1, 1, height, width] | &[1, height, width])
        if (1..=SIDE_MAX).contains(&height) && (1..=SIDE_MAX).contains(&width));
    if is_plane && fact.datum_type.is_float() {
        return Ok(());
    }
    let shape = fact.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x");
    Err(ModelError::Output(format!("{shape} {:?}", fact.datum_type)))
}

/// The bytes of a model's own numbers.
fn weights(model: &TypedModel) -> TractResult<u64> {
    let mut bytes = 0;
    for node in model.nodes().iter().filter(|node| node.op_is::<Const>()) {
        bytes += model.outlet_fact(node.id.into())?.mem_size().to_usize()? as u64;
    }
    Ok(bytes)
}

/// The bytes of all that is made of a picture and still needed, at the step where that is most.
fn held(model: &TypedModel) -> TractResult<u64> {
    let steps = eval_tmp_memory_usage(model, &model.eval_order()?, |node| !node.op_is::<Const>())?;
    let mut most = 0;
    for (_, bytes) in steps {
        most = most.max(bytes.to_usize()? as u64);
    }
    Ok(most)
}

/// With its reasons, in one line.
fn told(error: &TractError) -> String {
    format!("{error:#}").replace('\n', " ")
}
