//! `[[bucket]]`: which source's originals the objects of a bucket are, for whoever tells of changed objects.

use api::BucketSource;
use dialect::Excerpt;

use super::section::Section;
use super::source::Source;
use super::writer::Writer;

pub(super) fn read(section: &mut Section, sources: &[Source]) -> Option<BucketSource> {
    for key in ["name", "source"] {
        if !section.is_set(key) {
            section.complain(key, format!("a bucket needs `{key}`"));
        }
    }
    let bucket = section.parsed_with("name", "a text in quotes", |text| match text {
        "" => Err("it is empty"),
        _ => Ok(text.to_owned()),
    });
    let source = section.parsed_with("source", "a text in quotes", |text| {
        let is_known = sources.iter().any(|source| source.name.as_str() == text);
        if is_known {
            Ok(text.to_owned())
        } else {
            Err(format!("there is no source named {}", Excerpt::of(text)))
        }
    });
    let prefix = section.text("prefix").unwrap_or_default();
    Some(BucketSource { bucket: bucket?, prefix, source: source? })
}

pub(super) fn write(bucket: &BucketSource, out: &mut Writer) {
    out.section("[[bucket]]");
    out.text("name", &bucket.bucket);
    out.text("source", &bucket.source);
    out.text("prefix", &bucket.prefix);
}
