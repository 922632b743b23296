//! `[background_removal]`: the model that sees what stands before a background.

use std::path::PathBuf;

use transform::Normalisation;

use super::node::Node;
use super::role::Role;
use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackgroundRemoval {
    /// An ONNX file. It is read at the start.
    pub model: PathBuf,
    pub colours: Normalisation,
}

impl BackgroundRemoval {
    /// `None`: backgrounds are not removed.
    pub(super) fn read(section: &mut Section, node: &Node) -> Option<Self> {
        let colours: Option<Normalisation> = section.parsed("colours");
        let Some(model) = section.text("model") else {
            if colours.is_some() && !section.is_set("model") {
                section.complain("colours", "`colours` has no meaning without `model`".to_owned());
            }
            return None;
        };
        if !node.roles.has(Role::Renderer) {
            section
                .complain("model", "`model` has no meaning for a node without the renderer role".to_owned());
        }
        // All else about it is found out when it is loaded, which takes a while.
        let found = std::fs::metadata(&model).map(|found| found.is_file());
        match found {
            Ok(true) => {}
            Ok(false) => section.complain("model", format!("`model`: {model} is no file")),
            Err(error) => section.complain("model", format!("`model`: {model} cannot be read: {error}")),
        }
        Some(Self { model: model.into(), colours: colours.unwrap_or_default() })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[background_removal]");
        out.text("model", self.model.display());
        out.text("colours", self.colours);
    }
}
