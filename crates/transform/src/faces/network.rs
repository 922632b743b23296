//! The later classifiers: small networks that say whether a window holds a face, and where in it.

use super::gradients::{Gradients, Patch};

/// Layers of neurons, each connected to all of the layer before.
pub(super) struct Network {
    /// Which patches of a window it looks at.
    pub patches: Vec<usize>,
    /// How sure it has to be.
    pub least: f32,
    /// At least one; the last has four outputs.
    pub layers: Vec<Layer>,
}

pub(super) struct Layer {
    pub inputs: usize,
    /// For each output, one for each input.
    pub weights: Vec<f32>,
    pub biases: Vec<f32>,
}

/// What is wrong with a window that holds a face, in parts of its side.
pub(super) struct Verdict {
    pub score: f32,
    pub across: f32,
    pub down: f32,
    pub larger: f32,
}

impl Network {
    pub const OUTPUTS: usize = 4;

    /// Nothing where there is no face.
    pub fn verdict(&self, gradients: &Gradients, patches: &[Patch]) -> Option<Verdict> {
        let mut numbers = Vec::new();
        for patch in self.patches.iter().filter_map(|place| patches.get(*place)) {
            gradients.describe(*patch, &mut numbers);
        }
        let (last, hidden) = self.layers.split_last()?;
        for layer in hidden {
            numbers = layer.outputs(&numbers).map(|output| output.max(0.0)).collect();
        }
        let outputs: Vec<f32> = last.outputs(&numbers).map(|output| 1.0 / (1.0 + (-output).exp())).collect();
        let &[score, across, down, larger] = outputs.as_slice() else { return None };
        // From -1 to 1.
        let signed = |output: f32| 2.0 * output - 1.0;
        let verdict = Verdict { score, across: signed(across), down: signed(down), larger: signed(larger) };
        (score > self.least).then_some(verdict)
    }
}

impl Layer {
    fn outputs<'a>(&'a self, inputs: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let rows = self.weights.chunks_exact(self.inputs.max(1));
        rows.zip(&self.biases).map(|(weights, bias)| product(inputs, weights) + bias)
    }
}

/// The scalar product, in eight sums: a processor adds them at once, and in the same order wherever it runs.
fn product(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (one, other) in one.chunks(8).zip(other.chunks(8)) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += one * other;
        }
    }
    sums.iter().sum()
}
