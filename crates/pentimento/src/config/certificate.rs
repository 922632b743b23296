//! `[[certificate]]`: a certificate in files.

use listener::tls::CertificateFiles;

use super::section::Section;
use super::writer::Writer;

/// It was there and could be used when the configuration was read.
pub(super) fn read(section: &mut Section) -> Option<CertificateFiles> {
    if !section.is_set("chain") {
        let message = "a certificate needs `chain`, the PEM file with it and those that vouch for it";
        section.complain("chain", message.to_owned());
    }
    let (chain, key) = (section.text("chain"), section.text("key"));
    let chain = chain?;
    let key = key.unwrap_or_else(|| chain.clone());
    let files = CertificateFiles { chain: chain.into(), key: key.into() };
    match files.load() {
        Ok(_) => Some(files),
        Err(error) => {
            section.complain("chain", format!("`certificate`: {error}"));
            None
        }
    }
}

pub(super) fn write(files: &CertificateFiles, out: &mut Writer) {
    out.section("[[certificate]]");
    out.text("chain", files.chain.display());
    out.text("key", files.key.display());
    if let Ok(certificate) = files.load() {
        let names =
            if certificate.names.is_empty() { "no name".to_owned() } else { certificate.names.join(", ") };
        let end = httpdate::fmt_http_date(certificate.not_after);
        let state = if certificate.not_after < std::time::SystemTime::now() { "EXPIRED" } else { "good" };
        out.note(&format!("for {names}; {state} until {end}"));
    }
}
