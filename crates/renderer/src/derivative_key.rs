//! The key under which a derivative is stored: all that it was made from, and by which engine.

use blobs::Digest;
use plan::{OriginalName, Plan};
use transform::ENGINE;

use crate::cutter::Cutter;
use crate::fonts::Font;
use crate::originals::Current;

/// Whatever is as it was finds what was made of it; whatever is not finds nothing.
pub(crate) fn derivative_key(
    plan: &Plan,
    original: &Current,
    others: &[(&OriginalName, Current)],
    fonts: &[&Font],
    cutter: Option<&Cutter>,
) -> Digest {
    let mut inputs = format!("{ENGINE}\n{}\n{}", plan.fingerprint(), original.digest);
    for (name, other) in others {
        // The name too: what an erasure of it has to find is not shared with others.
        inputs.push_str(&format!("\n{name} {}", other.digest));
    }
    for font in fonts {
        inputs.push_str(&format!("\n{}", font.digest));
    }
    if let Some(cutter) = cutter {
        inputs.push_str(&format!("\n{}", cutter.key));
    }
    Digest::of(inputs.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bytes::Bytes;
    use render_worker::Model;
    use transform::Normalisation;

    use super::*;

    fn current(bytes: &'static [u8]) -> Current {
        Current { digest: Digest::of(bytes), bytes: Bytes::from_static(bytes) }
    }

    fn cutter(key: &str) -> Cutter {
        let model = Model { onnx: [].into(), normalisation: Normalisation::Centred };
        Cutter { key: key.to_owned(), memory: 0, model }
    }

    #[test]
    fn whatever_a_derivative_is_made_from_is_in_its_key() {
        let plan = Plan::default();
        let other_plan = Plan { faces: true, ..Plan::default() };
        let (logo, seal): (OriginalName, OriginalName) =
            ("brand/logo.png".parse().unwrap(), "brand/seal.png".parse().unwrap());
        let (cat, dog) = (current(b"a cat"), current(b"a dog"));
        let font =
            |bytes: &'static [u8]| Font { digest: Digest::of(bytes), bytes: Bytes::from_static(bytes) };
        let (serif, sans) = (font(b"serif"), font(b"sans"));
        let (light, dark) = (cutter("light"), cutter("dark"));
        let keys = [
            derivative_key(&plan, &cat, &[], &[], None),
            derivative_key(&other_plan, &cat, &[], &[], None),
            derivative_key(&plan, &dog, &[], &[], None),
            derivative_key(&plan, &cat, &[(&logo, dog.clone())], &[], None),
            derivative_key(&plan, &cat, &[(&seal, dog.clone())], &[], None),
            derivative_key(&plan, &cat, &[(&logo, cat.clone())], &[], None),
            derivative_key(&plan, &cat, &[(&logo, dog.clone()), (&seal, cat.clone())], &[], None),
            derivative_key(&plan, &cat, &[(&logo, cat.clone()), (&seal, dog.clone())], &[], None),
            derivative_key(&plan, &cat, &[], &[&serif], None),
            derivative_key(&plan, &cat, &[], &[&sans], None),
            derivative_key(&plan, &cat, &[], &[&serif, &sans], None),
            derivative_key(&plan, &cat, &[], &[], Some(&light)),
            derivative_key(&plan, &cat, &[], &[], Some(&dark)),
        ];
        let different: BTreeSet<String> = keys.iter().map(Digest::to_string).collect();
        assert_eq!(different.len(), keys.len(), "{keys:#?}");
        assert_eq!(derivative_key(&plan, &cat, &[], &[], None), keys[0]);
    }

    /// What is stored is found again by a later release whose engine makes the same bytes, and by no other.
    #[test]
    fn a_key_holds_for_one_engine() {
        let (plan, cat) = (Plan::default(), current(b"a cat"));
        let by =
            |engine: &str| Digest::of(format!("{engine}\n{}\n{}", plan.fingerprint(), cat.digest).as_bytes());
        let key = derivative_key(&plan, &cat, &[], &[], None);
        assert_eq!(key, by(ENGINE));
        assert_ne!(key, by("planar-0"));
    }
}
