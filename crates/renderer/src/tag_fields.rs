//! Fields by which CDNs before ours know the pictures that a purge names.

use edge::request::Image;
use http::{HeaderMap, HeaderName, HeaderValue};
use purge_protocol::Subject;

/// CloudFront reads no more of a response; the others read more.
const TAGS_MAX: usize = 50;

/// A field that some CDN reads, and what separates tags in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagField {
    pub name: HeaderName,
    pub separator: &'static str,
}

#[derive(Debug, Clone, Default)]
pub struct TagFields(pub Vec<TagField>);

impl TagFields {
    /// With the tags of our own purges. The original's comes first: it is there however deep its folder is.
    pub fn put_on(&self, headers: &mut HeaderMap, image: &Image) {
        if self.0.is_empty() {
            return;
        }
        let mut subjects = image.subjects();
        // A URL of a picture is purged with its original.
        subjects.retain(|subject| !matches!(subject, Subject::Url(_)));
        subjects.sort_by_key(|subject| !matches!(subject, Subject::Original(_)));
        let tags = subjects.iter().take(TAGS_MAX).map(|subject| image.tag_key.tag(subject).to_string());
        let tags: Vec<String> = tags.collect();
        for field in &self.0 {
            // Hexadecimal digits and a separator are always a field's value.
            if let Ok(value) = HeaderValue::try_from(tags.join(field.separator)) {
                headers.insert(field.name.clone(), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dialect::native;
    use edge::request::Terms;
    use purge_protocol::{TagKey, Tags};

    fn image(path: &str) -> Image {
        let request = dialect::Request { path, query: None, accept: None };
        Image {
            delivery: native::parse(&request).expect("a delivery").delivery,
            url: path.to_owned(),
            host: String::new(),
            tag_key: TagKey::new([7; 16]),
            terms: Terms::of(&snapshot::Site::default()),
            made_with: Vec::new(),
        }
    }

    fn field(path: &str, separator: &'static str) -> String {
        let name = HeaderName::from_static("surrogate-key");
        let mut headers = HeaderMap::new();
        TagFields(vec![TagField { name: name.clone(), separator }]).put_on(&mut headers, &image(path));
        headers[name].to_str().expect("text").to_owned()
    }

    #[test]
    fn a_picture_carries_what_its_purges_name() {
        let image = image("/demo/a/b/cat.jpg");
        let carried = Tags::from_field(&field("/demo/a/b/cat.jpg", " ")).expect("tags");
        for subject in [
            Subject::Original("demo/a/b/cat.jpg".to_owned()),
            Subject::Folder("demo/a/b".to_owned()),
            Subject::Folder("demo/a".to_owned()),
            Subject::Source("demo".to_owned()),
            Subject::Tenant,
        ] {
            assert!(carried.contains_any(&[image.tag_key.tag(&subject)]), "{subject}");
        }
        assert_eq!(carried.iter().count(), 5);
        assert_eq!(field("/demo/a/b/cat.jpg", ",").replace(',', " "), field("/demo/a/b/cat.jpg", " "));
    }

    #[test]
    fn in_the_deepest_folder_the_originals_own_tag_is_carried() {
        let path = format!("/demo{}/cat.jpg", "/d".repeat(200));
        let image = image(&path);
        let original = Subject::Original(path.trim_start_matches('/').to_owned());
        let field = field(&path, " ");
        assert!(field.starts_with(&image.tag_key.tag(&original).to_string()));
        assert_eq!(field.split(' ').count(), TAGS_MAX);
    }

    #[test]
    fn without_a_cdn_that_reads_them_there_are_none() {
        let mut headers = HeaderMap::new();
        TagFields::default().put_on(&mut headers, &image("/demo/cat.jpg"));
        assert!(headers.is_empty());
    }
}
