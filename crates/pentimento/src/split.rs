//! The upstream of a node that renders: who answers what.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use edge::fill::Upstream;
use edge::pass_through::Direct;
use edge::request::Target;
use edge::{Answered, Ask, FillError};
use purge_protocol::Fill;
use renderer::Renderer;

/// Pictures from the renderer in this process, everything else from its site's upstream.
pub struct Split {
    pub images: Arc<Renderer>,
    pub pass_through: Arc<Direct>,
}

impl Upstream for Split {
    fn fetch<'a>(
        &'a self,
        ask: &'a Ask,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, FillError>> + Send + 'a>> {
        match &ask.target {
            Target::Image(_) => self.images.fetch(ask, fill),
            Target::PassThrough(_) => self.pass_through.fetch(ask, fill),
        }
    }
}
