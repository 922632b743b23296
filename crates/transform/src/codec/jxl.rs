//! JPEG XL in, through the crate `jxl`: still pictures and the first frame of others, in colours or grey, with alpha.

use jxl::api::{
    AlphaMode, Event, ExtraChannel, JxlBasicInfo, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions,
    JxlOutputBuffer, JxlParallelRunner, JxlParallelRunnerFun, JxlPixelFormat, ProfileLevel,
};
use jxl::error::Error;
use plan::Size;

use crate::codec::{Decoded, Picture, Shape, describes_rgb};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

/// Beside the colours: alpha, and a few that are not looked at.
const EXTRA_MAX: usize = 4;

/// Whether this begins as a bare codestream (ISO/IEC 18181-1) or as the container of one (18181-2 §9.1).
pub(crate) fn is_jxl(original: &[u8]) -> bool {
    original.starts_with(b"\xff\x0a") || original.starts_with(b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a")
}

pub(crate) fn header(original: &[u8]) -> Result<Shape, TransformError> {
    let mut decoder = JxlDecoder::new(options(None));
    let info = info(&mut decoder, &mut &*original)?;
    Ok(Shape {
        size: size_of(&info)?,
        alpha: alpha(&info),
        orientation: Orientation::from_exif(info.orientation as u32),
    })
}

/// As it is stored: for planning, of a file whose header is near its beginning.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    let mut decoder = JxlDecoder::new(options(None));
    size_of(&info(&mut decoder, &mut &*original).ok()?).ok()
}

pub(crate) fn decode(original: &[u8], deadline: &Deadline) -> Result<Decoded, TransformError> {
    let mut input = original;
    let size = {
        let mut decoder = JxlDecoder::new(options(None));
        size_of(&info(&mut decoder, &mut &*original)?)?
    };
    let pixels = usize::try_from(size.pixels()).map_err(|_| corrupt("its size overflows"))?;
    // No frame is larger than the picture, but for what it may borrow from and what is rounded up.
    let samples = pixels.saturating_mul(3 + EXTRA_MAX).saturating_mul(2).saturating_add(1 << 20);
    let mut decoder = JxlDecoder::new(options(Some(samples)));
    let info = info(&mut decoder, &mut input)?;
    let grey = decoder.embedded_color_profile().is_some_and(|profile| profile.channels() == 1);
    let alpha = alpha(&info);
    let format = JxlPixelFormat {
        color_type: match (grey, alpha) {
            (true, true) => JxlColorType::GrayscaleAlpha,
            (true, false) => JxlColorType::Grayscale,
            (false, true) => JxlColorType::Rgba,
            (false, false) => JxlColorType::Rgb,
        },
        color_data_format: Some(JxlDataFormat::U8 { bit_depth: 8 }),
        extra_channel_format: vec![None; info.extra_channels.len()],
    };
    let channels = format.color_type.samples_per_pixel();
    decoder.set_pixel_format(format).map_err(refused)?;
    let icc = decoder.output_color_profile().and_then(|profile| profile.try_as_icc()?.into_owned().into());

    let (width, height) = (size.width as usize, size.height as usize);
    let mut bytes = vec![0; pixels * channels];
    let mut buffers = [JxlOutputBuffer::new(&mut bytes, height, width * channels)];
    let mut watched = Watched(deadline);
    loop {
        let event = decoder.process(&mut input, Some(&mut buffers), Some(&mut watched));
        deadline.check()?;
        match event.map_err(refused)? {
            Event::BasicInfo | Event::FrameHeader => {}
            Event::FrameComplete { .. } => break,
            Event::NeedMoreInput { .. } => {
                return Err(TransformError::Truncated { format: InputFormat::Jxl });
            }
            Event::Complete => return Err(corrupt("it has no picture")),
        }
    }
    let rgba = match channels {
        1 => bytes.iter().map(|&grey| [grey, grey, grey, 255]).collect(),
        2 => bytes.as_chunks().0.iter().map(|&[grey, alpha]| [grey, grey, grey, alpha]).collect(),
        3 => bytes.as_chunks().0.iter().map(|&[r, g, b]| [r, g, b, 255]).collect(),
        _ => bytes.as_chunks().0.to_vec(),
    };
    let icc = icc.filter(|icc: &Vec<u8>| describes_rgb(icc));
    Ok(Decoded { icc, ..Decoded::full_size(Picture::Pixels(Pixels { size, rgba })) })
}

fn options(samples: Option<usize>) -> JxlDecoderOptions {
    let mut options = JxlDecoderOptions::default();
    // The picture is turned when it is small.
    options.adjust_orientation = false;
    options.alpha_mode = AlphaMode::Unpremultiplied;
    options.sample_limit = samples;
    // What is lossless has sixteen bits now and then, and says that it is of this level.
    options.max_profile_level = ProfileLevel::Main10;
    options
}

/// What a file says before its first frame.
fn info(decoder: &mut JxlDecoder, input: &mut &[u8]) -> Result<JxlBasicInfo, TransformError> {
    match decoder.process(input, None, None).map_err(refused)? {
        Event::BasicInfo => {}
        Event::NeedMoreInput { .. } => return Err(TransformError::Truncated { format: InputFormat::Jxl }),
        _ => return Err(corrupt("it has no header")),
    }
    let info = decoder.basic_info().cloned().ok_or_else(|| corrupt("it has no header"))?;
    if info.extra_channels.len() > EXTRA_MAX {
        return Err(unsupported(format!("more than {EXTRA_MAX} channels beside the colours")));
    }
    if info.extra_channels.iter().any(|channel| channel.ec_type == ExtraChannel::Black) {
        return Err(unsupported("the colours of print (CMYK)"));
    }
    Ok(info)
}

fn size_of(info: &JxlBasicInfo) -> Result<Size, TransformError> {
    let side = |side: usize| u32::try_from(side).map_err(|_| corrupt("its size overflows"));
    Ok(Size { width: side(info.size.0)?, height: side(info.size.1)? })
}

fn alpha(info: &JxlBasicInfo) -> bool {
    info.extra_channels.iter().any(|channel| channel.ec_type == ExtraChannel::Alpha)
}

/// One part after the other, for as long as there is time.
struct Watched<'a>(&'a Deadline);

impl JxlParallelRunner for Watched<'_> {
    fn run(&mut self, parts: usize, part: &JxlParallelRunnerFun<'_>) -> Result<(), Error> {
        for number in 0..parts {
            if self.0.has_passed() {
                return Err(Error::ApiUsageError("there is no time left"));
            }
            part(number)?;
        }
        Ok(())
    }

    fn run_ordered(
        &mut self,
        parts: usize,
        _: Option<usize>,
        part: &JxlParallelRunnerFun<'_>,
    ) -> Result<(), Error> {
        self.run(parts, part)
    }

    fn num_threads(&self) -> usize {
        1
    }
}

fn refused(error: Error) -> TransformError {
    match error {
        Error::OutOfBounds(_) => TransformError::Truncated { format: InputFormat::Jxl },
        error => corrupt(error),
    }
}

fn corrupt(why: impl ToString) -> TransformError {
    TransformError::corrupt(InputFormat::Jxl, why)
}

fn unsupported(what: impl ToString) -> TransformError {
    TransformError::unsupported(InputFormat::Jxl, what)
}
