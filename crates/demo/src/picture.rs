//! The pictures of the demo, and how each is painted and encoded.

use plan::Format;

use crate::canvas::Canvas;
use crate::encode::{EncodeError, encode};
use crate::scene::{badge, boats, cat, mountains, still_life};
use crate::stamp::stamp;

/// One picture in all its editions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picture {
    pub(crate) path: &'static str,
    width: usize,
    height: usize,
    format: Format,
    paint: fn(usize, usize, u32) -> Canvas,
}

/// Six megapixels each: what a camera would deliver, not what a page would show.
pub(crate) const PICTURES: [Picture; 5] = [
    Picture { path: "cat.jpg", width: 3000, height: 2000, format: Format::Jpeg, paint: cat::paint },
    Picture {
        path: "mountains.jpg",
        width: 3000,
        height: 2000,
        format: Format::Jpeg,
        paint: mountains::paint,
    },
    Picture {
        path: "still-life.webp",
        width: 2880,
        height: 2160,
        format: Format::Webp,
        paint: still_life::paint,
    },
    Picture { path: "badge.png", width: 2500, height: 2500, format: Format::Png, paint: badge::paint },
    Picture {
        path: "harbour/boats.jpg",
        width: 3000,
        height: 2000,
        format: Format::Jpeg,
        paint: boats::paint,
    },
];

impl Picture {
    pub(crate) fn at(path: &str) -> Option<&'static Self> {
        PICTURES.iter().find(|picture| picture.path == path)
    }

    /// The file of one edition, with sides divided by `shrink`. The same every time.
    pub(crate) fn render(&self, edition: u32, shrink: u16) -> Result<Vec<u8>, EncodeError> {
        let shrink = usize::from(shrink.max(1));
        let mut canvas = (self.paint)(self.width / shrink, self.height / shrink, edition);
        stamp(&mut canvas, edition);
        encode(&canvas, self.format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transform::{InputFormat, Limits, header};

    const SHRINK: u16 = 20;

    #[test]
    fn an_edition_is_the_same_every_time_and_unlike_every_other() {
        for picture in &PICTURES {
            let editions: Vec<_> =
                (1..=11).map(|edition| picture.render(edition, SHRINK).expect("it renders")).collect();
            assert_eq!(picture.render(3, SHRINK).expect("it renders"), editions[2], "{}", picture.path);
            for (at, edition) in editions.iter().enumerate() {
                assert!(!editions[..at].contains(edition), "{} {}", picture.path, at + 1);
            }
        }
    }

    #[test]
    fn a_file_is_what_its_name_says() {
        for picture in &PICTURES {
            let file = picture.render(1, SHRINK).expect("it renders");
            let header = header(&file, &Limits::default()).expect("it is a picture");
            let size = (header.size.width as usize, header.size.height as usize);
            assert_eq!(size, (picture.width / 20, picture.height / 20), "{}", picture.path);
            let extension = picture.path.rsplit('.').next().expect("an extension");
            let expected = match extension {
                "jpg" => InputFormat::Jpeg,
                "webp" => InputFormat::Webp,
                _ => InputFormat::Png,
            };
            assert_eq!((header.format, header.alpha), (expected, extension == "png"), "{}", picture.path);
            assert!(picture.width * picture.height >= 6_000_000, "{}", picture.path);
        }
    }

    #[test]
    fn the_largest_edition_number_is_painted_like_any_other() {
        for picture in &PICTURES {
            for edition in [0, u32::MAX] {
                assert!(picture.render(edition, 60).is_ok());
            }
        }
    }
}
