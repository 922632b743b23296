//! The demo source: pictures that we render ourselves, served by a small web folder.
//!
//! Nothing here knows of caches or purges. To everything else this is a web server that belongs to somebody else, and
//! whose pictures change now and then: each has any number of *editions*, which nobody can mistake for one another.

mod answer;
mod canvas;
mod encode;
mod gallery;
mod noise;
mod picture;
mod scene;
mod server;
mod stamp;
mod vector;

pub use encode::EncodeError;
pub use gallery::{EditError, Gallery, PictureInfo, prepare};
pub use server::{serve, serve_gallery};
