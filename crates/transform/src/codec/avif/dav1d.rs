//! AV1 decoded by dav1d: from a stream to a picture whose rows can be read.
//!
//! Not by rav1d 1.1, its translation to Rust: there any error within a frame ends the process
//! (github.com/memorysafety/rav1d, issue 1497), where dav1d says that the data are broken.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;

use libdav1d_sys as dav1d;
use plan::Size;

use crate::codec::EdgeFilter;
use crate::codec::heif::look::Coding;
use crate::error::TransformError;
use crate::planes::Plane;
use crate::sniff::InputFormat;

/// How often a stream is asked for a picture before it is given up: more often than `obu` leaves it frames.
const ROUNDS: usize = 64;

/// A decoder, closed when dropped.
pub(super) struct Decoder(NonNull<dav1d::Dav1dContext>);

impl Decoder {
    /// For frames of at most as many pixels as `size` has; larger ones are refused before there is memory for them.
    pub fn open(size: Size, filter: EdgeFilter) -> Result<Decoder, TransformError> {
        let mut settings = MaybeUninit::uninit();
        // SAFETY: the library fills all of it.
        let mut settings = unsafe {
            dav1d::dav1d_default_settings(settings.as_mut_ptr());
            settings.assume_init()
        };
        // One thread, which is ours: requests are what runs in parallel here, and a worker process may start none.
        settings.n_threads = 1;
        settings.max_frame_delay = 1;
        settings.all_layers = 0;
        settings.frame_size_limit = u32::try_from(size.pixels()).unwrap_or(u32::MAX).max(1);
        settings.logger.callback = None;
        settings.inloop_filters = match filter {
            EdgeFilter::Applied => dav1d::Dav1dInloopFilterType::DAV1D_INLOOPFILTER_ALL,
            EdgeFilter::LeftOut => dav1d::Dav1dInloopFilterType::DAV1D_INLOOPFILTER_NONE,
        };
        let mut context = ptr::null_mut();
        // SAFETY: both pointers are valid for the call, which copies the settings.
        let opened = unsafe { dav1d::dav1d_open(&mut context, &settings) };
        match NonNull::new(context) {
            Some(context) if opened == 0 => Ok(Decoder(context)),
            _ => Err(TransformError::failed("setting up AVIF", "dav1d refuses its settings")),
        }
    }

    /// The last picture that comes out of this part of a stream, if one does.
    pub fn decode(&mut self, stream: &[u8]) -> Result<Option<Decoded>, TransformError> {
        let broken = || TransformError::corrupt(InputFormat::Avif, "its AV1 data cannot be decoded");
        if stream.is_empty() {
            return Ok(None);
        }
        let mut data = Data::copied(stream)?;
        let mut last = None;
        for _ in 0..ROUNDS {
            if data.0.sz > 0 {
                // SAFETY: the context is open, and the data are the library's own.
                let sent = unsafe { dav1d::dav1d_send_data(self.0.as_ptr(), &mut data.0) };
                if sent != 0 && !wants_more(sent) {
                    return Err(broken());
                }
            }
            // SAFETY: zero is a value for all fields: numbers, null pointers, and the layout of grey pictures.
            let mut picture = unsafe { MaybeUninit::<dav1d::Dav1dPicture>::zeroed().assume_init() };
            // SAFETY: the context is open, and the picture is one of the library's, empty.
            match unsafe { dav1d::dav1d_get_picture(self.0.as_ptr(), &mut picture) } {
                0 => last = Some(Decoded(picture)),
                result if !wants_more(result) => return Err(broken()),
                _ if data.0.sz == 0 => return Ok(last),
                _ => {}
            }
        }
        Err(broken())
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let mut context = self.0.as_ptr();
        // SAFETY: opened in `open`, closed once. Pictures that it has given away live on.
        unsafe { dav1d::dav1d_close(&mut context) };
    }
}

fn wants_more(result: c_int) -> bool {
    io::Error::from_raw_os_error(-result).kind() == io::ErrorKind::WouldBlock
}

/// A copy of the stream in the library's own memory, given back when dropped.
struct Data(dav1d::Dav1dData);

impl Data {
    fn copied(stream: &[u8]) -> Result<Data, TransformError> {
        // SAFETY: zero is a value for all fields.
        let mut data = Data(unsafe { MaybeUninit::zeroed().assume_init() });
        // SAFETY: the structure is empty, and the library fills it.
        let start = unsafe { dav1d::dav1d_data_create(&mut data.0, stream.len()) };
        if start.is_null() {
            return Err(TransformError::failed("setting up AVIF", "out of memory"));
        }
        // SAFETY: the library has allocated this many bytes, which are nobody else's.
        unsafe { ptr::copy_nonoverlapping(stream.as_ptr(), start, stream.len()) };
        Ok(data)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // SAFETY: filled by the library, or emptied by it when it has taken everything.
        unsafe { dav1d::dav1d_data_unref(&mut self.0) };
    }
}

/// A decoded picture, given back when dropped.
pub(super) struct Decoded(dav1d::Dav1dPicture);

impl Decoded {
    pub fn size(&self) -> Size {
        Size { width: self.0.p.w as u32, height: self.0.p.h as u32 }
    }

    /// Of a sample: 8, 10 or 12.
    pub fn bits(&self) -> u8 {
        self.0.p.bpc as u8
    }

    /// What the stream's own header says.
    pub fn coding(&self) -> Coding {
        let header = self.0.seq_hdr;
        // SAFETY: a picture's header is not null and lives as long as the picture. The fields are C's enumerations and hold
        // whatever the stream says, so they are read as the numbers that they are there.
        unsafe {
            Coding {
                primaries: (&raw const (*header).pri).cast::<u32>().read() as u16,
                transfer: (&raw const (*header).trc).cast::<u32>().read() as u16,
                matrix: (&raw const (*header).mtrx).cast::<u32>().read() as u16,
                full_range: (&raw const (*header).color_range).read() != 0,
            }
        }
    }

    /// How many luma samples share a chroma sample; nothing for a grey picture.
    pub fn subsampling(&self) -> Option<(u8, u8)> {
        match self.0.p.layout {
            dav1d::Dav1dPixelLayout::DAV1D_PIXEL_LAYOUT_I420 => Some((2, 2)),
            dav1d::Dav1dPixelLayout::DAV1D_PIXEL_LAYOUT_I422 => Some((2, 1)),
            dav1d::Dav1dPixelLayout::DAV1D_PIXEL_LAYOUT_I444 => Some((1, 1)),
            _ => None,
        }
    }

    /// One plane, each stored value replaced by what the table has for it. Halved, four neighbours become their mean; of
    /// an odd number of columns or rows the last one stands for two.
    pub fn plane(&self, index: usize, table: &[u8], halved: bool) -> Result<Plane, TransformError> {
        let missing = || TransformError::corrupt(InputFormat::Avif, "a plane is missing");
        let (across, down) = match index {
            0 => (1, 1),
            _ => self.subsampling().ok_or_else(missing)?,
        };
        let size = self.size();
        let width = (size.width as usize).div_ceil(usize::from(across));
        let height = (size.height as usize).div_ceil(usize::from(down));
        let start = self.0.data.get(index).copied().unwrap_or(ptr::null_mut()).cast::<u8>().cast_const();
        if start.is_null() {
            return Err(missing());
        }
        let stride = self.0.stride[index.min(1)];
        // SAFETY: the plane has `height` rows of at least `width` samples, `stride` bytes apart, as the library documents;
        // beyond eight bits samples are 16-bit numbers, and rows are aligned for them. The picture is alive, and nothing
        // writes to it any more.
        let samples = unsafe {
            if self.bits() > 8 {
                let row =
                    |y: usize| slice::from_raw_parts(start.offset(stride * y as isize).cast::<u16>(), width);
                looked_up(row, height, halved, |value| table[usize::from(value).min(table.len() - 1)])
            } else {
                let row = |y: usize| slice::from_raw_parts(start.offset(stride * y as isize), width);
                let unchanged = table.len() == 256
                    && table.iter().enumerate().all(|(at, value)| at == usize::from(*value));
                if unchanged {
                    looked_up(row, height, halved, |value| value as u8)
                } else {
                    looked_up(row, height, halved, |value| table[usize::from(value).min(table.len() - 1)])
                }
            }
        };
        match halved {
            true => Ok(Plane { width: width.div_ceil(2), height: height.div_ceil(2), samples }),
            false => Ok(Plane { width, height, samples }),
        }
    }
}

/// What `table` has for the samples of each row, or for the means of four.
fn looked_up<'a, T: Copy + Into<u16> + 'a>(
    row: impl Fn(usize) -> &'a [T],
    height: usize,
    halved: bool,
    table: impl Fn(u16) -> u8,
) -> Vec<u8> {
    let mut samples = Vec::new();
    if !halved {
        samples.reserve_exact(height * row(0).len());
        (0..height).for_each(|y| samples.extend(row(y).iter().map(|&sample| table(sample.into()))));
        return samples;
    }
    samples.reserve_exact(height.div_ceil(2) * row(0).len().div_ceil(2));
    for y in (0..height).step_by(2) {
        let (upper, last_upper) = row(y).as_chunks();
        let (lower, last_lower) = row((y + 1).min(height - 1)).as_chunks();
        let mean = |[a, b]: [T; 2], [c, d]: [T; 2]| (a.into() + b.into() + c.into() + d.into() + 2) / 4;
        samples.extend(upper.iter().zip(lower).map(|(&upper, &lower)| table(mean(upper, lower))));
        let last = last_upper.iter().zip(last_lower);
        samples.extend(last.map(|(&upper, &lower)| table(mean([upper; 2], [lower; 2]))));
    }
    samples
}

impl Drop for Decoded {
    fn drop(&mut self) {
        // SAFETY: filled by the library, given back once.
        unsafe { dav1d::dav1d_picture_unref(&mut self.0) };
    }
}
