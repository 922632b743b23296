//! Carries out one plan from the command line, to look at what comes out.
//!
//! `cargo run --release -p transform --example transform -- photo.jpg 'w=300&h=300&fit=crop&format=webp' out.webp`

use std::error::Error;
use std::time::Instant;

use plan::{FormatWish, Plan};
use transform::{Limits, header, transform};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, query, output] = arguments.as_slice() else {
        return Err("usage: transform INPUT 'w=&h=&fit=&format=&q=&dpr=' OUTPUT".into());
    };
    let original = std::fs::read(input)?;
    let limits = Limits::default();
    println!("{:?}", header(&original, &limits)?);
    let started = Instant::now();
    let derivative = transform(&original, &read(query)?, &limits)?;
    println!(
        "{} {} {} bytes in {:?}",
        derivative.format,
        derivative.size,
        derivative.bytes.len(),
        started.elapsed()
    );
    std::fs::write(output, derivative.bytes)?;
    Ok(())
}

fn read(query: &str) -> Result<Plan, Box<dyn Error>> {
    let mut plan = Plan::default();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').ok_or("a parameter needs a value")?;
        match name {
            "w" => plan.resize.width = Some(value.parse()?),
            "h" => plan.resize.height = Some(value.parse()?),
            "fit" => plan.resize.fit = value.parse()?,
            "dpr" => plan.resize.dpr = value.parse()?,
            "format" => plan.format = FormatWish::Exactly(value.parse()?),
            "q" => plan.quality = Some(value.parse()?),
            other => return Err(format!("unknown parameter {other:?}").into()),
        }
    }
    Ok(plan)
}
