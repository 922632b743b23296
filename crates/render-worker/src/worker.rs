//! The life of a worker, told by itself.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::panic;
use std::process::ExitCode;

use plan::Plan;
use transform::{Derivative, Limits, Network, TransformError};

use crate::confinement::confine;
use crate::wire::{self, Hello, Job, Reply};

/// What a worker does with a job: [`transform::compose_with`], but for tests.
pub type Making = fn(&[&[u8]], Option<&Network>, &Plan, &Limits) -> Result<Derivative, TransformError>;

/// Makes derivatives until standard input ends; `memory` bytes may be allocated for them.
///
/// To be called before anything else in a process that has one thread: what is given up is given up by this thread.
pub fn serve(memory: u64, make: Making) -> ExitCode {
    // The panic's message goes to the parent with the answer; printing it would let strangers write our log.
    panic::set_hook(Box::new(|_| {}));
    match try_to_serve(memory, make) {
        Ok(()) => ExitCode::SUCCESS,
        // The parent is gone, or speaks another language; nobody is left to tell.
        Err(_) => ExitCode::FAILURE,
    }
}

fn try_to_serve(memory: u64, make: Making) -> io::Result<()> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    match confine(memory) {
        Ok(files) => wire::write(&mut output, &Hello::Confined(files), b"")?,
        Err(error) => return wire::write(&mut output, &Hello::Unconfined(error.to_string()), b""),
    }
    let mut network = None;
    while let Some((job, body)) = wire::read::<Job>(&mut input, usize::MAX)? {
        let (originals, model) = job.parts(&body).ok_or(io::ErrorKind::InvalidData)?;
        let ready = match job.model {
            Some(announced) => Network::read(model, announced.normalisation).map(|read| network = Some(read)),
            None => Ok(()),
        };
        let made = ready
            .map_err(TransformError::from)
            .and_then(|()| make(&originals, network.as_ref(), &job.plan, &job.limits));
        match made {
            Ok(Derivative { bytes, format, size }) => {
                wire::write(&mut output, &Reply::Made { format, size }, &bytes)?;
            }
            Err(error) => wire::write(&mut output, &Reply::Refused(error), b"")?,
        }
    }
    Ok(())
}
