//! What somebody may have meant by a word that we do not know.

/// The known word that is most like `found`, if one is like it at all.
pub(super) fn suggestion<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    // Words much longer than any of ours are not compared: the work grows with the product of the lengths.
    const LEN_MAX: usize = 64;
    if found.len() > LEN_MAX {
        return None;
    }
    let near = known
        .iter()
        .map(|word| (distance(found, word), *word))
        .filter(|(distance, word)| *distance <= 1.max(found.len().min(word.len()) / 3))
        .min();
    // `url` for `base_url`: half of the name is a hint too.
    let part = || known.iter().find(|word| found.len() >= 3 && word.contains(found)).copied();
    near.map(|(_, word)| word).or_else(part)
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour to make one word the other.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
            if swapped {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_a_guess_is_not_made() {
        let known = ["memory", "disk", "disk_files", "base_url", "stale_if_error"];
        for (found, meant) in [
            ("memroy", Some("memory")),
            ("Memory", Some("memory")),
            ("disc", Some("disk")),
            ("disk-files", Some("disk_files")),
            ("baseurl", Some("base_url")),
            ("url", Some("base_url")),
            ("stale-if-error", Some("stale_if_error")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(suggestion(found, &known), meant, "{found}");
        }
    }

    proptest! {
        #[test]
        fn the_distance_is_one_of_a_space(a in "[a-d]{0,6}", b in "[a-d]{0,6}") {
            prop_assert_eq!(distance(&a, &a), 0);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
        }
    }
}
