//! Who made a picture and whose it is, from the IPTC record that Photoshop puts into a JPEG (IPTC-IIM 4.2).

use super::copyright::Copyright;
use crate::sniff::InputFormat;

/// The application segment that Photoshop's resources stand in, and how it begins.
const SEGMENT: u8 = 0xed;
const RESOURCES: &[u8] = b"Photoshop 3.0\0";
/// The resource that is an IPTC record.
const IPTC: u16 = 0x0404;

/// Datasets of record 2, §6 of the model: by-line, credit, copyright notice.
const BY_LINE: u8 = 80;
const CREDIT: u8 = 110;
const NOTICE: u8 = 116;

pub(super) fn copyright(original: &[u8], format: InputFormat) -> Copyright {
    if format != InputFormat::Jpeg {
        return Copyright::default();
    }
    record(original).map(of_record).unwrap_or_default()
}

/// Steps over the segments before the first scan (ITU-T T.81 §B.1.1.4).
fn record(jpeg: &[u8]) -> Option<&[u8]> {
    let mut rest = jpeg.get(2..)?;
    loop {
        let [0xff, marker, high, low, ..] = *rest else { return None };
        if marker == 0xff {
            rest = rest.get(1..)?;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length)?;
        if marker == SEGMENT
            && let Some(record) = segment.strip_prefix(RESOURCES).and_then(resource)
        {
            return Some(record);
        }
        // The scan begins, or the file ends.
        if matches!(marker, 0xda | 0xd9) {
            return None;
        }
        rest = rest.get(2 + length..)?;
    }
}

/// Each resource: `8BIM`, a number, a name that is padded to an even length, the length of its data, the data.
fn resource(mut rest: &[u8]) -> Option<&[u8]> {
    while let Some(after) = rest.strip_prefix(b"8BIM") {
        let [high, low, name, ..] = *after else { return None };
        let after = after.get(2 + (usize::from(name) + 1).next_multiple_of(2)..)?;
        let length = u32::from_be_bytes(*after.first_chunk()?) as usize;
        let data = after.get(4..)?.get(..length)?;
        if u16::from_be_bytes([high, low]) == IPTC {
            return Some(data);
        }
        rest = after.get(4 + length.next_multiple_of(2)..)?;
    }
    None
}

fn of_record(mut record: &[u8]) -> Copyright {
    let mut found = Copyright::default();
    let mut credit = None;
    // An extended length (its first bit is set) is for pictures inside of the record, and ends what we read.
    while let [0x1c, number, dataset, high @ 0..0x80, low, after @ ..] = record {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((text, rest)) = after.split_at_checked(length) else { break };
        if *number == 2 {
            let slot = match *dataset {
                BY_LINE => Some(&mut found.creator),
                CREDIT => Some(&mut credit),
                NOTICE => Some(&mut found.notice),
                _ => None,
            };
            if let Some(slot) = slot {
                slot.get_or_insert_with(|| readable(text));
            }
        }
        record = rest;
    }
    found.creator = found.creator.or(credit);
    found
}

/// UTF-8 if it can be, whatever the record says of it, else Latin-1.
fn readable(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dataset(number: u8, text: &[u8]) -> Vec<u8> {
        [&[0x1c, 2, number], &(text.len() as u16).to_be_bytes()[..], text].concat()
    }

    fn jpeg(record: &[u8]) -> Vec<u8> {
        let other = b"8BIM\x04\x25\x03abc\0\0\0\x03xyz\0";
        let ours = [&b"8BIM\x04\x04\0\0"[..], &(record.len() as u32).to_be_bytes(), record].concat();
        let segment = [RESOURCES, other, &ours].concat();
        let length = (segment.len() as u16 + 2).to_be_bytes();
        [&b"\xff\xd8\xff\xe0\0\x04JF\xff\xed"[..], &length, &segment, b"\xff\xda\0\x02"].concat()
    }

    #[test]
    fn the_record_is_found_among_other_resources() {
        let record = [
            dataset(80, "Ann Bée".as_bytes()),
            dataset(5, b"title"),
            dataset(116, b"\xa9 2026"),
            dataset(110, b"Agency"),
        ]
        .concat();
        let found = copyright(&jpeg(&record), InputFormat::Jpeg);
        let expected = Copyright { creator: Some("Ann Bée".to_owned()), notice: Some("© 2026".to_owned()) };
        assert_eq!(found, expected);
        let found = copyright(&jpeg(&dataset(110, b"Agency")), InputFormat::Jpeg);
        assert_eq!(found.creator.as_deref(), Some("Agency"));
    }

    #[test]
    fn what_ends_early_says_what_it_can() {
        let whole = jpeg(&[dataset(80, b"Ann"), dataset(116, b"all rights reserved")].concat());
        for length in 0..whole.len() {
            copyright(&whole[..length], InputFormat::Jpeg);
        }
        let cut = jpeg(&[dataset(80, b"Ann"), vec![0x1c, 2, 116, 0x7f, 0xff, b'a']].concat());
        assert_eq!(copyright(&cut, InputFormat::Jpeg).creator.as_deref(), Some("Ann"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(record in proptest::collection::vec(any::<u8>(), 0..60), cut in 0usize..120) {
            let whole = jpeg(&record);
            copyright(&whole[..cut.min(whole.len())], InputFormat::Jpeg);
            copyright(&[b"\xff\xd8", record.as_slice()].concat(), InputFormat::Jpeg);
        }
    }
}
