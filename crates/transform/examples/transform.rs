//! Carries out one plan from the command line, to look at what comes out.
//!
//! `cargo run --release -p transform --example transform -- photo.jpg 'w=300&h=300&fit=crop&format=webp' out.webp`

use std::error::Error;
use std::time::Instant;

use dialect::{Request, native};
use transform::{Limits, header, transform};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, query, output] = arguments.as_slice() else {
        return Err("usage: transform INPUT 'w=300&format=webp' OUTPUT".into());
    };
    let original = std::fs::read(input)?;
    let request = Request { path: "/from/here", query: Some(query), accept: None };
    let plan = native::parse(&request)?.delivery.plan;
    let limits = Limits::default();
    println!("{:?}", header(&original, &limits)?);
    let started = Instant::now();
    let derivative = transform(&original, &plan, &limits)?;
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
