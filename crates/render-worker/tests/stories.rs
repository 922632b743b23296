//! Stories of real workers, well-behaved and not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plan::{Description, Format, FormatWish, Plan, Size};
use render_worker::{Death, Files, Model, Settings, WorkerError, Workers};
use testkit::{onnx, until};
use transform::{Limits, ModelError, Network, Normalisation, TransformError};

/// A PNG of one black pixel.
const PIXEL: &[u8] = include_bytes!("pixel.png");

struct Stage {
    workers: Arc<Workers>,
    files: Files,
}

impl Stage {
    async fn new() -> Self {
        Self::with(|settings| settings).await
    }

    async fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_worker-under-test"));
        let memory = (256u64 << 20).to_string();
        let settings = change(Settings::new(program, vec![memory]));
        let (workers, files) = Workers::start(settings).await.unwrap();
        Self { workers, files }
    }

    async fn ask(&self, original: &[u8]) -> Result<String, WorkerError> {
        self.ask_within(Limits::default(), original).await
    }

    async fn ask_within(&self, limits: Limits, original: &[u8]) -> Result<String, WorkerError> {
        let made = self.workers.transform(&[original], &Plan::default(), &limits).await?;
        Ok(String::from_utf8_lossy(&made.bytes[8..]).into_owned())
    }

    /// The process that is asked next.
    async fn pid(&self) -> String {
        self.ask(b"who are you").await.unwrap()
    }

    async fn makes_pictures(&self) {
        let made = self.workers.transform(&[PIXEL], &Plan::default(), &Limits::default()).await.unwrap();
        assert_eq!(made.size, Size { width: 1, height: 1 });
    }
}

#[tokio::test]
async fn a_worker_makes_the_same_bytes_as_the_engine() {
    let stage = Stage::new().await;
    let limits = Limits::default();
    let here = transform::transform(PIXEL, &Plan::default(), &limits).unwrap();
    assert_eq!(stage.workers.transform(&[PIXEL], &Plan::default(), &limits).await, Ok(here));
    let refused = stage.workers.transform(&[b"<html>"], &Plan::default(), &limits).await;
    assert_eq!(refused, Err(WorkerError::Transform(TransformError::UnknownFormat)));
}

/// Noise, so that codecs have something to sort and to search.
fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let mut state = 1u32;
    let samples: Vec<u8> = (0..width * height * 4)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

#[tokio::test]
async fn originals_reach_the_worker_in_their_order_and_number() {
    let stage = Stage::new().await;
    let limits = Limits::default();
    let originals: [&[u8]; 3] = [b"how many are you", b"", &vec![7; 3 << 20]];
    let made = stage.workers.transform(&originals, &Plan::default(), &limits).await.unwrap();
    assert_eq!(&made.bytes[8..], b"3");
    let picture = "brand/logo.png".parse().ok();
    let [_, two, three, four] = Plan::default().marks;
    let marked = Plan {
        marks: [plan::Mark { picture, ..plan::Mark::default() }, two, three, four],
        ..Plan::default()
    };
    let (below, above) = (noise(30, 20), noise(8, 8));
    let here = transform::compose(&[&below, &above], &marked, &limits).unwrap();
    assert_eq!(stage.workers.transform(&[&below, &above], &marked, &limits).await, Ok(here));
    let broken = stage.workers.transform(&[&below, b"<html>"], &marked, &limits).await.unwrap_err();
    assert!(broken.to_string().starts_with("brand/logo.png: the original is not a picture"), "{broken}");
}

/// In a build that cannot follow it, a worker says so; this story is played in both.
#[tokio::test]
async fn a_worker_gets_the_model_with_the_first_picture_that_needs_it_and_keeps_it() {
    let model =
        Model { onnx: onnx::light_is_foreground(Some(32)).into(), normalisation: Normalisation::Centred };
    let network = Network::read(&model.onnx, model.normalisation);
    let stage = Stage::with(|settings| Settings { model: Some(model), ..settings }).await;
    let limits = Limits::default();
    let plan = Plan { background_removed: true, ..Plan::default() };
    let original = noise(64, 48);
    let Ok(network) = network else {
        let refused = stage.workers.transform(&[&original], &plan, &limits).await;
        assert_eq!(refused, Err(WorkerError::Transform(TransformError::Model(ModelError::NotBuilt))));
        return;
    };
    let here = transform::compose_with(&[&original], Some(&network), &plan, &limits).unwrap();
    let pid = stage.pid().await;
    for _ in 0..3 {
        assert_eq!(stage.workers.transform(&[&original], &plan, &limits).await, Ok(here.clone()));
        assert_eq!(stage.pid().await, pid);
    }
}

#[tokio::test]
async fn what_it_may_do_suffices_for_every_codec() {
    let stage = Stage::new().await;
    let limits = Limits::default();
    let pid = stage.pid().await;
    let from_png = noise(300, 200);
    for format in Format::ALL {
        let plan = Plan { format: FormatWish::Exactly(format), ..Plan::default() };
        let there = stage.workers.transform(&[&from_png], &plan, &limits).await.unwrap();
        for again in Format::ALL {
            let plan = Plan { format: FormatWish::Exactly(again), ..Plan::default() };
            let made = stage.workers.transform(&[&there.bytes], &plan, &limits).await;
            assert_eq!(made.map(|made| made.format), Ok(again.into()), "{format} to {again}");
        }
    }
    let format = FormatWish::Described(Description::Primitive);
    let shapes = Plan { format, ..Plan::default() };
    stage.workers.transform(&[&from_png], &shapes, &limits).await.unwrap();
    let format = FormatWish::Described(Description::Info);
    let faces = Plan { format, faces: true, ..Plan::default() };
    stage.workers.transform(&[&from_png], &faces, &limits).await.unwrap();
    assert_eq!(stage.pid().await, pid);
}

/// What the engine only reads, and what stays what it is.
#[tokio::test]
async fn what_it_may_do_suffices_for_drawings_pages_and_jpeg_xl() {
    let stage = Stage::new().await;
    let limits = Limits::default();
    let pid = stage.pid().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../transform/tests/fixtures/");
    for name in ["everything.svg", "everything.pdf", "lossy.jxl", "from-jpeg.jxl", "faded.jxl"] {
        let original = std::fs::read(format!("{folder}{name}")).unwrap();
        for format in [FormatWish::Original, FormatWish::Exactly(Format::Webp)] {
            let plan = Plan { format, ..Plan::default() };
            let here = transform::transform(&original, &plan, &limits).unwrap();
            assert_eq!(stage.workers.transform(&[&original], &plan, &limits).await, Ok(here), "{name}");
        }
    }
    assert_eq!(stage.pid().await, pid);
}

#[tokio::test]
async fn what_an_original_does_to_its_worker_costs_one_request() {
    let stage = Stage::new().await;
    for (original, expected) in [
        (&b"abort"[..], WorkerError::Died(Death::Crashed { signal: 6 })),
        (b"overflow the stack", WorkerError::Died(Death::Crashed { signal: 6 })),
        (b"use 512 MiB", WorkerError::Died(Death::Crashed { signal: 6 })),
        (b"open a socket", WorkerError::Died(Death::Forbidden)),
        (b"lie about the format", WorkerError::Unbelievable("with another format than it says")),
        (b"say what nobody understands", WorkerError::Unbelievable("what cannot be understood")),
        (b"talk for ever", WorkerError::Unbelievable("more than was agreed")),
    ] {
        let before = stage.pid().await;
        assert_eq!(stage.ask(original).await, Err(expected), "{}", original.escape_ascii());
        assert_ne!(stage.pid().await, before, "{}", original.escape_ascii());
        stage.makes_pictures().await;
    }
}

#[tokio::test]
async fn an_answer_is_as_long_as_the_largest_picture_or_drawing_and_no_longer() {
    let stage = Stage::new().await;
    // Four bytes for each pixel and a mebibyte for the rest; a drawing may have sixteen.
    for (output_side, most) in [(2500, 26_048_576), (10, 16 << 20)] {
        let limits = Limits { output_side, ..Limits::default() };
        let answer = async |bytes: usize| {
            let original = format!("answer in so many bytes: {bytes}");
            stage.ask_within(limits, original.as_bytes()).await.map(|told| told.len() + 8)
        };
        assert_eq!(answer(most).await, Ok(most));
        assert_eq!(answer(most + 1).await, Err(WorkerError::Unbelievable("more than was agreed")));
    }
}

#[tokio::test]
async fn a_panic_that_is_caught_is_no_trouble_and_another_costs_a_worker() {
    let stage = Stage::new().await;
    let before = stage.pid().await;
    assert_eq!(stage.ask(b"panic and catch it").await.as_deref(), Ok("true"));
    assert_eq!(stage.pid().await, before);
    // Such as the engine catches, and one that nobody does.
    assert_eq!(stage.ask(b"panic").await, Err(WorkerError::Died(Death::Exited { code: Some(101) })));
    assert_ne!(stage.pid().await, before);
}

#[tokio::test]
async fn a_decoder_that_never_ends_is_killed_at_its_deadline() {
    let stage = Stage::new().await;
    for original in [&b"loop"[..], b"sleep"] {
        let pid = stage.pid().await;
        let limit = Duration::from_millis(300);
        let limits = Limits { time: limit, ..Limits::default() };
        let answer = stage.ask_within(limits, original).await;
        assert_eq!(answer, Err(TransformError::OutOfTime { limit }.into()));
        gone(&pid).await;
        stage.makes_pictures().await;
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_in_the_middle_costs_one_request() {
    let stage = Stage::new().await;
    let pid = stage.pid().await;
    let limits = Limits { time: Duration::from_secs(60), ..Limits::default() };
    let plan = Plan::default();
    let (answer, ()) = tokio::join!(stage.workers.transform(&[b"sleep"], &plan, &limits), async {
        // The job takes the only worker at once.
        tokio::task::yield_now().await;
        kill(&pid);
    });
    assert_eq!(answer, Err(WorkerError::Died(Death::Killed)));
    stage.makes_pictures().await;
}

#[tokio::test]
async fn a_worker_that_died_while_idle_costs_nobody_anything() {
    let stage = Stage::new().await;
    let pid = stage.pid().await;
    kill(&pid);
    gone(&pid).await;
    stage.makes_pictures().await;
}

#[tokio::test]
async fn a_request_that_is_given_up_takes_its_worker_along() {
    let stage = Stage::new().await;
    let pid = stage.pid().await;
    let limits = Limits { time: Duration::from_secs(60), ..Limits::default() };
    let plan = Plan::default();
    let job = stage.workers.transform(&[b"loop"], &plan, &limits);
    assert!(tokio::time::timeout(Duration::from_millis(50), job).await.is_err());
    gone(&pid).await;
}

#[tokio::test]
async fn from_inside_there_are_no_files_no_network_and_nobody_else() {
    let stage = Stage::new().await;
    assert_eq!(stage.ask(b"variables of your environment").await.as_deref(), Ok("0"));
    for original in [&b"open a file"[..], b"make a file", b"list a folder"] {
        let answer = stage.ask(original).await.unwrap();
        assert_eq!(answer, "Permission denied (os error 13)", "{}", original.escape_ascii());
    }
    for original in [&b"connect"[..], b"run a program", b"start a thread", b"kill the parent"] {
        let answer = stage.ask(original).await;
        assert_eq!(answer, Err(WorkerError::Died(Death::Forbidden)), "{}", original.escape_ascii());
    }
}

#[tokio::test]
async fn a_worker_inherits_nothing_but_its_pipes_and_is_bounded() {
    let _ours = fs::File::open("/proc/self/exe").unwrap();
    let stage = Stage::new().await;
    let of_worker = Path::new("/proc").join(stage.pid().await);
    for descriptor in fs::read_dir(of_worker.join("fd")).unwrap() {
        let points_to = fs::read_link(descriptor.unwrap().path()).unwrap();
        let points_to = points_to.to_string_lossy();
        assert!(points_to.starts_with("pipe:") || points_to == "/dev/null", "{points_to}");
    }
    let status = fs::read_to_string(of_worker.join("status")).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Seccomp_filters:\t2"] {
        assert!(status.contains(line), "{line} is not in\n{status}");
    }
    let limits = fs::read_to_string(of_worker.join("limits")).unwrap();
    for (name, limit) in [
        ("Max cpu time", "1800"),
        ("Max core file size", "0"),
        ("Max file size", "0"),
        ("Max open files", "0"),
        ("Max processes", "0"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let values: Vec<_> = line[name.len()..].split_whitespace().take(2).collect();
        assert_eq!(values, [limit, limit], "{line}");
    }
}

#[tokio::test]
async fn memory_has_a_limit_and_below_it_there_is_room() {
    let stage = Stage::new().await;
    assert_eq!(stage.ask(b"use 32 MiB").await.as_deref(), Ok("33554432"));
    assert!(stage.ask(b"use 512 MiB").await.is_err());
}

#[tokio::test]
async fn a_worker_is_replaced_after_its_share_of_jobs() {
    let stage = Stage::with(|settings| Settings { jobs: 3, ..settings }).await;
    let mut pids = Vec::new();
    for _ in 0..6 {
        pids.push(stage.pid().await);
    }
    assert_eq!((&pids[0], &pids[0], &pids[3]), (&pids[1], &pids[2], &pids[5]));
    assert_ne!(pids[0], pids[3]);
    gone(&pids[0]).await;
}

#[tokio::test]
async fn a_worker_is_replaced_after_its_share_of_time() {
    let stage = Stage::with(|settings| Settings { busy: Duration::from_nanos(1), ..settings }).await;
    let first = stage.pid().await;
    assert_ne!(stage.pid().await, first);
    gone(&first).await;
}

#[tokio::test]
async fn a_worker_that_nobody_needs_is_ended() {
    let stage = Stage::with(|settings| Settings { idle: Duration::from_millis(50), ..settings }).await;
    gone(&stage.pid().await).await;
    stage.makes_pictures().await;
}

#[tokio::test]
async fn landlock_is_reported_as_this_kernel_has_it() {
    let security = fs::read_to_string("/sys/kernel/security/lsm");
    let expected = match security {
        Ok(modules) if modules.contains("landlock") => Files::Landlocked,
        Ok(_) => Files::SystemCallsOnly,
        // Not mounted here: then there is nothing to compare with.
        Err(_) => return,
    };
    assert_eq!(Stage::new().await.files, expected);
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    for (program, why) in [("/nowhere", "No such file"), ("/bin/true", "ended with status 0")] {
        let error =
            Workers::start(Settings::new(program.into(), Vec::new())).await.err().unwrap().to_string();
        assert!(error.contains(why), "{error}");
    }
    // A first word that is as it should be, and one that has more behind it.
    for (body, is_believed) in [("\\000", true), ("\\001", false)] {
        let word =
            format!("printf '\\002\\000\\000\\000{body}\\000\\000\\000\\000\\000\\000\\000\\000\\000x'");
        let settings = Settings::new("/bin/sh".into(), vec!["-c".to_owned(), word]);
        assert_eq!(Workers::start(settings).await.is_ok(), is_believed, "{body}");
    }
}

fn kill(pid: &str) {
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Waits until a process has ended, as a zombie at most.
async fn gone(pid: &str) {
    let status = Path::new("/proc").join(pid).join("status");
    until("the process has ended", async || {
        !fs::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ"))
    })
    .await;
}
