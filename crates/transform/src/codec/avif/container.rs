//! The boxes around an AVIF's pictures (ISO/IEC 14496-12, 23008-12): just what it takes to find the primary picture, its
//! alpha and their properties. Safe, bounded by the file, and it allocates nothing for what it skips.

use std::borrow::Cow;

use plan::Size;

use crate::orientation::Orientation;

/// What the container says of its primary picture.
#[derive(Debug, PartialEq)]
pub(super) struct Container<'a> {
    /// As stored, before `orientation`.
    pub size: Size,
    pub orientation: Orientation,
    /// AV1 data of the colours, and of the alpha if there is any.
    pub colour: Cow<'a, [u8]>,
    pub alpha: Option<Cow<'a, [u8]>>,
    /// Whether alpha is multiplied into the colours.
    pub premultiplied: bool,
    /// Overrides what the AV1 data says (ISO/IEC 23000-22 §7.3.6.4).
    pub coding: Option<Coding>,
    pub icc: Option<&'a [u8]>,
}

/// How RGB became YCbCr, in the numbers of ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    pub matrix: u16,
    pub full_range: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    Truncated,
    Corrupt(&'static str),
    Unsupported(&'static str),
}

type Result<T> = std::result::Result<T, Unreadable>;
type Kind = [u8; 4];

pub(super) fn parse(file: &[u8]) -> Result<Container<'_>> {
    let meta = Boxes(file)
        .find(|(kind, _)| kind == b"meta")?
        .ok_or(Unreadable::Corrupt("it has no metadata box"))?;
    let meta = Meta::parse(full_box(meta)?.1)?;

    let primary = meta.primary()?;
    match meta.kind(primary)? {
        Some(kind) if &kind == b"av01" => {}
        Some(kind) if &kind == b"grid" => return Err(Unreadable::Unsupported("a grid of tiles")),
        _ => return Err(Unreadable::Unsupported("a primary picture that is not AV1")),
    }

    let mut size = None;
    let mut orientation = Orientation::UPRIGHT;
    let mut coding = None;
    let mut icc = None;
    for property in meta.properties(primary)? {
        let mut bytes = Bytes(property.bytes);
        match &property.kind {
            b"ispe" => {
                bytes.u32()?;
                size = Some(Size { width: bytes.u32()?, height: bytes.u32()? });
            }
            // Quarter turns anticlockwise.
            b"irot" => {
                for _ in 0..bytes.u8()? & 3 {
                    orientation = orientation.turned_left();
                }
            }
            // 0 exchanges top and bottom, 1 left and right.
            b"imir" => {
                orientation = match bytes.u8()? & 1 {
                    0 => orientation.then_mirrored_y(),
                    _ => orientation.then_mirrored_x(),
                }
            }
            b"colr" => match &bytes.kind()? {
                b"nclx" => {
                    let (_primaries, _transfer) = (bytes.u16()?, bytes.u16()?);
                    coding = Some(Coding { matrix: bytes.u16()?, full_range: bytes.u8()? & 0x80 != 0 });
                }
                b"prof" | b"rICC" => icc = Some(bytes.0),
                _ => {}
            },
            b"av1C" | b"pixi" | b"pasp" | b"clli" | b"mdcv" => {}
            b"clap" => return Err(Unreadable::Unsupported("a clean aperture")),
            // "Readers shall not process the item" if they do not know one that is essential (23008-12 §9.3.1).
            _ if property.essential => {
                return Err(Unreadable::Unsupported("a property that is not known here"));
            }
            _ => {}
        }
    }

    let alpha = meta.alpha_of(primary)?;
    Ok(Container {
        size: size.ok_or(Unreadable::Corrupt("its size is not given"))?,
        orientation,
        colour: meta.data(file, primary)?,
        alpha: alpha.map(|alpha| meta.data(file, alpha)).transpose()?,
        premultiplied: match alpha {
            Some(alpha) => meta.refers(b"prem", primary, alpha)?,
            None => false,
        },
        coding,
        icc,
    })
}

/// The children of the metadata box that matter, unread.
#[derive(Default)]
struct Meta<'a> {
    primary: Option<&'a [u8]>,
    infos: &'a [u8],
    locations: &'a [u8],
    references: &'a [u8],
    properties: &'a [u8],
    data: &'a [u8],
}

struct Property<'a> {
    kind: Kind,
    bytes: &'a [u8],
    essential: bool,
}

impl<'a> Meta<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Meta<'a>> {
        let mut meta = Meta::default();
        let mut boxes = Boxes(bytes);
        while let Some((kind, content)) = boxes.next()? {
            match &kind {
                b"pitm" => meta.primary = Some(content),
                b"iinf" => meta.infos = content,
                b"iloc" => meta.locations = content,
                b"iref" => meta.references = content,
                b"iprp" => meta.properties = content,
                b"idat" => meta.data = content,
                _ => {}
            }
        }
        Ok(meta)
    }

    fn primary(&self) -> Result<u32> {
        let content = self.primary.ok_or(Unreadable::Corrupt("it names no primary picture"))?;
        let (version, bytes) = full_box(content)?;
        Bytes(bytes).id(version > 0)
    }

    /// The type of an item.
    fn kind(&self, item: u32) -> Result<Option<Kind>> {
        if self.infos.is_empty() {
            return Ok(None);
        }
        let (version, bytes) = full_box(self.infos)?;
        let mut bytes = Bytes(bytes);
        bytes.id(version > 0)?;
        let mut entries = Boxes(bytes.0);
        while let Some((kind, content)) = entries.next()? {
            if &kind != b"infe" {
                continue;
            }
            let (version, bytes) = full_box(content)?;
            if version < 2 {
                continue;
            }
            let mut bytes = Bytes(bytes);
            if bytes.id(version > 2)? == item {
                let _protection = bytes.u16()?;
                return bytes.kind().map(Some);
            }
        }
        Ok(None)
    }

    fn properties(&self, item: u32) -> Result<Vec<Property<'a>>> {
        let mut known = Vec::new();
        let mut associations = Vec::new();
        let mut boxes = Boxes(self.properties);
        while let Some((kind, content)) = boxes.next()? {
            match &kind {
                b"ipco" => {
                    let mut children = Boxes(content);
                    while let Some(child) = children.next()? {
                        known.push(child);
                    }
                }
                b"ipma" => associations.push(content),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for association in associations {
            let (version, wide) =
                (association.first().copied(), association.get(3).is_some_and(|flags| flags & 1 == 1));
            let mut bytes = Bytes(full_box(association)?.1);
            for _ in 0..bytes.u32()? {
                let this_item = bytes.id(version != Some(0))? == item;
                for _ in 0..bytes.u8()? {
                    let (essential, index) = if wide {
                        let value = bytes.u16()?;
                        (value & 0x8000 != 0, value & 0x7fff)
                    } else {
                        let value = bytes.u8()?;
                        (value & 0x80 != 0, u16::from(value & 0x7f))
                    };
                    // Indices count from one; zero stands for none.
                    let Some(index) = usize::from(index).checked_sub(1).filter(|_| this_item) else {
                        continue;
                    };
                    let &(kind, bytes) =
                        known.get(index).ok_or(Unreadable::Corrupt("a property is missing"))?;
                    found.push(Property { kind, bytes, essential });
                }
            }
        }
        Ok(found)
    }

    /// The item that holds the alpha of another.
    fn alpha_of(&self, item: u32) -> Result<Option<u32>> {
        let mut auxiliary = Vec::new();
        self.each_reference(|kind, from, to| {
            if kind == b"auxl" && to == item && from != item {
                auxiliary.push(from);
            }
        })?;
        for candidate in auxiliary {
            for property in self.properties(candidate)? {
                if &property.kind == b"auxC" && is_alpha(full_box(property.bytes)?.1) {
                    return Ok(Some(candidate));
                }
            }
        }
        Ok(None)
    }

    fn refers(&self, kind: &Kind, from: u32, to: u32) -> Result<bool> {
        let mut found = false;
        self.each_reference(|this_kind, this_from, this_to| {
            found |= this_kind == kind && this_from == from && this_to == to;
        })?;
        Ok(found)
    }

    fn each_reference(&self, mut visit: impl FnMut(&Kind, u32, u32)) -> Result<()> {
        if self.references.is_empty() {
            return Ok(());
        }
        let (version, bytes) = full_box(self.references)?;
        let mut boxes = Boxes(bytes);
        while let Some((kind, content)) = boxes.next()? {
            let mut bytes = Bytes(content);
            let from = bytes.id(version > 0)?;
            for _ in 0..bytes.u16()? {
                visit(&kind, from, bytes.id(version > 0)?);
            }
        }
        Ok(())
    }

    /// The bytes of an item, put together if they are stored in pieces.
    fn data(&self, file: &'a [u8], item: u32) -> Result<Cow<'a, [u8]>> {
        let (version, bytes) = full_box(self.locations)?;
        let mut bytes = Bytes(bytes);
        let sizes = bytes.u16()?;
        let size = |shift: u16| usize::from(sizes >> shift & 0xf);
        let (offset_size, length_size, base_size) = (size(12), size(8), size(4));
        let index_size = if version == 0 { 0 } else { size(0) };
        let items = bytes.id(version > 1)?;
        for _ in 0..items {
            let this_item = bytes.id(version > 1)? == item;
            let method = if version == 0 { 0 } else { bytes.u16()? & 0xf };
            let external = bytes.u16()? != 0;
            let base = bytes.sized(base_size)?;
            let mut data: Option<Cow<'a, [u8]>> = None;
            for _ in 0..bytes.u16()? {
                bytes.sized(index_size)?;
                let (offset, length) = (bytes.sized(offset_size)?, bytes.sized(length_size)?);
                if !this_item {
                    continue;
                }
                let from = match method {
                    0 if !external => file,
                    1 => self.data,
                    _ => return Err(Unreadable::Unsupported("data that lies elsewhere")),
                };
                let piece = extent(from, base, offset, length)?;
                match &mut data {
                    None => data = Some(Cow::Borrowed(piece)),
                    // Pieces may overlap, so that a small file could claim to hold any amount.
                    Some(data) if data.len() + piece.len() > file.len() => {
                        return Err(Unreadable::Corrupt("its pieces are larger than the file"));
                    }
                    Some(data) => data.to_mut().extend_from_slice(piece),
                }
            }
            if this_item {
                return data.ok_or(Unreadable::Corrupt("a picture has no data"));
            }
        }
        Err(Unreadable::Corrupt("a picture has no data"))
    }
}

/// A length of zero means all that follows.
fn extent(from: &[u8], base: u64, offset: u64, length: u64) -> Result<&[u8]> {
    let start = base
        .checked_add(offset)
        .and_then(|start| usize::try_from(start).ok())
        .ok_or(Unreadable::Corrupt("a picture lies outside the file"))?;
    let rest = from.get(start..).ok_or(Unreadable::Truncated)?;
    match usize::try_from(length) {
        Ok(0) => Ok(rest),
        Ok(length) => rest.get(..length).ok_or(Unreadable::Truncated),
        Err(_) => Err(Unreadable::Truncated),
    }
}

fn is_alpha(auxiliary_type: &[u8]) -> bool {
    let name = auxiliary_type.split(|byte| *byte == 0).next().unwrap_or_default();
    name == b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" || name == b"urn:mpeg:hevc:2015:auxid:1"
}

/// Version and content of a box that has them (14496-12 §4.2.2).
fn full_box(content: &[u8]) -> Result<(u8, &[u8])> {
    let mut bytes = Bytes(content);
    let version = bytes.u8()?;
    bytes.take(3)?;
    Ok((version, bytes.0))
}

/// A run of boxes.
struct Boxes<'a>(&'a [u8]);

impl<'a> Boxes<'a> {
    fn next(&mut self) -> Result<Option<(Kind, &'a [u8])>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let whole = self.0.len();
        let mut bytes = Bytes(self.0);
        let short_length = bytes.u32()?;
        let kind = bytes.kind()?;
        let length = match short_length {
            0 => whole,
            1 => usize::try_from(bytes.u64()?).map_err(|_| Unreadable::Truncated)?,
            length => length as usize,
        };
        let header = whole - bytes.0.len();
        let content =
            length.checked_sub(header).ok_or(Unreadable::Corrupt("a box is shorter than its header"))?;
        let content = bytes.take(content)?;
        self.0 = bytes.0;
        Ok(Some((kind, content)))
    }

    fn find(mut self, wanted: impl Fn(&(Kind, &'a [u8])) -> bool) -> Result<Option<&'a [u8]>> {
        while let Some(found) = self.next()? {
            if wanted(&found) {
                return Ok(Some(found.1));
            }
        }
        Ok(None)
    }
}

/// Big-endian numbers.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Unreadable::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// An unsigned number of up to eight bytes; of none, zero.
    fn sized(&mut self, length: usize) -> Result<u64> {
        if length > 8 {
            return Err(Unreadable::Corrupt("a number has more than eight bytes"));
        }
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.sized(1)? as u8)
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(self.sized(2)? as u16)
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(self.sized(4)? as u32)
    }

    fn u64(&mut self) -> Result<u64> {
        self.sized(8)
    }

    /// An item's number or a count of items, which newer versions of a box store in four bytes.
    fn id(&mut self, wide: bool) -> Result<u32> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    fn kind(&mut self) -> Result<Kind> {
        let mut kind = Kind::default();
        kind.copy_from_slice(self.take(4)?);
        Ok(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: &[u8] = include_bytes!("../../../tests/fixtures/420-8-full-601.avif");
    const ALPHA: &[u8] = include_bytes!("../../../tests/fixtures/alpha-premultiplied-10.avif");

    #[test]
    fn the_primary_picture_and_its_alpha_are_found() {
        let plain = parse(PLAIN).unwrap();
        assert_eq!((plain.size, plain.orientation), (Size::new(24, 16), Orientation::UPRIGHT));
        assert_eq!(plain.coding, Some(Coding { matrix: 6, full_range: true }));
        assert_eq!((plain.alpha, plain.premultiplied, plain.icc), (None, false, None));

        let with_alpha = parse(ALPHA).unwrap();
        assert!(with_alpha.alpha.is_some_and(|alpha| alpha != with_alpha.colour));
        assert!(with_alpha.premultiplied);
    }

    fn make_box(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, &content].concat()
    }

    /// A file of one picture whose location box is this, after `picture` in its data box.
    fn file(locations: &[u8], picture: &[u8]) -> Vec<u8> {
        let none = [0; 4];
        let info = make_box(b"infe", &[&[2, 0, 0, 0], &[0, 1], &[0, 0], b"av01"]);
        let size = make_box(b"ispe", &[&none, &24u32.to_be_bytes(), &16u32.to_be_bytes()]);
        let meta = make_box(
            b"meta",
            &[
                &none,
                &make_box(b"pitm", &[&none, &[0, 1]]),
                &make_box(b"iinf", &[&none, &[0, 1], &info]),
                &make_box(b"iloc", &[locations]),
                &make_box(
                    b"iprp",
                    &[&make_box(b"ipco", &[&size]), &make_box(b"ipma", &[&none, &[0, 0, 0, 1, 0, 1, 1, 1]])],
                ),
            ],
        );
        [make_box(b"mdat", &[picture]), meta].concat()
    }

    /// Version 0: offsets and lengths of four bytes, no base; one item, numbered 1, of these extents.
    fn locations(extents: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, 0x44, 0x00, 0, 1, 0, 1, 0, 0];
        bytes.extend((extents.len() as u16).to_be_bytes());
        for (offset, length) in extents {
            bytes.extend(offset.to_be_bytes());
            bytes.extend(length.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn pieces_are_put_together_in_their_order() {
        let file = file(&locations(&[(11, 3), (8, 3)]), b"abcdef");
        assert_eq!(parse(&file).unwrap().colour.as_ref(), b"defabc");
    }

    #[test]
    fn pieces_that_overlap_cannot_outgrow_the_file() {
        let file = file(&locations(&vec![(0, 300); 2000]), &[0; 400]);
        assert_eq!(parse(&file), Err(Unreadable::Corrupt("its pieces are larger than the file")));
    }

    #[test]
    fn a_piece_beyond_the_end_means_that_the_file_is_cut_short() {
        assert_eq!(parse(&file(&locations(&[(8, 5000)]), b"abc")), Err(Unreadable::Truncated));
        assert_eq!(parse(&file(&locations(&[(5000, 1)]), b"abc")), Err(Unreadable::Truncated));
        for keep in 0..PLAIN.len() {
            assert!(parse(&PLAIN[..keep]).is_err(), "{keep} bytes");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let _ = parse(&make_box(b"meta", &[&[0; 4], &bytes]));
        }

        #[test]
        fn no_change_of_a_file_panics_or_makes_more_of_it(
            changes in proptest::collection::vec((0..ALPHA.len(), any::<u8>()), 1..12)
        ) {
            let mut file = ALPHA.to_vec();
            for (at, value) in changes {
                file[at] = value;
            }
            if let Ok(container) = parse(&file) {
                prop_assert!(container.colour.len() <= file.len());
                prop_assert!(container.alpha.is_none_or(|alpha| alpha.len() <= file.len()));
            }
        }
    }
}
