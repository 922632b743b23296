//! Many prefixes as few that cover them: a CDN that takes fifteen at a time is better asked for their folder.
//!
//! What is purged without need is fetched again; what is not purged would be old.

use std::collections::{BTreeMap, BTreeSet};

use crate::wish::Address;

/// At most `most` prefixes that cover all these, if that is possible without naming a whole site: the folders that
/// stand for the most prefixes come first.
pub(crate) fn collapsed(mut prefixes: BTreeSet<Address>, most: usize) -> BTreeSet<Address> {
    loop {
        prefixes = outermost(prefixes);
        if prefixes.len() <= most {
            return prefixes;
        }
        let mut folders: BTreeMap<Address, usize> = BTreeMap::new();
        for folder in prefixes.iter().filter_map(folder) {
            *folders.entry(folder).or_default() += 1;
        }
        // Where each folder has but one, the deepest lose the least.
        let Some(best) = folders.iter().map(|(folder, count)| (*count, depth(folder))).max() else {
            return prefixes;
        };
        let mut spare = prefixes.len() - most;
        for (folder, count) in folders {
            if spare > 0 && (count, depth(&folder)) == best {
                spare = spare.saturating_sub(count - 1);
                prefixes.insert(folder);
            }
        }
    }
}

/// Without those that another one covers.
fn outermost(prefixes: BTreeSet<Address>) -> BTreeSet<Address> {
    let is_covered = |address: &Address| {
        std::iter::successors(folder(address), folder).any(|folder| prefixes.contains(&folder))
    };
    prefixes.iter().filter(|address| !is_covered(address)).cloned().collect()
}

/// The folder that holds it, unless that is the whole site.
fn folder(address: &Address) -> Option<Address> {
    let (folder, _) = address.path.trim_end_matches('/').rsplit_once('/')?;
    (!folder.is_empty()).then(|| Address { site: address.site.clone(), path: folder.to_owned() })
}

fn depth(address: &Address) -> usize {
    address.path.matches('/').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses<'a>(paths: impl IntoIterator<Item = &'a str>) -> BTreeSet<Address> {
        paths.into_iter().map(|path| Address { site: String::new(), path: path.to_owned() }).collect()
    }

    fn shown(prefixes: &BTreeSet<Address>) -> Vec<&str> {
        prefixes.iter().map(|address| address.path.as_str()).collect()
    }

    #[test]
    fn the_fullest_folder_goes_first_and_a_whole_site_never() {
        let all = ["/a/1", "/a/2", "/a/3", "/b/1", "/b/2", "/c/d/1"];
        for (most, left) in [
            (6, vec!["/a/1", "/a/2", "/a/3", "/b/1", "/b/2", "/c/d/1"]),
            (5, vec!["/a", "/b/1", "/b/2", "/c/d/1"]),
            (4, vec!["/a", "/b/1", "/b/2", "/c/d/1"]),
            (3, vec!["/a", "/b", "/c/d/1"]),
            (1, vec!["/a", "/b", "/c"]),
        ] {
            assert_eq!(shown(&collapsed(addresses(all), most)), left, "{most}");
        }
        assert_eq!(shown(&collapsed(addresses(["/a", "/b"]), 1)), ["/a", "/b"]);
        assert_eq!(shown(&collapsed(addresses(["/a/b", "/a", "/a/b/c"]), 9)), ["/a"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(paths in prop::collection::btree_set("(/[ab]{1,2}){1,4}", 0..40), most in 1usize..10) {
            let before = addresses(paths.iter().map(String::as_str));
            let after = collapsed(before.clone(), most);
            for address in &before {
                let covered = std::iter::successors(Some(address.clone()), folder).any(|one| after.contains(&one));
                prop_assert!(covered, "{} by {:?}", address.path, shown(&after));
            }
            let top_level = after.iter().filter(|address| depth(address) == 1).count();
            prop_assert!(after.len() <= most.max(top_level), "{:?}", shown(&after));
        }
    }
}
