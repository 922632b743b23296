//! One worker, as its parent sees it.

use std::borrow::Cow;
use std::io;
use std::os::fd::AsFd;
use std::process::Stdio;
use std::time::Duration;

use plan::{Description, OutputFormat, Plan};
use rustix::pipe::fcntl_setpipe_size;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use transform::{DRAWING_BYTES_MAX, Derivative, InputFormat, Limits, TransformError, sniff};

use crate::confinement::Files;
use crate::error::{Death, WorkerError};
use crate::wire::{self, AnnouncedModel, Hello, Job, LENGTHS, Lengths, Reply};
use crate::workers::{Model, Settings};

/// Starting takes some milliseconds; a machine that takes this long has other worries.
const START: Duration = Duration::from_secs(20);
/// A worker looks at the clock itself and says so in a better way; after this long it is past talking.
const GRACE: Duration = Duration::from_secs(1);
/// Once a pipe is closed, the process behind it is about to end.
const END: Duration = Duration::from_secs(2);
/// The most that an unprivileged process may ask for; a refusal costs some speed.
const PIPE: usize = 1 << 20;

/// The process, killed when dropped.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    pub files: Files,
    /// How many jobs it has done, and how long they took.
    pub jobs: u32,
    pub busy: Duration,
    /// Whether it has the model.
    pub has_model: bool,
}

impl Process {
    pub async fn start(settings: &Settings) -> Result<Self, WorkerError> {
        let why = |error: io::Error| WorkerError::Start(error.to_string());
        let mut child = Command::new(&settings.program)
            .args(&settings.arguments)
            // What ours holds is nobody's business in there, secrets least of all.
            .env_clear()
            .envs(settings.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(why)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(WorkerError::Start("it has no pipes".to_owned()));
        };
        for pipe in [input.as_fd(), output.as_fd()] {
            let _slower = fcntl_setpipe_size(pipe, PIPE);
        }
        let mut process = Self {
            child,
            input,
            output,
            files: Files::SystemCallsOnly,
            jobs: 0,
            busy: Duration::ZERO,
            has_model: false,
        };
        let (hello, _) = match timeout(START, read(&mut process.output, 0)).await {
            Ok(Ok(hello)) => hello,
            Ok(Err(_)) => return Err(WorkerError::Start(format!("it {}", process.death().await))),
            Err(_) => return Err(WorkerError::Start(format!("it says nothing for {START:?}"))),
        };
        match wire::head(&hello).map_err(why)? {
            Hello::Confined(files) => Ok(Self { files, ..process }),
            Hello::Unconfined(error) => Err(WorkerError::Start(format!("it cannot be confined: {error}"))),
        }
    }

    /// Whether it still runs, as far as is known.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Anything but a derivative means that this worker must not be asked again. `model` is given to one that has none.
    pub async fn make(
        &mut self,
        originals: &[&[u8]],
        model: Option<&Model>,
        plan: &Plan,
        limits: &Limits,
    ) -> Result<Derivative, WorkerError> {
        let model = model.filter(|_| !self.has_model);
        self.has_model |= model.is_some();
        let talk = timeout(limits.time + GRACE, self.talk(originals, model, plan, limits));
        let (head, bytes) = match talk.await {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(WorkerError::Unbelievable("more than was agreed"));
            }
            Ok(Err(_)) => return Err(WorkerError::Died(self.death().await)),
            Err(_) => return Err(TransformError::OutOfTime { limit: limits.time }.into()),
        };
        match wire::head(&head) {
            Ok(Reply::Made { format, size }) => {
                judge(&bytes, format)?;
                Ok(Derivative { bytes, format, size })
            }
            Ok(Reply::Refused(error)) => Err(error.into()),
            Err(_) => Err(WorkerError::Unbelievable("what cannot be understood")),
        }
    }

    async fn talk(
        &mut self,
        originals: &[&[u8]],
        model: Option<&Model>,
        plan: &Plan,
        limits: &Limits,
    ) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let lengths: Vec<usize> = originals.iter().map(|original| original.len()).collect();
        let bytes = || originals.iter().copied().chain(model.map(|model| &*model.onnx));
        let together = bytes().map(<[u8]>::len).sum();
        let announced =
            |model: &Model| AnnouncedModel { length: model.onnx.len(), normalisation: model.normalisation };
        let job = Job { plan: Cow::Borrowed(plan), limits: *limits, lengths, model: model.map(announced) };
        self.input.write_all(&wire::start(&job, together)?).await?;
        for bytes in bytes() {
            self.input.write_all(bytes).await?;
        }
        read(&mut self.output, most_bytes(limits)).await
    }

    async fn death(&mut self) -> Death {
        match timeout(END, self.child.wait()).await {
            Ok(Ok(status)) => status.into(),
            _ => Death::Exited { code: None },
        }
    }
}

/// A head, unparsed, and its body.
async fn read(output: &mut ChildStdout, body_max: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut lengths = [0; LENGTHS];
    output.read_exact(&mut lengths).await?;
    let lengths = Lengths::of(lengths, body_max)?;
    let mut head = vec![0; lengths.head];
    output.read_exact(&mut head).await?;
    // The length is only a claim: memory follows what comes.
    let mut body = Vec::with_capacity(lengths.body.min(PIPE));
    output.take(lengths.body as u64).read_to_end(&mut body).await?;
    if body.len() < lengths.body { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((head, body)) }
}

/// No format of ours needs more than its uncompressed pixels and some room for headers; a drawing has a limit of its own.
fn most_bytes(limits: &Limits) -> usize {
    let side = u64::from(limits.output_side);
    usize::try_from(side * side * 4 + (1 << 20)).unwrap_or(usize::MAX).max(DRAWING_BYTES_MAX)
}

/// The most bytes that words about a picture have.
const MOST_WORDS: usize = 64 << 10;

/// What is served under a media type is of that type, whoever has made it.
fn judge(bytes: &[u8], format: OutputFormat) -> Result<(), WorkerError> {
    let believable = match format {
        OutputFormat::Picture(format) => sniff(bytes).and_then(|found| found.as_output()) == Some(format),
        // They come with a policy under which even another text could not act.
        OutputFormat::Svg | OutputFormat::Described(Description::Primitive) => {
            sniff(bytes) == Some(InputFormat::Svg)
        }
        OutputFormat::Described(_) => bytes.len() <= MOST_WORDS && is_plain(bytes),
    };
    if believable { Ok(()) } else { Err(WorkerError::Unbelievable("with another format than it says")) }
}

/// Text, and nothing that a browser would take for a page.
fn is_plain(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.trim_start().starts_with('<'))
}

#[cfg(test)]
mod tests {
    use plan::Format;

    use super::*;

    #[test]
    fn what_is_not_what_it_says_is_believed_by_nobody() {
        let picture = |format: Format| OutputFormat::Picture(format);
        let (info, shapes) = (Description::Info.into(), Description::Primitive.into());
        let drawing = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
        let words = [b'x'; MOST_WORDS + 1];
        for (bytes, format, is_believed) in [
            (&b"\x89PNG\r\n\x1a\n"[..], picture(Format::Png), true),
            (b"\x89PNG\r\n\x1a\n", picture(Format::Webp), false),
            (b"<html>", picture(Format::Png), false),
            (drawing, picture(Format::Png), false),
            (drawing, OutputFormat::Svg, true),
            (drawing, shapes, true),
            (b"<html><svg/></html>", OutputFormat::Svg, false),
            (b"<html><svg/></html>", shapes, false),
            (br#"{"width":1}"#, info, true),
            (b"", info, true),
            (b" \n<html>", info, false),
            (drawing, info, false),
            (b"\xff\xfe", info, false),
            (&words[1..], info, true),
            (&words, info, false),
        ] {
            let found = judge(bytes, format).is_ok();
            assert_eq!(found, is_believed, "{:.40} as {format}", bytes.escape_ascii().to_string());
        }
    }
}
