//! The movie of an AVIF that moves (ISO/IEC 14496-12 §8): its track of colours and that of their alpha. Safe, bounded by the
//! file.

use plan::Size;

use super::samples::Samples;
use crate::codec::heif::boxes::{Boxes, Bytes, Kind, Result, Unreadable, full_box};
use crate::codec::heif::look::{Look, Property, is_alpha};

#[derive(Debug, PartialEq)]
pub(super) struct Movie<'a> {
    pub colour: Track<'a>,
    pub alpha: Option<Track<'a>>,
    /// Whether alpha is multiplied into the colours.
    pub premultiplied: bool,
    /// How often all of it is shown; 0 is without end.
    pub plays: u32,
}

/// Samples of AV1 data, all of one size.
#[derive(Debug, PartialEq)]
pub(super) struct Track<'a> {
    pub size: Size,
    pub look: Look<'a>,
    pub samples: Samples<'a>,
    /// Of the clock that says for how long samples are shown.
    pub ticks_a_second: u32,
}

/// Tracks that are looked at. An AVIF has one, or two.
const MOST_TRACKS: usize = 16;
/// Boxes within the description of samples that are looked at.
const MOST_CHILDREN: usize = 64;
/// What precedes the boxes in a visual sample entry (14496-12 §12.1.3.2), its width after 24 bytes.
const SAMPLE_ENTRY: usize = 78;

/// The movie, if it is what is to be shown: the first brand says so, as it does to browsers, or there is no still picture.
pub(super) fn find(file: &[u8]) -> Result<Option<Movie<'_>>> {
    match content(file)? {
        Some(movie) => parse(file, movie).map(Some),
        None => Ok(None),
    }
}

/// The size of its frames, as they are decoded.
pub(super) fn size(file: &[u8]) -> Result<Option<Size>> {
    Ok(find(file)?.map(|movie| movie.colour.size))
}

fn content(file: &[u8]) -> Result<Option<&[u8]>> {
    let Some(movie) = Boxes(file).find(|(kind, _)| kind == b"moov").or_else(ends_early)? else {
        return Ok(None);
    };
    let moves =
        Boxes(file).find(|(kind, _)| kind == b"ftyp")?.is_some_and(|types| types.starts_with(b"avis"));
    let stands = Boxes(file).find(|(kind, _)| kind == b"meta").or_else(ends_early)?.is_some();
    Ok(Some(movie).filter(|_| moves || !stands))
}

/// What ends within its data may still show its first picture.
fn ends_early<'a>(error: Unreadable) -> Result<Option<&'a [u8]>> {
    match error {
        Unreadable::Truncated => Ok(None),
        error => Err(error),
    }
}

fn parse<'a>(file: &'a [u8], movie: &'a [u8]) -> Result<Movie<'a>> {
    let mut tracks = Boxes(movie);
    let (mut colour, mut alpha): (Option<Raw<'_>>, Option<Raw<'_>>) = (None, None);
    let mut seen = 0;
    while let Some((kind, content)) = tracks.next()? {
        if &kind != b"trak" {
            continue;
        }
        seen += 1;
        if seen > MOST_TRACKS {
            return Err(Unreadable::Unsupported("so many tracks"));
        }
        let track = Raw::of(content)?;
        match &track.handler {
            b"pict" | b"vide" if colour.is_none() => colour = Some(track),
            b"auxv" if alpha.is_none() && track.shows_alpha()? => alpha = Some(track),
            _ => {}
        }
    }
    let colour = colour.ok_or(Unreadable::Corrupt("its movie has no pictures"))?;
    let of_colour = |track: &Raw<'_>| track.refers(b"auxl", colour.id);
    let alpha = match alpha {
        Some(track) if of_colour(&track)? => Some(track),
        _ => None,
    };
    Ok(Movie {
        premultiplied: match &alpha {
            Some(alpha) => colour.refers(b"prem", alpha.id)?,
            None => false,
        },
        plays: colour.plays()?,
        alpha: alpha.map(|track| track.read(file)).transpose()?,
        colour: colour.read(file)?,
    })
}

/// The boxes of a track that matter, unread but for what tells tracks apart.
struct Raw<'a> {
    id: u32,
    /// In ticks of the whole movie; nothing for what has no end.
    duration: Option<u64>,
    handler: Kind,
    references: &'a [u8],
    edits: &'a [u8],
    media: &'a [u8],
    tables: &'a [u8],
}

impl<'a> Raw<'a> {
    fn of(track: &'a [u8]) -> Result<Raw<'a>> {
        let child = |within: &'a [u8], kind: &[u8; 4]| {
            let missing = Unreadable::Corrupt("a track is incomplete");
            Boxes(within).find(|(found, _)| found == kind)?.ok_or(missing)
        };
        let optional = |within: &'a [u8], kind: &[u8; 4]| -> Result<&'a [u8]> {
            Ok(Boxes(within).find(|(found, _)| found == kind)?.unwrap_or_default())
        };
        let (version, header) = full_box(child(track, b"tkhd")?)?;
        let (mut header, wide) = (Bytes(header), version == 1);
        header.take(if wide { 16 } else { 8 })?;
        let (id, _reserved) = (header.u32()?, header.u32()?);
        let duration = if wide { header.u64()? } else { header.u32()?.into() };
        let unending = if wide { u64::MAX } else { u32::MAX.into() };
        let media = child(track, b"mdia")?;
        let mut handler = Bytes(full_box(child(media, b"hdlr")?)?.1);
        handler.u32()?;
        Ok(Raw {
            id,
            duration: (duration != unending).then_some(duration),
            handler: handler.kind()?,
            references: optional(track, b"tref")?,
            edits: optional(optional(track, b"edts")?, b"elst")?,
            media,
            tables: child(child(media, b"minf")?, b"stbl")?,
        })
    }

    fn refers(&self, kind: &Kind, to: u32) -> Result<bool> {
        let Some(ids) = Boxes(self.references).find(|(found, _)| found == kind)? else { return Ok(false) };
        Ok(ids.as_chunks().0.iter().any(|id| u32::from_be_bytes(*id) == to))
    }

    /// As AVIF's edit lists say it: one segment, and how often it fits into the track (23008-12 §9.6.1, AVIF §4.1). Without
    /// one browsers show it again and again.
    fn plays(&self) -> Result<u32> {
        if self.edits.is_empty() {
            return Ok(0);
        }
        let (version, list) = full_box(self.edits)?;
        let repeats = self.edits.get(3).is_some_and(|flags| flags & 1 == 1);
        let mut list = Bytes(list);
        if !repeats || list.u32()? != 1 {
            return Ok(1);
        }
        let segment = if version == 1 { list.u64()? } else { list.u32()?.into() };
        let Some(duration) = self.duration else { return Ok(0) };
        if segment == 0 {
            return Err(Unreadable::Corrupt("what it repeats takes no time"));
        }
        Ok(u32::try_from(duration.div_ceil(segment)).unwrap_or(0).max(1))
    }

    /// The one kind of samples, and what is said of them.
    fn entry(&self) -> Result<(Kind, &'a [u8])> {
        let none = Unreadable::Corrupt("a track does not say what its frames are");
        let kinds = Boxes(self.tables).find(|(kind, _)| kind == b"stsd")?.ok_or(none)?;
        let mut bytes = Bytes(full_box(kinds)?.1);
        if bytes.u32()? != 1 {
            return Err(Unreadable::Unsupported("frames of several kinds"));
        }
        Boxes(bytes.0).next()?.ok_or(none)
    }

    /// Nothing said, that is what an auxiliary track of an AVIF is.
    fn shows_alpha(&self) -> Result<bool> {
        let mut bytes = Bytes(self.entry()?.1);
        bytes.take(SAMPLE_ENTRY)?;
        match Boxes(bytes.0).find(|(kind, _)| kind == b"auxi")? {
            Some(auxiliary) => Ok(is_alpha(full_box(auxiliary)?.1)),
            None => Ok(true),
        }
    }

    fn read(&self, file: &'a [u8]) -> Result<Track<'a>> {
        let (kind, content) = self.entry()?;
        if &kind != b"av01" {
            return Err(Unreadable::Unsupported("a movie that is not AV1"));
        }
        let mut bytes = Bytes(content);
        let mut fixed = Bytes(bytes.take(SAMPLE_ENTRY)?);
        fixed.take(24)?;
        let size = Size { width: fixed.u16()?.into(), height: fixed.u16()?.into() };
        let mut children = Boxes(bytes.0);
        let mut look = Vec::new();
        while let Some((kind, bytes)) = children.next()? {
            // None is essential: that is said of a picture's properties only.
            if look.len() < MOST_CHILDREN {
                look.push(Property { kind, bytes, essential: false });
            }
        }
        let missing = Unreadable::Corrupt("a track is incomplete");
        let clock = Boxes(self.media).find(|(kind, _)| kind == b"mdhd")?.ok_or(missing)?;
        let (version, clock) = full_box(clock)?;
        let mut clock = Bytes(clock);
        clock.take(if version == 1 { 16 } else { 8 })?;
        let ticks_a_second = clock.u32()?;
        if ticks_a_second == 0 {
            return Err(Unreadable::Corrupt("its clock stands still"));
        }
        Ok(Track {
            size,
            look: Look::of(look, size)?,
            samples: Samples::of(file, self.tables)?,
            ticks_a_second,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::heif::boxes::make_box;
    use crate::orientation::Orientation;
    use proptest::prelude::*;

    const PLAIN: &[u8] = include_bytes!("../../../tests/fixtures/moving.avif");
    const ALPHA: &[u8] = include_bytes!("../../../tests/fixtures/moving-alpha.avif");

    fn ticks(mut track: Track<'_>) -> Vec<u32> {
        std::iter::from_fn(|| track.samples.next().unwrap().map(|sample| sample.ticks)).collect()
    }

    /// With these bytes in the place of others, wherever they are.
    fn with(file: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
        let mut file = file.to_vec();
        for at in 0..=file.len() - old.len() {
            if file[at..].starts_with(old) {
                file[at..at + new.len()].copy_from_slice(new);
            }
        }
        file
    }

    #[test]
    fn a_movie_and_its_alpha_are_found() {
        let movie = find(PLAIN).unwrap().unwrap();
        assert_eq!((movie.plays, movie.alpha, movie.premultiplied), (0, None, false));
        assert_eq!((movie.colour.size, movie.colour.ticks_a_second), (Size::new(24, 16), 100));
        assert!(movie.colour.look.coding.is_some());
        assert_eq!(ticks(movie.colour), [7, 12, 5]);
        let movie = find(ALPHA).unwrap().unwrap();
        assert_eq!(ticks(movie.alpha.unwrap()), [7, 12, 5]);
    }

    #[test]
    fn the_first_brand_says_whether_it_is_shown() {
        let still = with(PLAIN, b"ftypavis", b"ftypavif");
        assert_eq!(find(&still), Ok(None));
        // With no still picture there is nothing else.
        let alone = with(&still, b"meta", b"free");
        assert!(find(&alone).unwrap().is_some());
    }

    #[test]
    fn what_is_not_as_it_should_be_is_refused_by_name() {
        use Unreadable::*;
        for (old, new, expected) in [
            (&b"pict"[..], &b"text"[..], Corrupt("its movie has no pictures")),
            (b"stsz", b"free", Corrupt("a track has no table of its samples")),
            (b"mdhd", b"free", Corrupt("a track is incomplete")),
            (b"stsd\0\0\0\0\0\0\0\x01", b"stsd\0\0\0\0\0\0\0\x02", Unsupported("frames of several kinds")),
        ] {
            assert_eq!(find(&with(PLAIN, old, new)), Err(expected));
        }
        let hevc = with(PLAIN, b"av01", b"hvc1");
        assert_eq!(find(&hevc), Err(Unsupported("a movie that is not AV1")));
        // Alpha of another track, or none at all: all is seen.
        for (old, new) in [(&b"auxl"[..], &b"cdsc"[..]), (b"auxiliary:alpha", b"auxiliary:depth")] {
            assert_eq!(find(&with(ALPHA, old, new)).unwrap().unwrap().alpha, None);
        }
    }

    #[test]
    fn only_so_many_tracks_are_looked_at() {
        let movie = content(PLAIN).unwrap().unwrap();
        let track = Boxes(movie).find(|(kind, _)| kind == b"trak").unwrap().unwrap();
        let track = make_box(b"trak", &[track]);
        let with = |count: usize| {
            let movie = make_box(b"moov", &vec![track.as_slice(); count]);
            find(&[&make_box(b"ftyp", &[b"avis"])[..], &movie].concat()).map(|_| ())
        };
        assert_eq!(with(MOST_TRACKS), Ok(()));
        assert_eq!(with(MOST_TRACKS + 1), Err(Unreadable::Unsupported("so many tracks")));
    }

    #[test]
    fn only_so_much_of_what_is_said_of_frames_is_looked_at() {
        let movie = content(PLAIN).unwrap().unwrap();
        let track = Boxes(movie).find(|(kind, _)| kind == b"trak").unwrap().unwrap();
        let raw = Raw::of(track).unwrap();
        let fixed = &raw.entry().unwrap().1[..SAMPLE_ENTRY];
        // A quarter turn behind so many that say nothing.
        let turned = |others: usize| {
            let children = [make_box(b"free", &[]).repeat(others), make_box(b"irot", &[&[1]])].concat();
            let entry = make_box(b"av01", &[fixed, &children]);
            let kinds = make_box(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry]);
            let tables = [&kinds, raw.tables].concat();
            Raw { tables: &tables, ..raw }.read(PLAIN).unwrap().look.orientation
        };
        assert_eq!(turned(MOST_CHILDREN - 1), Orientation::UPRIGHT.turned_left());
        assert_eq!(turned(MOST_CHILDREN), Orientation::UPRIGHT);
    }

    #[test]
    fn an_edit_list_says_how_often_it_is_shown() {
        fn plays_of(edits: &[u8], duration: Option<u64>) -> Result<u32> {
            Raw { id: 1, duration, handler: *b"pict", references: &[], edits, media: &[], tables: &[] }
                .plays()
        }
        let list = |version: u8, flags: u8, count: u8, segment: u32| {
            let mut list = vec![version, 0, 0, flags, 0, 0, 0, count];
            if version == 1 {
                list.extend([0; 4]);
            }
            list.extend(segment.to_be_bytes());
            list
        };
        let plays = |list: &[u8]| plays_of(list, Some(500));
        assert_eq!(plays(&[]), Ok(0));
        for (version, flags, count, segment, expected) in [
            (0, 1, 1, 100, Ok(5)),
            (1, 1, 1, 100, Ok(5)),
            (1, 1, 1, 300, Ok(2)),
            (1, 1, 1, 900, Ok(1)),
            (1, 0, 1, 100, Ok(1)),
            (1, 1, 2, 100, Ok(1)),
            (1, 1, 1, 0, Err(Unreadable::Corrupt("what it repeats takes no time"))),
        ] {
            assert_eq!(plays(&list(version, flags, count, segment)), expected);
        }
        assert_eq!(plays_of(&list(1, 1, 1, 100), None), Ok(0));
        assert_eq!(plays(&[1, 0, 0, 1, 0, 0]), Err(Unreadable::Truncated));
    }

    #[test]
    fn a_movie_cut_short_is_an_error() {
        let whole = find(PLAIN).unwrap().unwrap().colour.samples;
        for keep in 0..PLAIN.len() {
            let Ok(Some(mut movie)) = find(&PLAIN[..keep]) else { continue };
            assert_eq!(movie.colour.samples.count(), whole.count());
            let mut next = || movie.colour.samples.next();
            let Err(error) = next().and_then(|_| next()).and_then(|_| next()) else { panic!("{keep} bytes") };
            assert_eq!(error, Unreadable::Truncated);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = find(&bytes);
            let _ = find(&make_box(b"moov", &[&bytes]));
            let _ = find(&make_box(b"moov", &[&make_box(b"trak", &[&bytes])]));
        }

        #[test]
        fn no_change_of_a_file_panics_or_makes_more_of_it(
            changes in proptest::collection::vec((0..ALPHA.len(), any::<u8>()), 1..12)
        ) {
            let mut file = ALPHA.to_vec();
            for (at, value) in changes {
                file[at] = value;
            }
            let Ok(Some(movie)) = find(&file) else { return Ok(()) };
            for mut track in [Some(movie.colour), movie.alpha].into_iter().flatten() {
                let mut taken = 0;
                while let Ok(Some(sample)) = track.samples.next() {
                    taken += sample.data.len();
                }
                prop_assert!(taken <= file.len());
            }
        }
    }
}
