//! Parts of a picture: in whole pixels, and in fractions of them, which nothing is rounded in.

use crate::size::Size;

/// A rectangle in pixels and fractions of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropBox {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl CropBox {
    /// All of a picture.
    pub fn whole(size: Size) -> CropBox {
        CropBox { x: 0.0, y: 0.0, width: f64::from(size.width), height: f64::from(size.height) }
    }

    /// The largest part of a picture with a canvas's proportions, in the middle.
    pub fn covering(size: Size, canvas: Size) -> CropBox {
        let (ow, oh) = (f64::from(size.width), f64::from(size.height));
        let (cw, ch) = (f64::from(canvas.width), f64::from(canvas.height));
        let (width, height) = if ow * ch > oh * cw { (oh * cw / ch, oh) } else { (ow, ow * ch / cw) };
        let (width, height) = (width.min(ow), height.min(oh));
        CropBox { x: (ow - width) / 2.0, y: (oh - height) / 2.0, width, height }
    }

    /// The same part of the same picture at another size.
    pub fn scaled(self, scale: f64) -> CropBox {
        CropBox {
            x: self.x * scale,
            y: self.y * scale,
            width: self.width * scale,
            height: self.height * scale,
        }
    }
}

/// A rectangle in whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Rect {
    pub const fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }
}
