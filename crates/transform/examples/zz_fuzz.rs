fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[1].parse().unwrap();
    let seed: u64 = a[2].parse().unwrap();
    let mut st = seed;
    let mut rn = |m: usize| {
        st ^= st << 13;
        st ^= st >> 7;
        st ^= st << 17;
        (st % m as u64) as usize
    };
    let files: Vec<Vec<u8>> = a[3..].iter().map(|f| std::fs::read(f).unwrap()).collect();
    let limits = transform::Limits { pixels: 4_000_000, ..Default::default() };
    let mut plan = plan::Plan::default();
    plan.resize.width = Some(9);
    plan.format = plan::FormatWish::Exactly(plan::Format::Jpeg);
    let mut ok = 0;
    let mut kinds = std::collections::BTreeMap::new();
    for i in 0..n {
        let f = &files[rn(files.len())];
        let mut m = f.clone();
        // mostly in the mdat
        let start = if rn(4) == 0 { 0 } else { m.windows(4).position(|w| w == b"mdat").unwrap_or(0) };
        let span = if rn(2) == 0 { (m.len() - start).min(40) } else { m.len() - start };
        for _ in 0..1 + rn(6) {
            let k = start + rn(span);
            m[k] = if rn(2) == 0 { rn(256) as u8 } else { m[k] ^ (1 << rn(8)) };
        }
        if i % 200 == 0 {
            std::fs::write("/tmp/tr/last_i", format!("{i}")).unwrap();
        }
        std::fs::write(format!("/tmp/tr/fuzz-{seed}.bin"), &m).unwrap();
        match transform::transform(&m, &plan, &limits) {
            Ok(_) => ok += 1,
            Err(e) => {
                *kinds.entry(format!("{e}").chars().take(70).collect::<String>()).or_insert(0) += 1;
            }
        }
    }
    println!("ok {ok}");
    let mut v: Vec<_> = kinds.into_iter().collect();
    v.sort_by_key(|x| std::cmp::Reverse(x.1));
    for (k, c) in v.into_iter().take(12) {
        println!("{c} {k}");
    }
}
