fn main() {
    let dir = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let t = std::time::Instant::now();
    let g = demo::Gallery::in_folder(&dir);
    println!("{:?}", g.prepare().unwrap());
    println!("{:?}", t.elapsed());
    for p in ["cat.jpg", "still-life.webp", "badge.png"] {
        let t = std::time::Instant::now();
        println!("{:?} {:?}", g.edit(p).unwrap(), t.elapsed());
    }
}
