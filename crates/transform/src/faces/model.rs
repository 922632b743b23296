//! What SeetaFace's authors have let a machine learn of faces, as their file has it.

use std::sync::LazyLock;

use super::WINDOW;
use super::boosted::{Boosted, PATTERN, Vote};
use super::gradients::{NUMBERS, Patch};
use super::network::{Layer, Network};

/// Faces seen from the front, by at most some thirty degrees turned to a side (BSD licence, beside it).
const FRONTAL: &[u8] = include_bytes!("../../models/seeta_fd_frontal_v1.0.bin");

/// The most of anything that a model may have; what claims more is not one.
const MOST: usize = 4096;

pub(super) struct Model {
    /// The first classifiers, each for heads turned another way.
    pub views: Vec<Boosted>,
    /// What their windows go through together.
    pub funnel: Vec<Network>,
    pub patches: Vec<Patch>,
}

impl Model {
    /// The one that is compiled in, read once.
    pub fn built_in() -> Option<&'static Model> {
        static MODEL: LazyLock<Option<Model>> = LazyLock::new(|| Model::read(FRONTAL));
        MODEL.as_ref()
    }

    fn read(bytes: &[u8]) -> Option<Model> {
        let mut file = File(bytes);
        let patches = Patch::all();
        let (mut views, mut funnel) = (Vec::new(), Vec::new());
        for _ in 0..file.count()? {
            for _ in 0..file.count()? {
                for _ in 0..file.count()? {
                    match file.integer()? {
                        0 if funnel.is_empty() => views.push(file.boosted()?),
                        1 => funnel.push(file.network(patches.len())?),
                        _ => return None,
                    }
                }
                // Whose windows it gets: here, those of all before it.
                for _ in 0..file.integer()?.max(0) {
                    file.integer()?;
                }
            }
        }
        (file.0.is_empty() && !views.is_empty()).then_some(Model { views, funnel, patches })
    }
}

/// What is left of a file: numbers of four bytes, the least significant first.
struct File<'a>(&'a [u8]);

impl File<'_> {
    fn four(&mut self) -> Option<[u8; 4]> {
        let (four, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*four)
    }

    fn integer(&mut self) -> Option<i32> {
        self.four().map(i32::from_le_bytes)
    }

    fn count(&mut self) -> Option<usize> {
        self.integer().and_then(|count| usize::try_from(count).ok()).filter(|count| *count <= MOST)
    }

    fn number(&mut self) -> Option<f32> {
        self.four().map(f32::from_le_bytes).filter(|number| number.is_finite())
    }

    fn numbers(&mut self, count: usize) -> Option<Vec<f32>> {
        (0..count).map(|_| self.number()).collect()
    }

    fn boosted(&mut self) -> Option<Boosted> {
        let count = self.count()?;
        // The last of the values that a pattern may have.
        (self.integer()? == 255).then_some(())?;
        let places: Vec<(usize, usize)> =
            (0..count).map(|_| Some((self.count()?, self.count()?))).collect::<Option<_>>()?;
        let least = self.numbers(count)?;
        let mut votes = Vec::new();
        for ((x, y), least) in places.into_iter().zip(least) {
            let weights = self.numbers(256)?.try_into().ok()?;
            (x.max(y) + PATTERN <= WINDOW).then_some(())?;
            votes.push(Vote { x, y, weights, least });
        }
        Some(Boosted { votes })
    }

    fn network(&mut self, known: usize) -> Option<Network> {
        // Its inputs count as a layer.
        let layers = self.count()?.checked_sub(1)?;
        let count = self.count()?;
        // Counted from one.
        let patch = |number: usize| number.checked_sub(1).filter(|place| *place < known);
        let patches: Vec<usize> = (0..count).map(|_| self.count().and_then(patch)).collect::<Option<_>>()?;
        let least = self.number()?;
        let mut inputs = self.count()?;
        (inputs == NUMBERS * patches.len()).then_some(())?;
        let mut network = Network { patches, least, layers: Vec::new() };
        for _ in 0..layers {
            let outputs = self.count()?;
            let weights = self.numbers(inputs * outputs)?;
            network.layers.push(Layer { inputs, weights, biases: self.numbers(outputs)? });
            inputs = outputs;
        }
        (inputs == Network::OUTPUTS).then_some(network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_model_is_a_funnel() {
        let model = Model::built_in().unwrap();
        assert_eq!(model.patches.len(), 56);
        let votes: Vec<_> = model.views.iter().map(|view| view.votes.len()).collect();
        assert_eq!(votes, [150; 3]);
        let looked_at: Vec<_> = model.funnel.iter().map(|network| network.patches.len()).collect();
        assert_eq!(looked_at, [4, 8, 16]);
    }

    #[test]
    fn a_file_that_ends_too_early_or_too_late_is_no_model() {
        for length in [0, 3, 4, 1000, FRONTAL.len() - 4] {
            assert!(Model::read(&FRONTAL[..length]).is_none(), "{length}");
        }
        assert!(Model::read(&[FRONTAL, &[0]].concat()).is_none());
    }

    proptest! {
        #[test]
        fn no_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), flips in any::<[(u16, u8); 4]>()) {
            let _ = Model::read(&bytes);
            let mut model = FRONTAL[..40_000].to_vec();
            for (at, to) in flips {
                model[usize::from(at) % 40_000] = to;
            }
            let _ = Model::read(&model);
        }
    }
}
