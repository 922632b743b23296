//! `[[key]]`: what signs URLs.

use dialect::KeyId;
use snapshot::SigningKeyData;

use super::secret::{Secret, SecretFrom};
use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub signing: SigningKeyData,
    pub from: SecretFrom,
}

impl Key {
    pub(super) fn read(section: &mut Section) -> Option<Self> {
        if !section.is_set("id") {
            section.complain("id", "a key needs `id`, the name by which signed URLs refer to it".to_owned());
        }
        let id = section.parsed::<KeyId>("id");
        let secret = Secret::read(section, true);
        let (id, secret) = (id?, secret?);
        match SigningKeyData::new(id, secret.bytes().to_vec()) {
            Ok(signing) => Some(Self { signing, from: secret.from }),
            Err(error) => {
                section.complain("secret", error.to_string());
                None
            }
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        let all = |out: &mut Writer| {
            out.section("[[key]]");
            out.text("id", self.signing.id());
            self.from.write(out);
        };
        // Without its secret it could not be loaded again.
        if self.from == SecretFrom::Written { out.as_comment(all) } else { all(out) }
    }
}
