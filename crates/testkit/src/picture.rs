//! Pictures of one colour, made here: what is old and what is new can be told from a single pixel.

/// A PNG.
pub fn png(width: u32, height: u32, rgb: [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let pixels = rgb.repeat((width * height) as usize);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("a picture");
    bytes
}

/// Size and the colour in the middle of a PNG.
pub fn look_at(bytes: &[u8]) -> (u32, u32, [u8; 3]) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    let frame = reader.next_frame(&mut pixels).expect("a frame");
    let samples = frame.color_type.samples();
    let middle = frame.line_size * (frame.height as usize / 2) + samples * (frame.width as usize / 2);
    let rgb = if samples < 3 {
        [pixels[middle]; 3]
    } else {
        [pixels[middle], pixels[middle + 1], pixels[middle + 2]]
    };
    (frame.width, frame.height, rgb)
}
