//! A page with every documented operation on real photographs, to be looked at: `make goldens`.
//!
//! `contact_sheet FOLDER PHOTOGRAPH ...`; without photographs, on a painted landscape.

#[path = "../tests/documented/mod.rs"]
mod documented;
#[path = "../tests/pictures/mod.rs"]
mod pictures;

use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use transform::Limits;

use crate::pictures::Painting;

/// The width of a picture for which the example asks for none.
const WIDTH: u32 = 360;
/// Examples name sizes that suit a thumbnail; with this ratio they suit an eye.
const RATIO: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: contact_sheet FOLDER [PHOTOGRAPH ...]")?;
    fs::create_dir_all(&folder)?;
    let mut originals = Vec::new();
    for path in arguments {
        originals.push(fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    if originals.is_empty() {
        originals.push(Painting::landscape().png());
    }
    let portrait = Painting::portrait().png();
    let mut page = String::from(
        "<!doctype html><meta charset=utf-8><title>Operations</title><style>body{font:12px monospace;background:#888}\
         div{display:inline-block;margin:4px;vertical-align:top;max-width:260px}img{max-width:256px;max-height:200px;\
         display:block;background:repeating-conic-gradient(#bbb 0 25%,#999 0 50%) 0 0/16px 16px}</style>\n",
    );
    for (number, query) in documented::pictures().iter().enumerate() {
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        let scaled = match (has("w") || has("h"), has("dpr")) {
            (true, false) => format!("{query}&dpr={RATIO}"),
            (true, true) => query.clone(),
            (false, _) => format!("{query}&w={WIDTH}"),
        };
        let plan = documented::plan(&scaled);
        // Photographs of landscapes have none.
        let original = if plan.looks_for_faces() { &portrait } else { &originals[number % originals.len()] };
        let others = pictures::others(&plan);
        let originals: Vec<&[u8]> = std::iter::once(original).chain(&others).map(Vec::as_slice).collect();
        let name =
            match transform::compose(&originals, &plan, &Limits { output_side: 16_384, ..Limits::default() })
            {
                Ok(made) => {
                    let name = format!("{number}.{}", made.format);
                    fs::write(folder.join(&name), made.bytes)?;
                    name
                }
                Err(error) => return Err(format!("{scaled}: {error}").into()),
            };
        writeln!(page, "<div><img src={name}>?{}</div>", scaled.replace('&', "&amp;"))?;
    }
    fs::write(folder.join("index.html"), page)?;
    println!("{}", folder.join("index.html").display());
    Ok(())
}
