//! AVIF that moves, as a file: a movie of samples for those that know sequences (ISO/IEC 14496-12 §8), and the first of them
//! as a still picture for those that do not (23008-12; AVIF specification §3 and §4).

use plan::Size;

use crate::codec::heif::boxes::Kind;
use crate::error::TransformError;

/// One picture of a track, as the encoder has made it.
pub(super) struct Sample {
    pub data: Vec<u8>,
    /// Whether it can be decoded without those before it.
    pub key: bool,
}

/// Samples of one kind.
pub(super) struct Track<'a> {
    pub samples: &'a [Sample],
    /// The record of the decoder's configuration (AV1-ISOBMFF §2.3).
    pub configuration: [u8; 4],
    /// Of its pixels: three, or one of alpha.
    pub channels: u8,
}

pub(super) struct Film<'a> {
    pub size: Size,
    /// How often all of it is shown; 0 is without end.
    pub plays: u32,
    pub colour: Track<'a>,
    pub alpha: Option<Track<'a>>,
    /// For how long each picture is shown, in milliseconds.
    pub times: &'a [u32],
    /// How RGB became YCbCr (ITU-T H.273).
    pub matrix: u16,
    /// A TIFF file.
    pub exif: Option<&'a [u8]>,
}

const TICKS_A_SECOND: u32 = 1000;
/// The numbers of items and tracks.
const COLOUR: u16 = 1;
const ALPHA: u16 = 2;
const EXIF: u16 = 3;
/// That of ITU-T H.273: BT.709's primaries, sRGB's curve.
const PRIMARIES: u16 = 1;
const TRANSFER: u16 = 13;
const ALPHA_TYPE: &[u8] = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
/// As large as it is, and not turned.
const UNCHANGED: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// Where in the file things lie.
struct Places {
    colour: Vec<u32>,
    alpha: Vec<u32>,
    exif: u32,
}

impl Film<'_> {
    pub fn written(&self) -> Result<Vec<u8>, TransformError> {
        // Numbers have the same length whatever they are.
        let (places, length) = self.placed(0)?;
        let head = self.head(&places);
        let start = u32::try_from(head.len() + 8).map_err(too_large)?;
        let (places, _) = self.placed(start)?;
        let mut file = self.head(&places);
        file.reserve(length as usize + 8);
        file.extend((length + 8).to_be_bytes());
        file.extend(b"mdat");
        self.exif_item().into_iter().for_each(|exif| file.extend(exif));
        for (at, sample) in self.colour.samples.iter().enumerate() {
            file.extend(&sample.data);
            if let Some(alpha) = self.alpha.as_ref().and_then(|alpha| alpha.samples.get(at)) {
                file.extend(&alpha.data);
            }
        }
        Ok(file)
    }

    /// A picture's alpha follows it, so that it can be shown while the next is on its way.
    fn placed(&self, start: u32) -> Result<(Places, u32), TransformError> {
        let mut at = u64::from(start);
        let mut place = |length: usize| {
            let here = u32::try_from(at).map_err(too_large);
            at += length as u64;
            here
        };
        let exif = place(self.exif_item().map_or(0, |exif| exif.len()))?;
        let (mut colour, mut alpha) = (Vec::new(), Vec::new());
        for (index, sample) in self.colour.samples.iter().enumerate() {
            colour.push(place(sample.data.len())?);
            if let Some(sample) = self.alpha.as_ref().and_then(|alpha| alpha.samples.get(index)) {
                alpha.push(place(sample.data.len())?);
            }
        }
        let length = u32::try_from(at - u64::from(start) + 8).map_err(too_large)? - 8;
        Ok((Places { colour, alpha, exif }, length))
    }

    /// All that stands before the data.
    fn head(&self, places: &Places) -> Vec<u8> {
        let mut file = Vec::new();
        put(&mut file, b"ftyp", |to| {
            to.extend(b"avis\0\0\0\0avifavismsf1iso8mif1miaf");
            to.extend(profile(self.colour.configuration));
        });
        put_full(&mut file, b"meta", 0, 0, |to| self.items(to, places));
        put(&mut file, b"moov", |to| self.movie(to, places));
        file
    }

    /// The first picture, by itself.
    fn items(&self, to: &mut Vec<u8>, places: &Places) {
        handler(to, b"pict");
        put_full(to, b"pitm", 0, 0, |to| to.extend(COLOUR.to_be_bytes()));
        let first = |track: &Track<'_>, places: &[u32]| {
            (
                places.first().copied().unwrap_or(0),
                track.samples.first().map_or(0, |sample| sample.data.len()),
            )
        };
        let mut items = vec![(COLOUR, b"av01", first(&self.colour, &places.colour))];
        items.extend(self.alpha.iter().map(|alpha| (ALPHA, b"av01", first(alpha, &places.alpha))));
        items.extend(self.exif_item().map(|exif| (EXIF, b"Exif", (places.exif, exif.len()))));
        put_full(to, b"iloc", 0, 0, |to| {
            // Offsets and lengths of four bytes.
            to.extend([0x44, 0]);
            to.extend((items.len() as u16).to_be_bytes());
            for (id, _, (start, length)) in &items {
                for number in [*id, 0, 1] {
                    to.extend(number.to_be_bytes());
                }
                numbers(to, &[*start, *length as u32]);
            }
        });
        put_full(to, b"iinf", 0, 0, |to| {
            to.extend((items.len() as u16).to_be_bytes());
            for (id, kind, _) in &items {
                put_full(to, b"infe", 2, 0, |to| {
                    to.extend(id.to_be_bytes());
                    to.extend([0, 0]);
                    to.extend(**kind);
                    to.push(0);
                });
            }
        });
        if items.len() > 1 {
            put_full(to, b"iref", 0, 0, |to| {
                for (id, kind, _) in items.iter().skip(1) {
                    let relation = if **kind == *b"Exif" { b"cdsc" } else { b"auxl" };
                    put(to, relation, |to| {
                        [*id, 1, COLOUR].iter().for_each(|number| to.extend(number.to_be_bytes()));
                    });
                }
            });
        }
        put(to, b"iprp", |to| self.properties(to));
    }

    fn properties(&self, to: &mut Vec<u8>) {
        // That without which the picture cannot be read is marked (23008-12 §9.3.1).
        const ESSENTIAL: u8 = 0x80;
        put(to, b"ipco", |to| {
            put_full(to, b"ispe", 0, 0, |to| numbers(to, &[self.size.width, self.size.height]));
            self.colour.put_configuration(to);
            self.colour.put_bits(to);
            self.put_colours(to);
            if let Some(alpha) = &self.alpha {
                alpha.put_configuration(to);
                alpha.put_bits(to);
                put_full(to, b"auxC", 0, 0, |to| to.extend(ALPHA_TYPE));
            }
        });
        put_full(to, b"ipma", 0, 0, |to| {
            numbers(to, &[1 + u32::from(self.alpha.is_some())]);
            to.extend(COLOUR.to_be_bytes());
            to.extend([4, 1, ESSENTIAL | 2, 3, 4]);
            if self.alpha.is_some() {
                to.extend(ALPHA.to_be_bytes());
                to.extend([4, 1, ESSENTIAL | 5, 6, 7]);
            }
        });
    }

    fn put_colours(&self, to: &mut Vec<u8>) {
        put(to, b"colr", |to| {
            to.extend(b"nclx");
            [PRIMARIES, TRANSFER, self.matrix].iter().for_each(|number| to.extend(number.to_be_bytes()));
            // Of the full range.
            to.push(0x80);
        });
    }

    fn movie(&self, to: &mut Vec<u8>, places: &Places) {
        put_full(to, b"mvhd", 1, 0, |to| {
            // Made at no time that it would tell.
            to.extend([0; 16]);
            numbers(to, &[TICKS_A_SECOND]);
            to.extend(self.duration().to_be_bytes());
            // As fast and as loud as it is.
            to.extend([0, 1, 0, 0, 1, 0]);
            to.extend([0; 10]);
            numbers(to, &UNCHANGED);
            to.extend([0; 24]);
            numbers(to, &[u32::from(COLOUR) + 1 + u32::from(self.alpha.is_some())]);
        });
        put(to, b"trak", |to| self.track(to, &self.colour, COLOUR, &places.colour));
        if let Some(alpha) = &self.alpha {
            put(to, b"trak", |to| self.track(to, alpha, ALPHA, &places.alpha));
        }
    }

    fn track(&self, to: &mut Vec<u8>, track: &Track<'_>, id: u16, places: &[u32]) {
        let Size { width, height } = self.size;
        put_full(to, b"tkhd", 1, 1, |to| {
            to.extend([0; 16]);
            numbers(to, &[id.into(), 0]);
            to.extend(self.duration().to_be_bytes());
            to.extend([0; 16]);
            numbers(to, &UNCHANGED);
            numbers(to, &[width << 16, height << 16]);
        });
        if track.is_alpha() {
            put(to, b"tref", |to| put(to, b"auxl", |to| numbers(to, &[COLOUR.into()])));
        }
        put(to, b"edts", |to| {
            put_full(to, b"elst", 1, u8::from(self.plays != 1), |to| {
                numbers(to, &[1]);
                to.extend(self.once().to_be_bytes());
                to.extend(0u64.to_be_bytes());
                to.extend([0, 1, 0, 0]);
            });
        });
        put(to, b"mdia", |to| {
            put_full(to, b"mdhd", 1, 0, |to| {
                to.extend([0; 16]);
                numbers(to, &[TICKS_A_SECOND]);
                to.extend(self.once().to_be_bytes());
                // In no language: "und", in five bits for each letter.
                to.extend([0x55, 0xc4, 0, 0]);
            });
            handler(to, if track.is_alpha() { b"auxv" } else { b"pict" });
            put(to, b"minf", |to| {
                put_full(to, b"vmhd", 0, 1, |to| to.extend([0; 8]));
                put(to, b"dinf", |to| {
                    put_full(to, b"dref", 0, 0, |to| {
                        numbers(to, &[1]);
                        // In this file.
                        put_full(to, b"url ", 0, 1, |_| {});
                    });
                });
                put(to, b"stbl", |to| self.tables(to, track, places));
            });
        });
    }

    fn tables(&self, to: &mut Vec<u8>, track: &Track<'_>, places: &[u32]) {
        put_full(to, b"stsd", 0, 0, |to| {
            numbers(to, &[1]);
            put(to, b"av01", |to| self.entry(to, track));
        });
        put_full(to, b"stts", 0, 0, |to| {
            let runs: Vec<&[u32]> = self.times.chunk_by(|one, next| one == next).collect();
            numbers(to, &[runs.len() as u32]);
            runs.iter().for_each(|run| numbers(to, &[run.len() as u32, run[0]]));
        });
        // Each in a chunk of its own.
        put_full(to, b"stsc", 0, 0, |to| numbers(to, &[1, 1, 1, 1]));
        put_full(to, b"stsz", 0, 0, |to| {
            numbers(to, &[0, track.samples.len() as u32]);
            track.samples.iter().for_each(|sample| numbers(to, &[sample.data.len() as u32]));
        });
        put_full(to, b"stco", 0, 0, |to| {
            numbers(to, &[places.len() as u32]);
            numbers(to, places);
        });
        put_full(to, b"stss", 0, 0, |to| {
            let keys: Vec<u32> =
                (1..).zip(track.samples).filter(|(_, sample)| sample.key).map(|(number, _)| number).collect();
            numbers(to, &[keys.len() as u32]);
            numbers(to, &keys);
        });
    }

    /// What the samples of a track are (14496-12 §12.1.3).
    fn entry(&self, to: &mut Vec<u8>, track: &Track<'_>) {
        to.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        to.extend([0; 16]);
        to.extend((self.size.width as u16).to_be_bytes());
        to.extend((self.size.height as u16).to_be_bytes());
        // 72 dots to the inch, one picture in each sample, a name that is none, and "colour".
        numbers(to, &[72 << 16, 72 << 16, 0]);
        to.extend([0, 1]);
        to.extend([0; 32]);
        to.extend([0, 0x18, 0xff, 0xff]);
        track.put_configuration(to);
        if track.is_alpha() {
            put_full(to, b"auxi", 0, 0, |to| to.extend(ALPHA_TYPE));
        } else {
            self.put_colours(to);
        }
        // Pictures may build on any number of others (23008-12 §7.2.3).
        put_full(to, b"ccst", 0, 0, |to| to.extend([0x7c, 0, 0, 0]));
    }

    /// How long it takes to show all pictures once.
    fn once(&self) -> u64 {
        self.times.iter().copied().map(u64::from).sum()
    }

    /// And as often as they are shown; the largest number is without end.
    fn duration(&self) -> u64 {
        if self.plays == 0 { u64::MAX } else { self.once().saturating_mul(self.plays.into()) }
    }

    /// The block begins where it begins (23008-12 annex A.2.1).
    fn exif_item(&self) -> Option<Vec<u8>> {
        self.exif.map(|exif| [&[0; 4], exif].concat())
    }
}

impl Track<'_> {
    fn is_alpha(&self) -> bool {
        self.channels == 1
    }

    fn put_configuration(&self, to: &mut Vec<u8>) {
        put(to, b"av1C", |to| to.extend(self.configuration));
    }

    fn put_bits(&self, to: &mut Vec<u8>) {
        put_full(to, b"pixi", 0, 0, |to| {
            to.push(self.channels);
            to.extend(std::iter::repeat_n(8, self.channels.into()));
        });
    }
}

/// The brand of what can decode it (AVIF specification §8): main and high profile, up to a level each.
fn profile([_, profile_level, ..]: [u8; 4]) -> &'static [u8] {
    match (profile_level >> 5, profile_level & 0x1f) {
        (0, 0..=13) => b"MA1B",
        (0 | 1, 0..=16) => b"MA1A",
        _ => b"",
    }
}

fn too_large(error: impl ToString) -> TransformError {
    TransformError::failed("encoding AVIF", error)
}

/// Whose samples or items these are (14496-12 §8.4.3).
fn handler(to: &mut Vec<u8>, kind: &Kind) {
    put_full(to, b"hdlr", 0, 0, |to| {
        to.extend([0; 4]);
        to.extend(kind);
        to.extend([0; 13]);
    });
}

fn put(to: &mut Vec<u8>, kind: &Kind, content: impl FnOnce(&mut Vec<u8>)) {
    let start = to.len();
    to.extend([0; 4]);
    to.extend(kind);
    content(to);
    let length = (to.len() - start) as u32;
    to[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

fn put_full(to: &mut Vec<u8>, kind: &Kind, version: u8, flags: u8, content: impl FnOnce(&mut Vec<u8>)) {
    put(to, kind, |to| {
        to.extend([version, 0, 0, flags]);
        content(to);
    });
}

fn numbers(to: &mut Vec<u8>, numbers: &[u32]) {
    numbers.iter().for_each(|number| to.extend(number.to_be_bytes()));
}

#[cfg(test)]
mod tests {
    use super::super::decode::AV1;
    use super::super::movie;
    use super::*;
    use crate::codec::heif::container::{self, Coded};

    fn samples(data: &[&[u8]]) -> Vec<Sample> {
        data.iter().map(|data| Sample { data: data.to_vec(), key: data.len() > 2 }).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (colour, alpha) = (samples(&[b"colour", b"c2", b"c3"]), samples(&[b"alpha", b"a2", b"a3"]));
        for (with_alpha, exif, plays) in
            [(false, None, 0), (true, None, 1), (true, Some(&b"II*\0"[..]), 3), (false, Some(&b"MM"[..]), 7)]
        {
            let track = |samples, channels| Track { samples, configuration: [0x81, 0, 0xc, 0], channels };
            let film = Film {
                size: Size::new(320, 200),
                plays,
                colour: track(&colour, 3),
                alpha: with_alpha.then(|| track(&alpha, 1)),
                times: &[70, 70, 120],
                matrix: 6,
                exif,
            };
            let file = film.written().unwrap();
            let read = |mut track: movie::Track<'_>| {
                assert_eq!((track.size, track.ticks_a_second), (Size::new(320, 200), 1000));
                let next = || track.samples.next().unwrap();
                let found: Vec<_> =
                    std::iter::from_fn(next).map(|one| (one.data.to_vec(), one.ticks)).collect();
                found
            };
            let written = |samples: &[Sample]| {
                let data = samples.iter().map(|sample| sample.data.clone());
                data.zip([70, 70, 120]).collect::<Vec<_>>()
            };
            let found = movie::find(&file).unwrap().unwrap();
            assert_eq!(found.plays, plays);
            assert_eq!(read(found.colour), written(&colour));
            assert_eq!(found.alpha.map(read), with_alpha.then(|| written(&alpha)));

            let still = container::parse(&file, &AV1).unwrap();
            let data = |coded: Coded<'_>| coded.tiles[0].data.to_vec();
            assert_eq!((still.colour.size, data(still.colour)), (film.size, b"colour".to_vec()));
            assert_eq!(still.look.coding.map(|coding| coding.matrix), Some(6));
            assert_eq!(still.alpha.map(data), with_alpha.then(|| b"alpha".to_vec()));
            if let Some(exif) = exif {
                assert!(file.windows(exif.len() + 4).any(|bytes| bytes == [&[0; 4], exif].concat()));
            }
        }
    }

    #[test]
    fn a_brand_promises_no_more_than_there_is() {
        let brand = |number: u8, level: u8| profile([0x81, number << 5 | level, 0, 0]);
        assert_eq!((brand(0, 13), brand(0, 14), brand(1, 4)), (&b"MA1B"[..], &b"MA1A"[..], &b"MA1A"[..]));
        assert_eq!((brand(1, 17), brand(2, 0)), (&b""[..], &b""[..]));
    }
}
