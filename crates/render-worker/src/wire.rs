//! What parent and worker say to each other: a head that is parsed and a body that is not.
//!
//! Both are this very binary, so the form of a head may change from one version to the next.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use plan::{OutputFormat, Plan, Size};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use transform::{Limits, Normalisation, TransformError};

use crate::confinement::Files;

/// A worker's first word, once it has given everything up.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Hello {
    Confined(Files),
    /// It will not work unconfined, and ends.
    Unconfined(String),
}

/// The body is the originals, one after the other, and the model if there is one.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job<'a> {
    pub plan: Cow<'a, Plan>,
    pub limits: Limits,
    /// How long each of the originals is.
    pub lengths: Vec<usize>,
    /// What sees the foreground, for this job and all after it; it comes once.
    pub model: Option<AnnouncedModel>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnnouncedModel {
    pub length: usize,
    pub normalisation: Normalisation,
}

impl Job<'_> {
    /// The originals in the body, and the model (of no bytes if none was announced); nothing if they are not as long as was said.
    pub fn parts<'a>(&self, mut body: &'a [u8]) -> Option<(Vec<&'a [u8]>, &'a [u8])> {
        let mut originals = Vec::with_capacity(self.lengths.len());
        for length in &self.lengths {
            let (original, rest) = body.split_at_checked(*length)?;
            originals.push(original);
            body = rest;
        }
        (body.len() == self.model.map_or(0, |model| model.length)).then_some((originals, body))
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The body is the derivative's bytes.
    Made {
        format: OutputFormat,
        size: Size,
    },
    Refused(TransformError),
}

/// Far more than any head needs; a worker may be in a stranger's hands when it writes one.
pub(crate) const HEAD_MAX: usize = 64 << 10;
pub(crate) const LENGTHS: usize = 12;

/// The lengths that precede a head and its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub head: usize,
    pub body: usize,
}

impl Lengths {
    fn to_bytes(self) -> [u8; LENGTHS] {
        let mut bytes = [0; LENGTHS];
        bytes[..4].copy_from_slice(&(self.head as u32).to_le_bytes());
        bytes[4..].copy_from_slice(&(self.body as u64).to_le_bytes());
        bytes
    }

    /// Refuses what is longer than it may be, before anything is allocated for it.
    pub fn of(bytes: [u8; LENGTHS], body_max: usize) -> io::Result<Self> {
        let [a, b, c, d, body @ ..] = bytes;
        let too_long = || io::Error::new(io::ErrorKind::InvalidData, "more than was agreed");
        let lengths = Self {
            head: u32::from_le_bytes([a, b, c, d]) as usize,
            body: usize::try_from(u64::from_le_bytes(body)).map_err(|_| too_long())?,
        };
        if lengths.head > HEAD_MAX || lengths.body > body_max { Err(too_long()) } else { Ok(lengths) }
    }
}

/// What goes before a body.
pub(crate) fn start(head: &impl Serialize, body: usize) -> io::Result<Vec<u8>> {
    let head = postcard::to_stdvec(head).map_err(io::Error::other)?;
    if head.len() > HEAD_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the head is too long"));
    }
    let mut start = Lengths { head: head.len(), body }.to_bytes().to_vec();
    start.extend(head);
    Ok(start)
}

pub(crate) fn head<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

pub(crate) fn write(to: &mut impl Write, head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    to.write_all(&start(head, body.len())?)?;
    to.write_all(body)
}

/// The next head and body; nothing if there is none any more.
pub(crate) fn read<T: DeserializeOwned>(
    from: &mut impl Read,
    body_max: usize,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut lengths = [0; LENGTHS];
    match from.read_exact(&mut lengths) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let lengths = Lengths::of(lengths, body_max)?;
    let mut bytes = vec![0; lengths.head];
    from.read_exact(&mut bytes)?;
    let head = head(&bytes)?;
    let mut body = Vec::with_capacity(lengths.body);
    from.take(lengths.body as u64).read_to_end(&mut body)?;
    if body.len() < lengths.body { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some((head, body))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let plan = Cow::Owned(Plan::default());
        let model = Some(AnnouncedModel { length: 7, normalisation: Normalisation::default() });
        let job = Job { plan, limits: Limits::default(), lengths: vec![5, 0, 3], model };
        let refused = Reply::Refused(TransformError::Failed { stage: "resizing".into(), why: "x".into() });
        let mut bytes = Vec::new();
        write(&mut bytes, &job, b"original").unwrap();
        write(&mut bytes, &refused, b"").unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(read(&mut from, 8).unwrap(), Some((job, b"original".to_vec())));
        assert_eq!(read(&mut from, 0).unwrap(), Some((refused, Vec::new())));
        assert_eq!(read::<Reply>(&mut from, 0).unwrap(), None);
    }

    #[test]
    fn originals_are_told_apart_by_their_lengths() {
        let job = |lengths: &[usize], model: Option<usize>| Job {
            plan: Cow::Owned(Plan::default()),
            limits: Limits::default(),
            lengths: lengths.to_vec(),
            model: model.map(|length| AnnouncedModel { length, normalisation: Normalisation::default() }),
        };
        let found = job(&[5, 0, 3], None).parts(b"original");
        assert_eq!(found, Some((vec![&b"origi"[..], b"", b"nal"], &b""[..])));
        let found = job(&[5, 0], Some(3)).parts(b"original");
        assert_eq!(found, Some((vec![&b"origi"[..], b""], &b"nal"[..])));
        for (wrong, model) in [
            (&[5][..], None),
            (&[9], None),
            (&[5, 4], None),
            (&[usize::MAX, 9], None),
            (&[5, 3], Some(1)),
            (&[5], Some(2)),
        ] {
            assert_eq!(job(wrong, model).parts(b"original"), None, "{wrong:?} {model:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_lengths() {
        let lengths = |head: usize, body: usize| Lengths { head, body }.to_bytes();
        assert!(Lengths::of(lengths(HEAD_MAX, 9), 9).is_ok());
        assert!(Lengths::of(lengths(HEAD_MAX + 1, 9), 9).is_err());
        assert!(Lengths::of(lengths(1, 10), 9).is_err());
        assert!(Lengths::of([0xff; LENGTHS], usize::MAX).is_err());
    }

    #[test]
    fn what_ends_early_or_says_nothing_known_is_an_error() {
        let mut bytes = Vec::new();
        write(&mut bytes, &Reply::Refused(TransformError::UnknownFormat), b"body").unwrap();
        for keep in LENGTHS..bytes.len() {
            assert!(read::<Reply>(&mut &bytes[..keep], 10).is_err(), "{keep} bytes");
        }
        bytes[LENGTHS] = 99;
        assert!(read::<Reply>(&mut bytes.as_slice(), 10).is_err());
    }
}
