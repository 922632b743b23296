//! Scripts, styles and the icon: embedded, and addressed by their digest so that browsers may keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::page;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asset {
    Style,
    Icon,
    Htmx,
    HtmxSse,
    Console,
    LocalTime,
    Login,
}

impl Asset {
    const ALL: [Asset; 7] = [
        Asset::Style,
        Asset::Icon,
        Asset::Htmx,
        Asset::HtmxSse,
        Asset::Console,
        Asset::LocalTime,
        Asset::Login,
    ];

    fn name(self) -> &'static str {
        match self {
            Asset::Style => "console.css",
            Asset::Icon => "icon.svg",
            Asset::Htmx => "htmx-4.0.1.min.js",
            Asset::HtmxSse => "hx-sse-4.0.1.min.js",
            Asset::Console => "console.js",
            Asset::LocalTime => "local-time.js",
            Asset::Login => "login.js",
        }
    }

    fn bytes(self) -> &'static [u8] {
        match self {
            Asset::Style => include_bytes!("../assets/console.css"),
            Asset::Icon => include_bytes!("../assets/icon.svg"),
            Asset::Htmx => include_bytes!("../assets/htmx-4.0.1.min.js"),
            Asset::HtmxSse => include_bytes!("../assets/hx-sse-4.0.1.min.js"),
            Asset::Console => include_bytes!("../assets/console.js"),
            Asset::LocalTime => include_bytes!("../assets/local-time.js"),
            Asset::Login => include_bytes!("../assets/login.js"),
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Asset::Style => "text/css; charset=utf-8",
            Asset::Icon => "image/svg+xml",
            Asset::Htmx | Asset::HtmxSse | Asset::Console | Asset::LocalTime | Asset::Login => {
                "text/javascript; charset=utf-8"
            }
        }
    }

    fn digest(self) -> &'static str {
        static DIGESTS: LazyLock<[String; Asset::ALL.len()]> = LazyLock::new(|| {
            Asset::ALL.map(|asset| blake3::hash(asset.bytes()).to_hex().chars().take(16).collect())
        });
        &DIGESTS[self as usize]
    }

    pub fn url(self) -> String {
        format!("/console/assets/{}/{}", self.digest(), self.name())
    }
}

pub async fn serve(Path((digest, name)): Path<(String, String)>) -> Response {
    let found = Asset::ALL.into_iter().find(|asset| asset.name() == name && asset.digest() == digest);
    let Some(asset) = found else { return page::not_found().await.into_response() };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (StatusCode::OK, headers, asset.bytes()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_asset_has_a_url_of_its_own() {
        for (n, asset) in Asset::ALL.into_iter().enumerate() {
            assert_eq!(asset as usize, n, "{asset:?} stands elsewhere in the list");
            assert!(!asset.bytes().is_empty());
            assert_eq!(asset.digest().len(), 16);
            assert!(asset.url().ends_with(asset.name()));
        }
    }
}
