//! The boxes around the pictures of a file (ISO/IEC 14496-12, 23008-12): just what it takes to find the primary picture, its
//! alpha and their properties. Safe, bounded by the file, and it allocates nothing for what it skips.

use std::borrow::Cow;

use plan::Size;

use super::boxes::{Boxes, Bytes, Kind, Result, Unreadable, full_box};
use super::look::{Look, Property, is_alpha};
use crate::codec::Shape;
use crate::error::TransformError;
use crate::limits::Limits;

/// What the pictures of a format are coded in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codec {
    /// The type of an item that holds coded data.
    pub item: &'static Kind,
    /// The property without which these data cannot be decoded, if there is one.
    pub configuration: Option<&'static Kind>,
    /// Why an item of another type is refused, as a picture and as a tile.
    pub others: [&'static str; 2],
}

/// What the container says of its primary picture.
#[derive(Debug, PartialEq)]
pub(crate) struct Container<'a> {
    pub colour: Coded<'a>,
    pub alpha: Option<Coded<'a>>,
    /// Whether alpha is multiplied into the colours.
    pub premultiplied: bool,
    pub look: Look<'a>,
}

impl Container<'_> {
    /// What there is to see, if no more than is allowed has to be decoded for that.
    pub fn shape(&self, limits: &Limits) -> std::result::Result<Shape, TransformError> {
        for coded in [Some(&self.colour), self.alpha.as_ref()].into_iter().flatten() {
            if coded.pixels() > limits.pixels {
                return Err(TransformError::TooManyPixels { found: coded.pixels(), limit: limits.pixels });
            }
        }
        Ok(Shape {
            size: self.look.seen(self.colour.size),
            alpha: self.alpha.is_some(),
            orientation: self.look.orientation,
        })
    }
}

/// Coded data: of one picture, or of the tiles that make one up, row by row.
#[derive(Debug, PartialEq)]
pub(crate) struct Coded<'a> {
    pub size: Size,
    /// Of each tile.
    pub tile: Size,
    pub columns: usize,
    pub tiles: Vec<Tile<'a>>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Tile<'a> {
    pub data: Cow<'a, [u8]>,
    /// The property that the codec asks for; empty where it asks for none.
    pub configuration: &'a [u8],
}

impl Coded<'_> {
    /// Whether no sample of a halved picture would come from two tiles, chroma included.
    pub fn can_be_halved(&self) -> bool {
        let alone = self.tiles.len() == 1 && self.tile == self.size;
        alone || self.tile.width.is_multiple_of(4) && self.tile.height.is_multiple_of(4)
    }

    /// How many there are to decode and to keep.
    pub fn pixels(&self) -> u64 {
        self.tile.pixels().saturating_mul(self.tiles.len() as u64).max(self.size.pixels())
    }
}

/// For each, the boxes of all items are walked over. 100 megapixels in tiles of 256 by 256 are some 1500.
const MOST_TILES: usize = 2048;

/// Of the boxes that are walked over once for each tile.
const MOST_INDEX: usize = 512 << 10;

/// Auxiliary pictures that are looked at for whether they are alpha.
const MOST_AUXILIARY: usize = 16;

/// Properties are numbered in fifteen bits (23008-12 §9.3.2).
const MOST_PROPERTIES: usize = 1 << 15;

/// As it is decoded.
pub(crate) fn size(file: &[u8]) -> Result<Size> {
    let meta = Meta::of(file)?;
    meta.size(meta.primary()?)
}

pub(crate) fn parse<'a>(file: &'a [u8], codec: &Codec) -> Result<Container<'a>> {
    let meta = Meta::of(file)?;
    let primary = meta.primary()?;
    let colour = meta.coded(file, primary, codec)?;
    let mut look = Look::of(meta.properties(primary)?, colour.size)?;
    // Colours that a grid says nothing of are those of its tiles, which telephones give the profile to.
    if let Some(&tile) = meta.tiles(primary)?.first() {
        let said = meta.properties(tile)?.into_iter().filter(|property| &property.kind == b"colr");
        let of_tile = Look::of(said, colour.tile)?;
        look.icc = look.icc.or(of_tile.icc);
        look.coding = look.coding.or(of_tile.coding);
    }
    let (alpha, premultiplied) = match meta.alpha(file, primary, &colour, codec)? {
        Some((alpha, premultiplied)) => (Some(alpha), premultiplied),
        None => (None, false),
    };
    Ok(Container { colour, alpha, premultiplied, look })
}

/// The children of the metadata box that matter, unread.
#[derive(Default)]
struct Meta<'a> {
    primary: Option<&'a [u8]>,
    infos: &'a [u8],
    locations: &'a [u8],
    references: &'a [u8],
    properties: Vec<(Kind, &'a [u8])>,
    /// Which items have which of them.
    associations: Vec<&'a [u8]>,
    data: &'a [u8],
}

impl<'a> Meta<'a> {
    fn of(file: &'a [u8]) -> Result<Meta<'a>> {
        let content = Boxes(file)
            .find(|(kind, _)| kind == b"meta")?
            .ok_or(Unreadable::Corrupt("it has no metadata box"))?;
        let mut meta = Meta::default();
        let mut boxes = Boxes(full_box(content)?.1);
        while let Some((kind, content)) = boxes.next()? {
            match &kind {
                b"pitm" => meta.primary = Some(content),
                b"iinf" => meta.infos = content,
                b"iloc" => meta.locations = content,
                b"iref" => meta.references = content,
                b"iprp" => meta.know(content)?,
                b"idat" => meta.data = content,
                _ => {}
            }
        }
        let associations: usize = meta.associations.iter().map(|box_| box_.len()).sum();
        let index = meta.infos.len() + meta.locations.len() + meta.references.len() + associations;
        if index > MOST_INDEX {
            return Err(Unreadable::Unsupported("so many items"));
        }
        Ok(meta)
    }

    /// Properties, and what has them.
    fn know(&mut self, content: &'a [u8]) -> Result<()> {
        let mut boxes = Boxes(content);
        while let Some((kind, content)) = boxes.next()? {
            match &kind {
                b"ipco" => {
                    let mut children = Boxes(content);
                    while self.properties.len() < MOST_PROPERTIES
                        && let Some(child) = children.next()?
                    {
                        self.properties.push(child);
                    }
                }
                b"ipma" => self.associations.push(content),
                _ => {}
            }
        }
        Ok(())
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

    fn size(&self, item: u32) -> Result<Size> {
        for property in self.properties(item)? {
            if &property.kind == b"ispe" {
                let mut bytes = Bytes(full_box(property.bytes)?.1);
                return Ok(Size { width: bytes.u32()?, height: bytes.u32()? });
            }
        }
        Err(Unreadable::Corrupt("its size is not given"))
    }

    /// The data that an item consists of, directly or by its tiles.
    fn coded(&self, file: &'a [u8], item: u32, codec: &Codec) -> Result<Coded<'a>> {
        let size = self.size(item)?;
        match self.kind(item)? {
            Some(kind) if kind == *codec.item => {
                let tile = self.tile(file, item, codec)?;
                Ok(Coded { size, tile: size, columns: 1, tiles: vec![tile] })
            }
            Some(kind) if &kind == b"grid" => self.grid(file, item, size, codec),
            _ => Err(Unreadable::Unsupported(codec.others[0])),
        }
    }

    /// What is coded in one item.
    fn tile(&self, file: &'a [u8], item: u32, codec: &Codec) -> Result<Tile<'a>> {
        let configuration = match codec.configuration {
            Some(wanted) => {
                let properties = self.properties(item)?;
                let found = properties.iter().find(|property| property.kind == *wanted);
                found.ok_or(Unreadable::Corrupt("how a picture is coded is not said"))?.bytes
            }
            None => &[],
        };
        Ok(Tile { data: self.data(file, item)?, configuration })
    }

    /// A picture put together from tiles of one size (23008-12 §6.6.2.3).
    fn grid(&self, file: &'a [u8], item: u32, size: Size, codec: &Codec) -> Result<Coded<'a>> {
        let content = self.data(file, item)?;
        let mut bytes = Bytes(&content);
        let (version, flags) = (bytes.u8()?, bytes.u8()?);
        if version != 0 {
            return Err(Unreadable::Unsupported("a grid of a newer kind"));
        }
        let (rows, columns) = (u32::from(bytes.u8()?) + 1, u32::from(bytes.u8()?) + 1);
        let wide = flags & 1 == 1;
        if (Size { width: bytes.id(wide)?, height: bytes.id(wide)? }) != size {
            return Err(Unreadable::Corrupt("its grid is not of the size that its header says"));
        }
        let tiles = self.tiles(item)?;
        if tiles.len() != (rows * columns) as usize {
            return Err(Unreadable::Corrupt("its grid has not as many tiles as places"));
        }
        let tile = self.size(tiles[0])?;
        let fits = |whole: u32, count: u32, side: u32| {
            u64::from(count) * u64::from(side) >= u64::from(whole)
                && u64::from(count - 1) * u64::from(side) < u64::from(whole)
        };
        if !fits(size.width, columns, tile.width) || !fits(size.height, rows, tile.height) {
            return Err(Unreadable::Corrupt("its tiles do not cover its grid"));
        }
        if tiles.len() > MOST_TILES {
            return Err(Unreadable::Unsupported("so many tiles"));
        }
        let tiles = self.each_tile(file, &tiles, codec)?;
        Ok(Coded { size, tile, columns: columns as usize, tiles })
    }

    /// The items that a grid is put together from.
    fn tiles(&self, grid: u32) -> Result<Vec<u32>> {
        let mut tiles = Vec::new();
        self.each_reference(|kind, from, to| {
            if kind == b"dimg" && from == grid {
                tiles.push(to);
            }
        })?;
        Ok(tiles)
    }

    fn each_tile(&self, file: &'a [u8], items: &[u32], codec: &Codec) -> Result<Vec<Tile<'a>>> {
        let mut found = Vec::with_capacity(items.len());
        let mut copied = 0;
        for &item in items {
            if self.kind(item)? != Some(*codec.item) {
                return Err(Unreadable::Unsupported(codec.others[1]));
            }
            let tile = self.tile(file, item, codec)?;
            if matches!(tile.data, Cow::Owned(_)) {
                copied += tile.data.len();
            }
            if copied > file.len() {
                return Err(Unreadable::Corrupt("its pieces are larger than the file"));
            }
            found.push(tile);
        }
        Ok(found)
    }

    /// The alpha of a picture, or of each of its tiles, and whether it is multiplied into the colours.
    fn alpha(
        &self,
        file: &'a [u8],
        item: u32,
        colour: &Coded<'a>,
        codec: &Codec,
    ) -> Result<Option<(Coded<'a>, bool)>> {
        if let Some(alpha) = self.alpha_of(item)? {
            return Ok(Some((self.coded(file, alpha, codec)?, self.refers(b"prem", item, alpha)?)));
        }
        let tiles = self.tiles(item)?;
        if tiles.len() != colour.tiles.len() {
            return Ok(None);
        }
        let alphas = tiles.iter().map(|tile| self.alpha_of(*tile)).collect::<Result<Vec<_>>>()?;
        let items: Vec<u32> = alphas.into_iter().flatten().collect();
        let Some(&first) = items.first() else { return Ok(None) };
        if items.len() != colour.tiles.len() {
            return Err(Unreadable::Unsupported("alpha of some of its tiles"));
        }
        if self.size(first)? != colour.tile {
            return Err(Unreadable::Corrupt("its alpha is not of the size of its tiles"));
        }
        let premultiplied = self.refers(b"prem", tiles[0], first)?;
        let tiles = self.each_tile(file, &items, codec)?;
        Ok(Some((Coded { tiles, ..*colour }, premultiplied)))
    }

    fn properties(&self, item: u32) -> Result<Vec<Property<'a>>> {
        let mut found = Vec::new();
        for &association in &self.associations {
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
                    let known = self.properties.get(index);
                    let &(kind, bytes) = known.ok_or(Unreadable::Corrupt("a property is missing"))?;
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
            if kind == b"auxl" && to == item && from != item && auxiliary.len() < MOST_AUXILIARY {
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

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;
    use crate::codec::heif::boxes::make_box;
    use crate::codec::heif::look::Coding;
    use crate::orientation::Orientation;
    use proptest::prelude::*;

    const PLAIN: &[u8] = include_bytes!("../../../tests/fixtures/420-8-full-601.avif");
    const ALPHA: &[u8] = include_bytes!("../../../tests/fixtures/alpha-premultiplied-10.avif");

    const AV1: Codec = Codec { item: b"av01", configuration: None, others: ["another", "others"] };

    fn parse(file: &[u8]) -> Result<Container<'_>> {
        super::parse(file, &AV1)
    }

    #[test]
    fn the_primary_picture_and_its_alpha_are_found() {
        let plain = parse(PLAIN).unwrap();
        let coding = Some(Coding { primaries: 1, transfer: 13, matrix: 6, full_range: true });
        let look = Look { aperture: None, orientation: Orientation::UPRIGHT, coding, icc: None };
        assert_eq!((plain.look, plain.colour.size), (look, Size::new(24, 16)));
        assert_eq!((plain.alpha, plain.premultiplied), (None, false));

        let with_alpha = parse(ALPHA).unwrap();
        assert!(with_alpha.alpha.is_some_and(|alpha| alpha != with_alpha.colour));
        assert!(with_alpha.premultiplied);
    }

    /// What is to be decoded may be more than what is seen, of alpha too.
    #[test]
    fn colours_and_alpha_each_keep_the_limit_as_they_are_coded() {
        let look = Look { aperture: None, orientation: Orientation::UPRIGHT, coding: None, icc: None };
        let coded = |side: u32, tiles: usize| {
            let tile = || Tile { data: Cow::Borrowed(&[]), configuration: &[] };
            let tiles = iter::repeat_with(tile).take(tiles).collect();
            Coded { size: Size::new(10, 10), tile: Size::new(side, side), columns: 1, tiles }
        };
        for (colour, alpha, found) in [
            (coded(10, 1), None, 100),
            (coded(11, 1), None, 121),
            (coded(10, 1), Some(coded(10, 1)), 100),
            (coded(10, 1), Some(coded(11, 1)), 121),
            (coded(6, 4), Some(coded(6, 4)), 144),
            (coded(10, 1), Some(coded(6, 4)), 144),
        ] {
            let container = Container { colour, alpha, premultiplied: false, look: look.clone() };
            let within = |pixels| container.shape(&Limits { pixels, ..Limits::default() });
            assert!(within(found).is_ok(), "{container:?}");
            let limit = found - 1;
            assert_eq!(within(limit).err(), Some(TransformError::TooManyPixels { found, limit }));
        }
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

    /// Both would be walked over for every tile.
    #[test]
    fn tiles_and_what_is_said_of_items_are_bounded() {
        let index = |length: usize| {
            parse(&make_box(b"meta", &[&[0; 4], &make_box(b"iinf", &[&vec![0; length]])])).err()
        };
        assert_eq!(index(MOST_INDEX), Some(Unreadable::Corrupt("it names no primary picture")));
        assert_eq!(index(MOST_INDEX + 1), Some(Unreadable::Unsupported("so many items")));

        // The first item is a grid, the second each of its tiles.
        let grid = |rows: u8, columns: u8| {
            let none = [0; 4];
            let (width, height) = (u16::from(columns) * 8, u16::from(rows) * 8);
            let number = |number: u32| number.to_be_bytes();
            let size = |width: u16, height: u16| {
                make_box(b"ispe", &[&none, &number(width.into()), &number(height.into())])
            };
            let info = |item: u8, kind: &[u8]| make_box(b"infe", &[&[2, 0, 0, 0], &[0, item], &[0, 0], kind]);
            let count = u16::from(rows) * u16::from(columns);
            let references =
                make_box(b"dimg", &[&[0, 1], &count.to_be_bytes(), &[0, 2].repeat(count.into())]);
            let data =
                [&[0, 0, rows - 1, columns - 1][..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
            // Version 0: offsets and lengths of four bytes, no base; of each item one extent.
            let extent = |item: u8, offset: u32, length: u32| {
                [&[0, item, 0, 0, 0, 1][..], &number(offset), &number(length)].concat()
            };
            let locations = [&[0, 0, 0, 0, 0x44, 0, 0, 2][..], &extent(1, 8, 8), &extent(2, 8, 1)].concat();
            let associations = [&[0, 0, 0, 0][..], &number(2), &[0, 1, 1, 1], &[0, 2, 1, 2]].concat();
            let properties = make_box(b"ipco", &[&size(width, height), &size(8, 8)]);
            let meta = make_box(
                b"meta",
                &[
                    &none,
                    &make_box(b"pitm", &[&none, &[0, 1]]),
                    &make_box(b"iinf", &[&none, &[0, 2], &info(1, b"grid"), &info(2, b"av01")]),
                    &make_box(b"iloc", &[&locations]),
                    &make_box(b"iref", &[&none, &references]),
                    &make_box(b"iprp", &[&properties, &make_box(b"ipma", &[&associations])]),
                ],
            );
            [make_box(b"mdat", &[&data]), meta].concat()
        };
        assert_eq!(parse(&grid(32, 64)).map(|container| container.colour.tiles.len()), Ok(MOST_TILES));
        assert_eq!(parse(&grid(32, 65)), Err(Unreadable::Unsupported("so many tiles")));
    }

    /// Each auxiliary picture is a walk over what is said of all items.
    #[test]
    fn only_so_many_auxiliary_pictures_are_asked_whether_they_are_alpha() {
        let none = [0; 4];
        let auxiliary = |name: &[u8]| make_box(b"auxC", &[&none, name, &[0]]);
        let found = |others: u8| {
            let alpha = others + 2;
            let to_the_first = |item: u8| make_box(b"auxl", &[&[0, item], &[0, 1], &[0, 1]]);
            let said = |item: u8| [0, item, 1, if item == alpha { 2 } else { 1 }];
            let references: Vec<u8> = (2..=alpha).flat_map(to_the_first).collect();
            let associations: Vec<u8> = (2..=alpha).flat_map(said).collect();
            let count = u32::from(others) + 1;
            let properties = make_box(
                b"ipco",
                &[&auxiliary(b"depth"), &auxiliary(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")],
            );
            let associations = make_box(b"ipma", &[&none, &count.to_be_bytes(), &associations]);
            let properties = make_box(b"iprp", &[&properties, &associations]);
            let meta = make_box(b"meta", &[&none, &make_box(b"iref", &[&none, &references]), &properties]);
            Meta::of(&meta).unwrap().alpha_of(1).unwrap()
        };
        assert_eq!(found(MOST_AUXILIARY as u8 - 1), Some(MOST_AUXILIARY as u32 + 1));
        assert_eq!(found(MOST_AUXILIARY as u8), None);
    }

    /// Each takes three times as much memory as it takes of the file.
    #[test]
    fn properties_that_have_no_number_are_not_kept() {
        let kept = |lists: &[usize]| {
            let lists: Vec<Vec<u8>> = lists
                .iter()
                .map(|count| make_box(b"ipco", &[&make_box(b"free", &[]).repeat(*count)]))
                .collect();
            let meta = make_box(b"meta", &[&[0; 4], &make_box(b"iprp", &[&lists.concat()])]);
            Meta::of(&meta).unwrap().properties.len()
        };
        assert_eq!(kept(&[MOST_PROPERTIES - 1]), MOST_PROPERTIES - 1);
        assert_eq!(kept(&[MOST_PROPERTIES + 1]), MOST_PROPERTIES);
        assert_eq!(kept(&[MOST_PROPERTIES - 1, 2]), MOST_PROPERTIES);
    }

    #[test]
    fn pieces_are_put_together_in_their_order() {
        let file = file(&locations(&[(11, 3), (8, 3)]), b"abcdef");
        assert_eq!(parse(&file).unwrap().colour.tiles[0].data, &b"defabc"[..]);
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
                for tile in [Some(container.colour), container.alpha].into_iter().flatten().flat_map(|coded| coded.tiles) {
                    prop_assert!(tile.data.len() <= file.len());
                }
            }
        }
    }
}
