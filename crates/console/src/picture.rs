//! A picture on the first page: what is at the source, and how it is delivered.

use std::fmt;

use url::Url;

use crate::demo_source::{DemoPicture, DemoSource};

/// In CSS pixels; the page never shows one larger.
pub const WIDTH: u32 = 480;

pub struct Picture {
    pub path: String,
    /// As a purge names it.
    pub original: String,
    /// At the delivery listener.
    pub url: String,
    pub edition: u32,
    pub size: Size,
}

impl Picture {
    pub fn of(source: &DemoSource, delivery: &Url, picture: DemoPicture) -> Self {
        let DemoPicture { path, edition, bytes } = picture;
        let original = format!("{}/{path}", source.name);
        Self { url: derivative(delivery, &original), original, path, edition, size: Size(bytes) }
    }
}

fn derivative(delivery: &Url, original: &str) -> String {
    let mut url = delivery.clone();
    url.set_path("");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(original.split('/'));
    }
    url.set_query(Some(&format!("w={WIDTH}&format=auto")));
    url.set_fragment(None);
    url.into()
}

/// Bytes as people read them.
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1_000 => write!(f, "{bytes} bytes"),
            bytes @ 1_000..1_000_000 => write!(f, "{} kB", bytes / 1_000),
            bytes => write!(f, "{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derivative_has_the_path_of_its_original_whatever_is_in_it() {
        let delivery: Url = "http://127.0.0.1:8080/".parse().expect("a URL");
        for (original, wanted) in [
            ("demo/cat.jpg", "http://127.0.0.1:8080/demo/cat.jpg?w=480&format=auto"),
            ("demo/harbour/boats.jpg", "http://127.0.0.1:8080/demo/harbour/boats.jpg?w=480&format=auto"),
            ("demo/a b?c#d%.jpg", "http://127.0.0.1:8080/demo/a%20b%3Fc%23d%25.jpg?w=480&format=auto"),
        ] {
            assert_eq!(derivative(&delivery, original), wanted);
        }
    }

    #[test]
    fn sizes_are_as_exact_as_one_wants_them() {
        for (bytes, wanted) in [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (2_150_000, "2.1 MB")] {
            assert_eq!(Size(bytes).to_string(), wanted);
        }
    }
}
