//! Pictures made here, of one colour mostly: what is old and what is new can be told from a single pixel.

/// A PNG of one colour.
pub fn png(width: u32, height: u32, rgb: [u8; 3]) -> Vec<u8> {
    png_of(width, height, &rgb.repeat((width * height) as usize))
}

/// A PNG of these samples, three a pixel.
pub fn png_of(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels)).expect("a picture");
    bytes
}

/// Size and the colour in the middle of a PNG.
pub fn look_at(bytes: &[u8]) -> (u32, u32, [u8; 3]) {
    try_look_at(bytes).expect("a PNG")
}

/// As [`look_at`], of bytes that may be anything.
pub fn try_look_at(bytes: &[u8]) -> Option<(u32, u32, [u8; 3])> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    // One of few colours is written with a palette.
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    let samples = frame.color_type.samples();
    let middle = frame.line_size * (frame.height as usize / 2) + samples * (frame.width as usize / 2);
    let rgb = match samples {
        1 | 2 => [pixels[middle]; 3],
        _ => [pixels[middle], pixels[middle + 1], pixels[middle + 2]],
    };
    Some((frame.width, frame.height, rgb))
}
