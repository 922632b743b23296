//! The `pentimento` dialect: `/{source}/{path}?preset=&w=&h=&fit=&…&format=&q=&dpr=`.
//!
//! Source and path come first, so that even a CDN that knows nothing but prefixes can purge an original or a folder.
//! Every parameter is a line of [`parameters::TABLE`], or of the tables of what is laid over a picture, which follow it;
//! what each does is in `docs/operations.md`. Beside them a URL may carry a [`signature`] in `kid`, `exp` and `s`.

mod parameters;
mod preset;

use plan::Plan;

use crate::query::Parameters;
use crate::{
    BadRequest, Delivery, Excerpt, OriginalPath, Parsed, PresetName, PresetWish, Request, Signature,
    SourceName, signature,
};

use self::parameters::{MARKS, Parameter, TABLE, TEXTS};

pub use self::preset::{PresetError, PresetParameters, with_preset};

/// In bytes, path and query together, as they were sent and in their canonical form.
pub const URL_LEN_MAX: usize = 2048;

const PRESET: &str = "preset";

const LAID_OVER: usize = MARKS.as_flattened().len() + TEXTS.as_flattened().len();

const NAMES: [&str; TABLE.len() + LAID_OVER + 4] = {
    let tables = [TABLE, MARKS.as_flattened(), TEXTS.as_flattened()];
    let mut names = [signature::KEY; TABLE.len() + LAID_OVER + 4];
    let (mut at, mut table) = (0, 0);
    while table < tables.len() {
        let mut line = 0;
        while line < tables[table].len() {
            names[at] = tables[table][line].name;
            line += 1;
            at += 1;
        }
        table += 1;
    }
    names[at + 1] = signature::EXPIRES;
    names[at + 2] = signature::MAC;
    names[at + 3] = PRESET;
    names
};

pub(crate) const PARAMETERS: &[&str] = &NAMES;

/// What the URL of `request` asks for.
pub fn parse(request: &Request<'_>) -> Result<Parsed, BadRequest> {
    let (source, path, parameters) = read(request)?;
    let signature = Signature::of(&source, &path, &parameters)?;
    let preset: Option<PresetName> =
        parameters.value(PRESET, PresetName::ALLOWED, |text| text.parse().ok())?;
    let accepted = || plan::accepted(request.accept);
    let preset = preset.map(|name| PresetWish { name, accepted: accepted() });
    let plan = match &preset {
        None => plan(&parameters, request.accept)?,
        // What one of them needs the preset may have.
        Some(_) => wished(&parameters, request.accept)?,
    };
    let delivery = Delivery { source, path, plan, preset };
    // What is sent plain and has to be encoded is longer there: nobody could ask for it by the name that it has with us.
    let canonical = canonical(&delivery);
    if canonical.len() > URL_LEN_MAX {
        return Err(BadRequest::CanonicalTooLong { len: canonical.len(), max: URL_LEN_MAX });
    }
    Ok(Parsed { delivery, canonical, signature })
}

/// The parts of a native URL, before its parameters are given a meaning.
pub(crate) fn read(request: &Request<'_>) -> Result<(SourceName, OriginalPath, Parameters), BadRequest> {
    let query = request.query.unwrap_or_default();
    let len = request.path.len() + request.query.map_or(0, |query| 1 + query.len());
    if len > URL_LEN_MAX {
        return Err(BadRequest::UrlTooLong { len, max: URL_LEN_MAX });
    }
    let (source, path) = request
        .path
        .strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .ok_or_else(|| BadRequest::NoOriginal { found: Excerpt::of(request.path) })?;
    Ok((source.parse()?, OriginalPath::decode(path)?, Parameters::read(query, PARAMETERS)?))
}

/// Every parameter, in the order of the canonical URL. Most pictures are neither marked nor written on, and need not
/// look for how.
fn table(marked: bool, written: bool) -> impl Iterator<Item = &'static Parameter> {
    let marks = if marked { MARKS.as_flattened() } else { &[] };
    let texts = if written { TEXTS.as_flattened() } else { &[] };
    TABLE.iter().chain(marks).chain(texts)
}

/// The part of the table in which parameters may have a line.
fn table_of(parameters: &Parameters) -> impl Iterator<Item = &'static Parameter> {
    let has = |stem: &str| parameters.iter().any(|(name, _)| name.starts_with(stem));
    table(has("mark"), has("txt"))
}

/// What the parameters say, each for itself.
fn wished(parameters: &Parameters, accept: Option<&str>) -> Result<Plan, BadRequest> {
    let mut plan = Plan::default();
    for parameter in table_of(parameters) {
        parameters
            .value(parameter.name, parameter.allowed, |text| (parameter.read)(text, accept, &mut plan))?;
    }
    Ok(plan)
}

fn plan(parameters: &Parameters, accept: Option<&str>) -> Result<Plan, BadRequest> {
    let plan = wished(parameters, accept)?;
    // A parameter that would do nothing is a mistake, and each that we let pass another URL for the same picture.
    for parameter in table_of(parameters).filter(|parameter| parameters.has(parameter.name)) {
        if let Some(needs) = &parameter.needs
            && !(needs.met)(&plan)
        {
            return Err(BadRequest::UselessParameter { name: parameter.name, needs: needs.what });
        }
    }
    Ok(plan)
}

/// The one URL, path and query, that stands for every spelling of this delivery; [`parse`] reads it back given the
/// same `Accept`.
pub fn canonical(delivery: &Delivery) -> String {
    let Delivery { source, path, plan, preset } = delivery;
    let mut url = format!("/{source}/{}", path.encode());
    let mut divider = '?';
    if let Some(PresetWish { name, .. }) = preset {
        url.push_str(&format!("{divider}{PRESET}={name}"));
        divider = '&';
    }
    // Without a first mark there is no second, nor a second text without a first, unless a preset has the first.
    let first = |is_there: bool| is_there || preset.is_some();
    let (marked, written) = (first(plan.marks[0].picture.is_some()), first(plan.texts[0].content.is_some()));
    for parameter in table(marked, written) {
        if let Some(value) = (parameter.write)(plan) {
            url.push_str(&format!("{divider}{}={value}", parameter.name));
            divider = '&';
        }
    }
    url
}

#[cfg(test)]
mod tests;
