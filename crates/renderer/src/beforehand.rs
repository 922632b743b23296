//! Derivatives of a version that is not current yet, so that they are there when it is.

use std::pin::Pin;
use std::sync::Arc;

use edge::FillError;
use edge::request::Image;

use crate::originals::Current;
use crate::problem;
use crate::renderer::{Renderer, shown};

/// A version of an original that its source has, before the pointer moves to it.
#[derive(Debug, Clone)]
pub struct Coming {
    pub source: Arc<str>,
    pub path: Arc<str>,
    pub version: Current,
}

/// Whoever has something to do when a version is there and the pointer has not moved to it.
pub trait Beforehand: Send {
    fn coming(&mut self, coming: Coming) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl Coming {
    fn is_of(&self, source: &str, path: &str) -> bool {
        *self.source == *source && *self.path == *path
    }

    /// Whether this picture shows it.
    pub fn is_shown_in(&self, image: &Image) -> bool {
        shown(image).any(|(source, path)| self.is_of(source, path))
    }
}

impl Renderer {
    /// Makes a derivative, of a picture as [`Renderer::resolved`] has it, as if what is coming were there already. It is stored by what it is made from, so that nobody
    /// comes by it before the pointer has moved; and should something else have moved by then, nobody ever does.
    pub async fn make_beforehand(&self, image: &Image, coming: &Coming) -> Result<(), FillError> {
        let (source, path) = (image.delivery.source.as_str(), image.delivery.path.as_str());
        let original = match coming.is_of(source, path) {
            true => coming.version.clone(),
            false => self.originals.current(source, path).await.map_err(problem::of_original)?,
        };
        let mut others = Vec::new();
        for name in image.delivery.plan.originals() {
            let (source, path) = (name.source.as_str(), name.path.as_str());
            let version = match coming.is_of(source, path) {
                true => coming.version.clone(),
                false => {
                    let current = self.originals.current(source, path).await;
                    current.map_err(|error| problem::of_other(name, error))?
                }
            };
            others.push((name, version));
        }
        let fonts = self.fonts_of(image).map_err(|error| FillError::Problem(problem::of_font(&error)))?;
        self.derivative(image, &original, &others, &fonts).await?;
        Ok(())
    }
}
