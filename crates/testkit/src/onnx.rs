//! A model as small as can be, written here: what is light is foreground.
//!
//! An ONNX file is a Protocol Buffer (onnx/onnx.proto): one convolution that sums up the colours, and a steep step.

/// Of pictures of this width and height (none: of any), for colours less 0.5.
pub fn light_is_foreground(side: Option<u64>) -> Vec<u8> {
    steps(20.0, 3, 1, side)
}

pub fn dark_is_foreground(side: Option<u64>) -> Vec<u8> {
    steps(-20.0, 3, 1, side)
}

/// For other numbers of channels, before and after.
pub fn sees(channels: u64, answers: u64, side: Option<u64>) -> Vec<u8> {
    steps(20.0, channels, answers, side)
}

fn steps(step: f32, channels: u64, answers: u64, side: Option<u64>) -> Vec<u8> {
    let weights: Vec<u8> = (0..channels * answers).flat_map(|_| step.to_le_bytes()).collect();
    let weights = [
        // A filter for each answer, of so many channels and one pixel; float; its name; its numbers.
        number(1, answers),
        number(1, channels),
        number(1, 1),
        number(1, 1),
        number(2, 1),
        bytes(8, b"weights"),
        bytes(9, &weights),
    ];
    let graph = [
        bytes(1, &node("Conv", &["picture", "weights"], "sum")),
        bytes(1, &node("Sigmoid", &["sum"], "foreground")),
        bytes(2, b"light"),
        bytes(5, &weights.concat()),
        bytes(11, &picture("picture", channels, side)),
        bytes(12, &picture("foreground", answers, side)),
    ];
    // The version of the format, that of its operators, and what is to be done.
    [number(1, 8), bytes(8, &number(2, 13)), bytes(7, &graph.concat())].concat()
}

fn node(operator: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| bytes(1, input.as_bytes())).collect();
    [inputs, bytes(2, output.as_bytes()), bytes(4, operator.as_bytes())].concat()
}

/// A name for numbers of 32 bits, so many for each pixel of one picture.
fn picture(name: &str, channels: u64, side: Option<u64>) -> Vec<u8> {
    let dimension = |length: u64| bytes(1, &number(1, length));
    let open = |name: &str| bytes(1, &bytes(2, name.as_bytes()));
    let sides = match side {
        Some(side) => [dimension(side), dimension(side)],
        None => [open("height"), open("width")],
    };
    let shape = [dimension(1), dimension(channels), sides.concat()].concat();
    let tensor = [number(1, 1), bytes(2, &shape)].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut written = Vec::new();
    while value > 127 {
        written.push(value as u8 & 127 | 128);
        value >>= 7;
    }
    written.push(value as u8);
    written
}
