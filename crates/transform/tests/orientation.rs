//! Pictures that were stored lying or mirrored come out upright.

mod pictures;

use pictures::{Painting, assert_alike, made, photograph, psnr, resize, seen, seen_as, with_orientation};
use plan::{Crop, Fit, Format, FormatWish, Plan, Size};
use transform::{InputFormat, Limits, Orientation, header};

/// How a camera with this orientation would have stored the picture.
fn stored(upright: &Painting, value: u8) -> Painting {
    let (w, h) = (upright.width, upright.height);
    let (width, height) = if value >= 5 { (h, w) } else { (w, h) };
    Painting::new(width, height, |x, y| match value {
        2 => upright.at(w - 1 - x, y),
        3 => upright.at(w - 1 - x, h - 1 - y),
        4 => upright.at(x, h - 1 - y),
        5 => upright.at(y, x),
        6 => upright.at(w - 1 - y, x),
        7 => upright.at(w - 1 - y, h - 1 - x),
        8 => upright.at(y, h - 1 - x),
        _ => upright.at(x, y),
    })
}

#[test]
fn every_orientation_comes_out_upright_in_every_format_and_fit() {
    let upright = Painting::waves(160, 96);
    let straight = upright.original(InputFormat::Jpeg);
    for value in 1..=8 {
        let original = with_orientation(&stored(&upright, value).original(InputFormat::Jpeg), value);
        let header = header(&original, &Limits::default()).unwrap();
        assert_eq!(header.upright, Size::new(160, 96), "orientation {value}");
        for format in Format::ALL {
            for (width, height, fit) in
                [(80, 47, Fit::Crop), (71, 71, Fit::Fill), (61, 33, Fit::Scale), (51, 99, Fit::Clip)]
            {
                if format == Format::Avif && fit != Fit::Crop {
                    continue;
                }
                let mut plan = resize(Some(width), Some(height), fit);
                plan.format = FormatWish::Exactly(format);
                let derivative = made(&original, &plan);
                let expected = made(&straight, &plan);
                assert_eq!(derivative.size, expected.size, "orientation {value}, {format}, {fit}");
                let what = format!("orientation {value}, {format}, {fit}");
                assert_alike(&seen(&derivative.bytes), &seen(&expected.bytes), 30.0, &what);
            }
        }
    }
}

#[test]
fn the_orientation_is_not_passed_on() {
    let original = with_orientation(&Painting::waves(32, 16).original(InputFormat::Jpeg), 6);
    for format in Format::ALL {
        let derivative = made(&original, &Plan { format: FormatWish::Exactly(format), ..Plan::default() });
        let header = header(&derivative.bytes, &Limits::default()).unwrap();
        assert_eq!(
            (header.orientation, header.upright),
            (Orientation::UPRIGHT, Size::new(16, 32)),
            "{format}"
        );
    }
}

#[test]
fn nonsense_in_the_metadata_is_no_reason_to_refuse_a_picture() {
    let jpeg = Painting::waves(32, 16).original(InputFormat::Jpeg);
    for value in [0, 9, 255] {
        assert_eq!(seen(&with_orientation(&jpeg, value)), seen(&jpeg), "orientation {value}");
    }
    let mut broken = with_orientation(&jpeg, 6);
    // The offset of the first directory, far outside.
    broken[2 + 4 + 6 + 4] = 0xf0;
    assert_eq!(seen(&broken), seen(&jpeg));
}

#[test]
fn photographs_of_one_scene_agree_whichever_way_they_were_stored() {
    for scene in [
        &["Landscape_1.jpg", "Landscape_6.jpg", "Landscape_8.jpg"][..],
        &["Portrait_3.jpg", "Portrait_5.jpg", "Portrait_7.jpg"],
    ] {
        let plan = resize(Some(48), Some(48), Fit::Clip);
        let seen: Vec<Painting> = scene
            .iter()
            .filter_map(|name| photograph(name))
            .map(|original| seen_as(&original, &plan))
            .collect();
        let Some((first, others)) = seen.split_first() else { continue };
        let mirrored = stored(first, 2);
        let upside_down = stored(first, 3);
        for (other, name) in others.iter().zip(&scene[1..]) {
            assert_alike(first, other, 20.0, name);
            assert!(psnr(&mirrored, other) < 17.0 && psnr(&upside_down, other) < 17.0, "{name} is no test");
        }
    }
}

#[test]
fn the_part_with_most_detail_is_found_whichever_way_a_picture_is_stored() {
    // Even, but for waves at the right.
    let waves = Painting::waves(240, 80);
    let painting =
        Painting::new(
            240,
            80,
            |x, y| {
                if (150..220).contains(&x) { waves.at(x, y) } else { [120, 130, 140, 255] }
            },
        );
    let jpeg = painting.original(InputFormat::Jpeg);
    let mut plan = resize(Some(40), Some(40), Fit::Crop);
    plan.resize.crop = Crop::Entropy;
    let upright = seen_as(&jpeg, &plan);
    let cut = Plan { cut: "150,0,70,80".parse().ok(), ..resize(Some(35), Some(40), Fit::Scale) };
    let inside = seen_as(&jpeg, &cut);
    let detail = |painting: &Painting| {
        let pairs = painting.pixels.windows(2);
        pairs.map(|pair| f64::from(pair[0][1].abs_diff(pair[1][1]))).sum::<f64>()
    };
    assert!(detail(&upright) > 0.8 * detail(&inside), "{} of {}", detail(&upright), detail(&inside));
    for value in 2..=8 {
        // What is stored in another way, and turned upright by its metadata, is the same picture.
        let original = with_orientation(&stored(&painting, value).original(InputFormat::Jpeg), value);
        assert_alike(&seen_as(&original, &plan), &upright, 24.0, &format!("orientation {value}"));
    }
}
