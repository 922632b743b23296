//! SVG in, through `resvg`: drawn at the size that is wished for, or handed on as a drawing. Either is made of what has
//! been written anew (`sanitise`), so that what is drawn is what is handed on.
//!
//! Fonts are those that come with the plan; nothing is looked for in the machine, nothing is fetched.

mod css;
mod entities;
mod names;
mod root;
mod sanitise;
mod weight;

use std::sync::{Arc, Mutex, PoisonError};

use plan::{CropBox, Size};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{self, ImageHrefResolver, ImageKind, Options, Tree};

use crate::codec::{Decoded, Picture, Shape, View};
use crate::dimensions::dimensions;
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::orientation::Orientation;
use crate::pixels::{Pixels, unmultiplied};
use crate::sniff::InputFormat;

use self::root::Root;

pub(crate) use self::weight::memory;

/// Of a drawing that is handed on.
pub const DRAWING_BYTES_MAX: usize = 2 * entities::TEXT_MAX;

pub(crate) fn is_svg(original: &[u8]) -> bool {
    Root::of(original).is_some()
}

pub(crate) fn size(original: &[u8]) -> Option<Size> {
    Root::of(original).map(|root| root.size())
}

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let root = Root::of(original).ok_or(TransformError::UnknownFormat)?;
    Ok(Shape { size: root.size(), alpha: true, orientation: Orientation::UPRIGHT })
}

/// Whether letters are to be seen in it, for which there have to be fonts. It may say yes where there are none.
pub(crate) fn has_letters(original: &[u8]) -> bool {
    memchr::memmem::find(original, b"text").is_some()
}

/// The drawing as a drawing: what may stand in one, and nothing else.
pub(crate) fn sanitised(original: &[u8]) -> Result<Vec<u8>, TransformError> {
    Ok(sanitise::sanitised(&entities::written_out(original)?)?.into_bytes())
}

/// A drawing that has been understood, and not drawn yet.
pub(crate) struct Drawing {
    tree: Tree,
    size: Size,
}

impl Drawing {
    /// `fonts` are font files. `size` is the one of its header.
    pub fn of(
        original: &[u8],
        size: Size,
        fonts: &[&[u8]],
        limits: &Limits,
        deadline: &Deadline,
    ) -> Result<Drawing, TransformError> {
        let clean = sanitise::sanitised(&entities::written_out(original)?)?;
        deadline.check()?;
        let document = sanitise::parsed(&clean)?;
        weight::check_elements(&document)?;
        let pictures = Pictures { room: Mutex::new(limits.pixels) };
        let tree = Tree::from_xmltree(&document, &options(fonts, &pictures)?).map_err(corrupt)?;
        deadline.check()?;
        Ok(Drawing { tree, size })
    }

    /// A part of it on so many pixels, or on fewer if these would take too much.
    pub fn draw(&self, part: CropBox, to: Size, deadline: &Deadline) -> Result<Decoded, TransformError> {
        const TRIES: u32 = 4;
        for halved in 0..TRIES {
            let size = Size { width: (to.width >> halved).max(1), height: (to.height >> halved).max(1) };
            if let Some(drawn) = self.try_to_draw(part, size, deadline)? {
                return Ok(drawn);
            }
        }
        Err(too_heavy())
    }

    /// All of it.
    pub fn draw_exactly(&self, size: Size, deadline: &Deadline) -> Result<Decoded, TransformError> {
        self.try_to_draw(self.whole(), size, deadline)?.ok_or_else(too_heavy)
    }

    /// Nothing if it would take too much.
    fn try_to_draw(
        &self,
        part: CropBox,
        size: Size,
        deadline: &Deadline,
    ) -> Result<Option<Decoded>, TransformError> {
        let (across, down) = (f64::from(size.width) / part.width, f64::from(size.height) / part.height);
        // The header's size is in whole pixels, the drawing's own may not be.
        let scale = (
            across * f64::from(self.size.width) / f64::from(self.tree.size().width()),
            down * f64::from(self.size.height) / f64::from(self.tree.size().height()),
        );
        if !weight::is_bearable(&self.tree, size, scale) {
            return Ok(None);
        }
        let mut canvas = Pixmap::new(size.width, size.height)
            .ok_or_else(|| TransformError::failed("drawing", "the canvas is too large"))?;
        let (left, top) = (-part.x * across, -part.y * down);
        let transform =
            Transform::from_row(scale.0 as f32, 0.0, 0.0, scale.1 as f32, left as f32, top as f32);
        resvg::render(&self.tree, transform, &mut canvas.as_mut());
        deadline.check()?;
        let rgba = canvas.data().as_chunks().0.iter().map(|pixel| unmultiplied(*pixel)).collect();
        let picture = Picture::Pixels(Pixels { size, rgba });
        Ok(Some(Decoded { view: View::Part { part, size }, ..Decoded::full_size(picture) }))
    }

    pub fn whole(&self) -> CropBox {
        CropBox::whole(self.size)
    }
}

/// Nothing outside of the drawing is looked for, even if it were named in there.
fn options<'a>(fonts: &[&[u8]], pictures: &'a Pictures) -> Result<Options<'a>, TransformError> {
    Ok(Options {
        default_size: usvg::Size::from_wh(root::UNSAID.0 as f32, root::UNSAID.1 as f32)
            .ok_or_else(|| corrupt("it has no size"))?,
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, _| pictures.admitted(data)),
            resolve_string: Box::new(|_, _| None),
        },
        fontdb: Arc::new(database(fonts)),
        ..Options::default()
    })
}

/// The fonts that there are; whoever names another one, or a kind of font, gets the first.
fn database(fonts: &[&[u8]]) -> Database {
    let mut database = Database::new();
    for font in fonts {
        database.load_font_data(font.to_vec());
    }
    let first = database.faces().next().and_then(|face| face.families.first()).map(|(name, _)| name.clone());
    if let Some(first) = first {
        database.set_serif_family(first.as_str());
        database.set_sans_serif_family(first.as_str());
        database.set_cursive_family(first.as_str());
        database.set_fantasy_family(first.as_str());
        database.set_monospace_family(first.as_str());
    }
    database
}

/// Those that a drawing carries in itself: in formats that the library reads, and together within the limit of pixels.
struct Pictures {
    room: Mutex<u64>,
}

impl Pictures {
    fn admitted(&self, data: Arc<Vec<u8>>) -> Option<ImageKind> {
        let (format, size) = dimensions(&data)?;
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        *room = room.checked_sub(size.pixels())?;
        match format {
            InputFormat::Jpeg => Some(ImageKind::JPEG(data)),
            InputFormat::Png => Some(ImageKind::PNG(data)),
            InputFormat::Gif => Some(ImageKind::GIF(data)),
            InputFormat::Webp => Some(ImageKind::WEBP(data)),
            _ => None,
        }
    }
}

fn too_heavy() -> TransformError {
    unsupported("more layers, patterns and filters than can be drawn")
}

fn corrupt(why: impl ToString) -> TransformError {
    TransformError::corrupt(InputFormat::Svg, why)
}

fn unsupported(what: impl ToString) -> TransformError {
    TransformError::unsupported(InputFormat::Svg, what)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// Should anything ever get through that is written anew.
    #[test]
    fn the_library_that_draws_opens_nothing_by_itself() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/everything.png");
        assert!(std::fs::exists(file).unwrap());
        let pictures = Pictures { room: Mutex::new(u64::MAX) };
        let options = options(&[], &pictures).unwrap();
        let drawn = |href: &str| {
            let text = format!(
                "<svg xmlns='http://www.w3.org/2000/svg'><image width='9' height='9' href='{href}'/></svg>"
            );
            Tree::from_str(&text, &options).unwrap().root().has_children()
        };
        let within = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        assert!(drawn(within));
        assert!(!drawn(file) && !drawn(&format!("file://{file}")));
        let another = STANDARD.encode("<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h9v9z'/></svg>");
        assert!(!drawn(&format!("data:image/svg+xml;base64,{another}")));
    }
}
