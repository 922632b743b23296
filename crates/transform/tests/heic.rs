//! HEIC in: of every layout, turned, cut, in tiles, with alpha, broken; and what a build without it says.

mod pictures;

#[cfg(not(feature = "heic"))]
#[test]
fn a_build_without_heic_says_so() {
    use pictures::fixture;
    use plan::Plan;
    for name in ["420-8-full-601.heic", "grid.heic", "sequence.heic"] {
        let error = pictures::transform(&fixture(name), &Plan::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the original is HEIC, which this build does not read; one with the feature heic does",
            "{name}"
        );
    }
}

#[cfg(feature = "heic")]
mod built {
    use super::pictures::{
        self, Dice, Painting, assert_alike, assert_quarters, assert_refused_cut_short,
        assert_tiles_put_together, fixture, made, resize, seen, to, with_bytes,
    };
    use plan::{ColourSpace, Description, Fit, Format, FormatWish, Metadata, Plan, Size};
    use transform::{InputFormat, Limits, Orientation, TransformError, header, memory_needed, sniff};

    const ALL: [&str; 16] = [
        "420-8-full-601",
        "420-10-limited-709",
        "420-12-full-601",
        "420-8-limited-2020",
        "400-8",
        "alpha",
        "alpha-premultiplied-10",
        "turned-left",
        "turned-left-then-mirrored",
        "upside-down-mirror",
        "display-p3",
        "sequence",
        "grid",
        "grid-alpha",
        "grid-display-p3",
        "described",
    ];

    fn heic(name: &str) -> Vec<u8> {
        fixture(&format!("{name}.heic"))
    }

    fn refused(original: &[u8]) -> TransformError {
        pictures::transform(original, &Plan::default()).unwrap_err()
    }

    #[test]
    fn every_depth_is_read() {
        for name in
            ["420-8-full-601", "420-10-limited-709", "420-12-full-601", "420-8-limited-2020", "sequence"]
        {
            assert_quarters(&seen(&heic(name)), 10, name);
        }
        let grey = seen(&heic("400-8"));
        for (x, y, luma) in [(5, 3, 54u8), (18, 3, 182), (5, 12, 18), (18, 12, 255)] {
            let found = grey.at(x, y);
            assert!(found[..3].iter().all(|value| value.abs_diff(luma) <= 3), "at {x},{y}: {found:?}");
        }
    }

    #[test]
    fn chroma_of_another_layout_is_refused_by_name() {
        for (name, what) in [("422-10", "chroma at 4:2:2"), ("444-8-identity", "chroma at 4:4:4")] {
            let error = refused(&heic(name));
            assert_eq!(error.to_string(), format!("the HEIC original uses {what}, which is not supported"));
        }
    }

    #[test]
    fn it_becomes_every_other_format() {
        let quarters = Painting::quarters();
        for format in Format::ALL {
            let derivative = made(&heic("420-12-full-601"), &to(format));
            assert_eq!(sniff(&derivative.bytes).and_then(InputFormat::as_output), Some(format));
            assert_alike(&seen(&derivative.bytes), &quarters, 22.0, &format!("HEIC to {format}"));
        }
        // What cannot be written as it is becomes what any other photograph would.
        assert_eq!(made(&heic("420-8-full-601"), &Plan::default()).format, Format::Jpeg);
        assert_eq!(made(&heic("alpha"), &Plan::default()).format, Format::Png);
        assert_eq!(made(&heic("grid"), &resize(Some(50), None, Fit::Clip)).size, Size::new(50, 50));
    }

    #[test]
    fn colours_that_the_container_does_not_name_are_those_of_the_stream() {
        for name in ["420-12-full-601", "420-8-limited-2020", "420-10-limited-709"] {
            let named = heic(name);
            let unnamed = with_bytes(&named, b"colr", b"free");
            assert_eq!(seen(&unnamed), seen(&named), "{name}");
        }
    }

    #[test]
    fn colours_that_are_named_by_number_have_a_profile_where_one_is_kept() {
        let profile = |original: &[u8]| {
            let metadata = Metadata { colour_space: ColourSpace::Original, ..Metadata::default() };
            let bytes = made(original, &Plan { metadata, ..to(Format::Jpeg) }).bytes;
            bytes.windows(11).any(|window| window == b"ICC_PROFILE")
        };
        assert!(profile(&heic("display-p3")) && !profile(&heic("420-8-full-601")));
        assert!(profile(&heic("grid-display-p3")) && !profile(&heic("grid")));
        // Telephones say it of the tiles alone: of what they make up, its third property is another here.
        let of_tiles = with_bytes(&heic("grid-display-p3"), &[0, 1, 3, 1, 0x85, 3], &[0, 1, 3, 1, 0x85, 5]);
        assert!(profile(&of_tiles));
    }

    #[test]
    fn alpha_is_read_of_a_picture_and_of_its_tiles() {
        for (name, grid) in [("alpha", false), ("alpha-premultiplied-10", false), ("grid-alpha", true)] {
            assert!(header(&heic(name), &Limits::default()).unwrap().alpha, "{name}");
            let seen = seen(&heic(name));
            let (right, below) = (seen.width - 6, seen.height - 4);
            let above = if grid { 128 } else { 255 };
            for (x, y, expected) in [
                (5, 3, [255, 0, 0, above]),
                (right, 3, [0, 255, 0, above]),
                (5, below, [0, 0, 255, 128]),
                (right, below, [255, 255, 255, 128]),
            ] {
                let found = seen.at(x, y);
                let off = found.iter().zip(expected).map(|(one, other)| one.abs_diff(other)).max();
                assert!(off <= Some(12), "{name} at {x},{y}: {found:?} instead of {expected:?}");
            }
        }
        // An alpha that not all of the tiles have is not guessed.
        let error = refused(&with_bytes(&heic("grid-alpha"), b"auxl\0\x09", b"free\0\x09"));
        assert_eq!(
            error.to_string(),
            "the HEIC original uses alpha of some of its tiles, which is not supported"
        );
    }

    #[test]
    fn a_picture_is_turned_and_mirrored_as_its_properties_say() {
        let quarters = Painting::quarters();
        let turned = |name: &str| {
            let header = header(&heic(name), &Limits::default()).unwrap();
            let seen = seen(&heic(name));
            assert_eq!((seen.width, seen.height), (header.upright.width, header.upright.height), "{name}");
            seen
        };
        // To the left, a pixel comes from the right edge.
        let left = Painting::new(16, 24, |x, y| quarters.at(23 - y, x));
        let mirrored = Painting::new(16, 24, |x, y| left.at(15 - x, y));
        let upside_down = Painting::new(24, 16, |x, y| quarters.at(x, 15 - y));
        assert_alike(&turned("turned-left"), &left, 22.0, "turned left");
        assert_alike(&turned("turned-left-then-mirrored"), &mirrored, 22.0, "then mirrored");
        assert_alike(&turned("upside-down-mirror"), &upside_down, 22.0, "mirrored upside down");
    }

    #[test]
    fn of_what_metadata_and_properties_say_of_its_orientation_the_latter_holds() {
        let half_turned = heic("described");
        let as_stored = with_bytes(&half_turned, b"irot\x02", b"irot\x00");
        let orientation = |original: &[u8]| header(original, &Limits::default()).unwrap().orientation;
        assert_eq!(orientation(&as_stored), Orientation::UPRIGHT);
        assert_ne!(orientation(&half_turned), Orientation::UPRIGHT);
        assert_quarters(&seen(&as_stored), 10, "as stored");
        let stored = seen(&as_stored);
        let turned = Painting::new(24, 16, |x, y| stored.at(23 - x, 15 - y));
        assert_eq!(seen(&half_turned), turned);
    }

    #[test]
    fn who_made_it_is_told_and_kept_on_wish() {
        let format = FormatWish::Described(Description::Info);
        let told = made(&heic("described"), &Plan { format, ..Plan::default() });
        let info: serde_json::Value = serde_json::from_slice(&told.bytes).unwrap();
        let fact = |name: &str| info["original"][name].clone();
        assert_eq!((fact("format"), fact("media_type")), ("heic".into(), "image/heic".into()));
        assert_eq!((fact("creator"), fact("copyright")), ("Zoe".into(), "(c) 2026 Zoe, ok".into()));
        assert_eq!(info["original"]["photograph"]["make"], "Ours");
        assert_eq!((fact("width"), fact("height"), fact("frames")), (24.into(), 16.into(), 1.into()));
        let holds = |metadata: Metadata, what: &[u8]| {
            let made = made(&heic("described"), &Plan { metadata, ..to(Format::Jpeg) }).bytes;
            made.windows(what.len()).any(|window| window == what)
        };
        let wished = Metadata { copyright: true, ..Metadata::default() };
        assert!(holds(wished, b"(c) 2026 Zoe, ok") && !holds(wished, b"Ours"));
        assert!(!holds(Metadata::default(), b"Zoe"));
    }

    #[test]
    fn tiles_are_put_together_and_what_reaches_beyond_is_cut_off() {
        let header = assert_tiles_put_together(&heic("grid"), 255, "grid");
        assert_eq!(header.format, InputFormat::Heic);
    }

    #[test]
    fn a_picture_that_is_cut_short_is_refused() {
        // Of these, what comes last does not belong to the picture.
        for name in ALL.into_iter().filter(|name| !["sequence", "described"].contains(name)) {
            let original = heic(name);
            for keep in 0..original.len() {
                assert_refused_cut_short(&original, keep, name);
            }
        }
        let whole = heic("420-8-full-601");
        assert_eq!(
            refused(&whole[..whole.len() - 1]),
            TransformError::Truncated { format: InputFormat::Heic }
        );
    }

    #[test]
    fn a_header_that_claims_too_much_or_lies_is_believed_by_nobody() {
        let sized = |side: u32| {
            let size = [side.to_be_bytes(), side.to_be_bytes()].concat();
            with_bytes(&heic("420-8-full-601"), &[0, 0, 0, 64, 0, 0, 0, 64], &size)
        };
        let error = refused(&sized(60_000));
        assert!(matches!(error, TransformError::TooManyPixels { limit: 100_000_000, .. }), "{error}");
        assert_eq!(header(&sized(60_000), &Limits::default()).unwrap_err(), error);
        for side in [8, 63, 65, 8000] {
            assert_eq!(
                refused(&with_bytes(&sized(side), b"clap", b"pasp")).to_string(),
                "the HEIC original is corrupt: the picture has not the size that its header says",
                "{side}"
            );
        }
    }

    #[test]
    fn what_is_in_the_same_container_and_no_hevc_is_refused_by_name() {
        for (name, kind, what) in [
            ("420-8-full-601", b"hvc1", "a picture that is not HEVC"),
            ("grid", b"hvc1", "a tile that is not HEVC"),
            ("grid", b"grid", "a picture that is not HEVC"),
        ] {
            let error = refused(&with_bytes(&heic(name), kind, b"jpeg"));
            assert_eq!(error.to_string(), format!("the HEIC original uses {what}, which is not supported"));
        }
        let unknown = refused(&with_bytes(&heic("420-8-full-601"), b"clap", b"crop"));
        assert!(unknown.to_string().contains("a property that is not known here"), "{unknown}");
        let lost = refused(&with_bytes(&heic("420-8-full-601"), b"hvcC", b"free"));
        assert!(lost.to_string().contains("how a picture is coded is not said"), "{lost}");
    }

    #[test]
    fn no_more_memory_is_asked_for_than_was_announced() {
        let plan = to(Format::Jpeg);
        let needed = |name: &str| memory_needed(&[&heic(name)], &plan, &Limits::default());
        // By the pixels of what is decoded, not of what is seen.
        assert!(needed("grid") - needed("420-8-full-601") >= (128 * 128 - 64 * 64) * 13);
    }

    /// Bytes changed at random, half of the time in the header: every outcome but a panic is fine.
    #[test]
    fn mutated_files_never_panic() {
        let mut dice = Dice(0x4845_4943);
        let originals: Vec<Vec<u8>> = ALL.iter().map(|name| heic(name)).collect();
        let rounds = std::env::var("MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300);
        let limits = Limits { pixels: 1_000_000, ..Limits::default() };
        let plan = resize(Some(9), Some(7), Fit::Crop);
        let mut survived = 0;
        for round in 0..rounds {
            for original in &originals {
                let mut mutated = original.clone();
                let media = mutated.windows(4).position(|four| four == b"mdat").unwrap_or(0);
                for _ in 0..1 + round % 7 {
                    let at = match round % 3 {
                        0 => dice.below(media),
                        1 => media + dice.below(mutated.len() - media),
                        _ => dice.below(mutated.len()),
                    };
                    mutated[at] = dice.below(256) as u8;
                }
                match transform::transform(&mutated, &plan, &limits) {
                    Err(TransformError::Panicked { why }) => {
                        panic!("{why}, on {}", mutated.escape_ascii());
                    }
                    Ok(_) => survived += 1,
                    Err(_) => {}
                }
            }
        }
        assert!(survived > 0, "mutations that break everything test nothing");
    }
}
