//! The answer to a miss.

use std::future::Future;
use std::iter;
use std::pin::Pin;
use std::sync::Arc;

use blobs::{Digest, Kind};
use bus::clock::unix_millis;
use bytes::{BufMut, Bytes, BytesMut};
use catalog::{AskedDelivery, CatalogError};
use edge::fill::Keep;
use edge::request::{Image, Target};
use edge::{Answered, Ask, Fetched, FetchedBody, FillError, Upstream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use plan::{OriginalName, OutputFormat};
use purge_protocol::{Fill, Subject};

use crate::cutter::Cutter;
use crate::derivative_key::derivative_key;
use crate::fonts::{Font, Fonts, UnknownFont};
use crate::originals::{Current, OriginalError, Originals};
use crate::pool::RenderPool;
use crate::presets::Presets;
use crate::problem;
use crate::tag_fields::TagFields;

pub struct Renderer {
    pub originals: Arc<Originals>,
    pub pool: RenderPool,
    pub tag_fields: TagFields,
    pub fonts: Fonts,
    /// What removes backgrounds.
    pub cutter: Option<Cutter>,
    pub presets: Presets,
}

/// What a browser lets a drawing do that is opened by itself: draw. It holds nothing else, and should we err, this holds.
const DRAWING_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/// An encoded picture, or words about one, and what it is.
pub(crate) struct Encoded {
    format: OutputFormat,
    bytes: Bytes,
}

impl Renderer {
    async fn answer(&self, image: &Image, ask: &Ask, fill: Option<Fill>) -> Result<Answered, FillError> {
        // `fill` was begun before this reads the catalog: everything from here on is at least that new.
        let applied = self.presets.applied(image).await.map_err(problem::of_preset)?;
        let image = applied.as_ref().unwrap_or(image);
        let source = image.delivery.source.as_str();
        let path = image.delivery.path.as_str();
        let original = self.originals.current(source, path).await.map_err(problem::of_original)?;
        let fonts = self.fonts_of(image).map_err(|error| FillError::Problem(problem::of_font(&error)))?;
        let others = self.others(image).await?;
        let encoded = self.derivative(image, &original, &others, &fonts).await?;
        self.note(image).await;

        let etag = etag_of(&encoded.bytes);
        let as_of = fill.map(|fill| fill.stamp());
        let mut headers = HeaderMap::new();
        self.tag_fields.put_on(&mut headers, image);
        if ask.validators.etag.as_ref().is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
            let keep = Keep::of_picture(&image.terms, 0);
            return Ok(Answered::StillThat { as_of, tags: image.tags().ok(), keep, headers });
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(encoded.format.media_type()));
        if encoded.format.is_drawing() {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DRAWING_POLICY));
        }
        if let Ok(etag) = HeaderValue::try_from(etag) {
            headers.insert(header::ETAG, etag);
        }
        Ok(Answered::Response(Box::new(Fetched {
            status: StatusCode::OK,
            headers,
            body: FetchedBody::Whole(encoded.bytes),
            tags: image.tags().ok(),
            as_of,
            keep: Keep::of_picture(&image.terms, 0),
            reserved: HeaderMap::new(),
            varied_on: Vec::new(),
            cache_status: None,
        })))
    }

    /// A picture with what the catalog adds to its URL at this moment.
    pub async fn resolved(&self, image: Arc<Image>) -> Result<Arc<Image>, FillError> {
        let applied = self.presets.applied(&image).await.map_err(problem::of_preset)?;
        Ok(applied.map_or(image, Arc::new))
    }

    /// The further originals that the plan names, each asked for as the first one is.
    async fn others<'a>(&self, image: &'a Image) -> Result<Vec<(&'a OriginalName, Current)>, FillError> {
        let mut others = Vec::new();
        for name in image.delivery.plan.originals() {
            let current = self.originals.current(name.source.as_str(), name.path.as_str()).await;
            others.push((name, current.map_err(|error| problem::of_other(name, error))?));
        }
        Ok(others)
    }

    pub(crate) fn fonts_of(&self, image: &Image) -> Result<Vec<&Font>, UnknownFont> {
        image.delivery.plan.fonts().iter().map(|name| self.fonts.get(name)).collect()
    }

    /// From the store if it was made before, from exactly these inputs by exactly this engine.
    pub(crate) async fn derivative(
        &self,
        image: &Image,
        original: &Current,
        others: &[(&OriginalName, Current)],
        fonts: &[&Font],
    ) -> Result<Encoded, FillError> {
        let plan = &image.delivery.plan;
        let source = image.delivery.source.as_str();
        let originals: Vec<&Current> =
            iter::once(original).chain(others.iter().map(|(_, other)| other)).collect();
        let cutter = match (plan.background_removed, &self.cutter) {
            (false, _) => None,
            (true, Some(cutter)) => Some(cutter),
            (true, None) => return Err(FillError::Problem(problem::of_no_model())),
        };
        let mut fonts = fonts.to_vec();
        if !plan.keeps_drawing() && originals.iter().any(|one| transform::needs_letters(&one.bytes)) {
            fonts.extend(self.fonts.letters());
        }
        let key = derivative_key(plan, original, others, &fonts, cutter);
        let blobs = &self.originals.blobs;
        if let Some(encoded) = blobs.get(Kind::Derivative, &key).await.and_then(unpack) {
            return Ok(encoded);
        }
        let fonts = fonts.iter().map(|font| &*font.bytes);
        let bytes: Vec<&[u8]> = originals.iter().map(|one| &*one.bytes).chain(fonts).collect();
        let made = self.pool.render(source, &bytes, cutter, plan).await?;
        let encoded = Encoded { format: made.format, bytes: made.bytes.into() };
        // Known before it is stored, so that an erasure cannot miss it.
        match self.note_derivative(image, &key.to_string()).await {
            Ok(()) => {
                if let Err(error) = blobs.put(Kind::Derivative, key, pack(&encoded)).await {
                    tracing::warn!(%error, "a derivative cannot be stored; serving goes on");
                }
            }
            Err(error) => tracing::warn!(%error, "a derivative cannot be noted; serving goes on"),
        }
        // An erasure that came between our reading an original and our writing has looked for us in vain.
        for (source, path) in shown(image) {
            let known = self.originals.catalog.original(source, path).await.map_err(OriginalError::from);
            if let Some(tombstone) = known.map_err(problem::of_original)?.tombstone {
                if let Err(error) = blobs.delete(Kind::Derivative, &key).await {
                    tracing::error!(%error, "a derivative of an erased original cannot be removed");
                }
                return Err(problem::of_original(OriginalError::Erased(tombstone.gone)));
            }
        }
        Ok(encoded)
    }

    async fn note_derivative(&self, image: &Image, key: &str) -> Result<(), CatalogError> {
        for (source, path) in shown(image) {
            self.originals.catalog.note_derivative(source, path, key).await?;
        }
        Ok(())
    }

    /// Where the verifier will look, and whom a purge of a further original reaches. Losing one costs a look, nothing else.
    async fn note(&self, image: &Image) {
        if let Err(error) = self.try_to_note(image).await {
            tracing::warn!(%error, "a delivery cannot be noted");
        }
    }

    async fn try_to_note(&self, image: &Image) -> Result<(), CatalogError> {
        let delivery = AskedDelivery { url: image.url.clone(), accept: image.accept().to_owned() };
        let url = image.tag_key.tag(&Subject::Url(image.url.clone()));
        let catalog = &self.originals.catalog;
        for (place, (source, path)) in shown(image).enumerate() {
            // A pack is asked for by a name of its own.
            if place > 0 || image.is_of_pack() {
                catalog.note_dependent(source, path, url).await?;
            }
            catalog.note_delivery(source, path, &delivery, unix_millis()).await?;
        }
        for subject in &image.made_with {
            catalog.note_made_with(subject, &delivery, unix_millis()).await?;
        }
        Ok(())
    }
}

impl Upstream for Renderer {
    fn fetch<'a>(
        &'a self,
        ask: &'a Ask,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, FillError>> + Send + 'a>> {
        Box::pin(async move {
            match &ask.target {
                Target::Image(image) => self.answer(image, ask, fill).await,
                Target::PassThrough(_) => Err(problem::of_original(OriginalError::UnknownSource(
                    "(a pass-through site)".to_owned(),
                ))),
            }
        })
    }
}

/// Source and path of every original that a picture shows, its own first.
pub fn shown(image: &Image) -> impl Iterator<Item = (&str, &str)> {
    let own = (image.delivery.source.as_str(), image.delivery.path.as_str());
    let others = image.delivery.plan.originals();
    let others = others.into_iter().map(|name| (name.source.as_str(), name.path.as_str()));
    iter::once(own).chain(others.filter(move |other| *other != own))
}

/// Strong: two derivatives with the same tag are the same bytes (RFC 9110 §8.8.1).
fn etag_of(bytes: &[u8]) -> String {
    let digest = Digest::of(bytes).to_string();
    format!("\"{}\"", digest.get(..32).unwrap_or(&digest))
}

/// The format travels in the first byte: what a plan ends as depends on the original.
fn pack(encoded: &Encoded) -> Bytes {
    let place = OutputFormat::all().position(|format| format == encoded.format).unwrap_or_default();
    let mut packed = BytesMut::with_capacity(encoded.bytes.len() + 1);
    packed.put_u8(u8::try_from(place).unwrap_or_default());
    packed.extend_from_slice(&encoded.bytes);
    packed.freeze()
}

fn unpack(packed: Bytes) -> Option<Encoded> {
    let format = OutputFormat::all().nth(usize::from(*packed.first()?))?;
    Some(Encoded { format, bytes: packed.slice(1..) })
}
