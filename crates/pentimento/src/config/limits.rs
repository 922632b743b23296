//! `[limits]`: what one picture may cost.

use std::num::NonZero;
use std::thread;
use std::time::Duration;

use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Of an original, as it is fetched.
    pub input_bytes: u64,
    /// Of an original, decoded.
    pub pixels: u64,
    pub frames: u32,
    /// Width and height of a derivative, in pixels.
    pub output_side: u32,
    pub render_time: Duration,
    pub fetch_time: Duration,
    /// At the same time, each in a process of its own.
    pub renders: u32,
    /// Of all renders under way, by what their originals say of themselves; and the most that one process may take.
    pub render_memory: u64,
    /// How many renders may wait for their turn; one more is answered with 503.
    pub queue: u32,
}

impl Limits {
    pub(super) fn read(section: &mut Section) -> Self {
        let seconds = Duration::from_secs;
        let time = Duration::from_millis(100)..=seconds(600);
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            input_bytes: section.size("input_bytes", 64 << 20, 1 << 10..=1 << 30),
            pixels: section.count("pixels", 100_000_000, 1..=1_000_000_000),
            frames: section.count("frames", 1000, 1..=100_000),
            output_side: section.count("output_side", 8192, 1..=16_384),
            render_time: section.duration("render_time", seconds(20), time.clone()),
            fetch_time: section.duration("fetch_time", seconds(30), time),
            renders: section.count("renders", u32::try_from(cores).unwrap_or(1024).min(1024), 1..=1024),
            render_memory: section.size("render_memory", 1 << 30, 64 << 20..=1 << 40),
            queue: section.count("queue", 256, 0..=100_000),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[limits]");
        out.size("input_bytes", self.input_bytes);
        out.plain("pixels", self.pixels);
        out.plain("frames", self.frames);
        out.plain("output_side", self.output_side);
        out.duration("render_time", self.render_time);
        out.duration("fetch_time", self.fetch_time);
        out.plain("renders", self.renders);
        out.size("render_memory", self.render_memory);
        out.plain("queue", self.queue);
    }
}
