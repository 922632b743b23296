//! Certificates that are made here, and handshakes between our server and a client.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::*;

/// Writes a self-signed certificate for `names`; gives what a client needs to trust it.
fn made(folder: &Path, file: &str, names: &[&str]) -> (CertificateFiles, Vec<u8>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let files = CertificateFiles {
        chain: folder.join(format!("{file}.crt")),
        key: folder.join(format!("{file}.key")),
    };
    fs::write(&files.chain, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.der().to_vec())
}

/// Which certificate a client gets that asks for `name`, and which protocol.
async fn shown(tls: &Tls, name: &str) -> (Vec<u8>, Option<Vec<u8>>) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let any = Arc::new(AnyCertificate::default());
    config.dangerous().set_certificate_verifier(Arc::clone(&any) as _);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let (server, client) =
        tokio::join!(tls.0.accept(far), TlsConnector::from(Arc::new(config)).connect(name, near));
    server.unwrap();
    let client = client.unwrap();
    let protocol = client.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let shown = any.shown.lock().unwrap().clone();
    (shown, protocol)
}

/// Believes every certificate, and remembers it.
#[derive(Debug, Default)]
struct AnyCertificate {
    shown: Mutex<Vec<u8>>,
}

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        *self.shown.lock().unwrap() = end_entity.to_vec();
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn a_client_gets_the_certificate_of_the_name_that_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let (first, first_der) = made(folder.path(), "first", &["a.example", "B.example"]);
    let (second, second_der) = made(folder.path(), "second", &["*.c.example", "x.b.example"]);
    let reload = Reload::start([first, second], []).unwrap();
    let tls = Tls::with(Arc::clone(&reload.certificates)).unwrap();
    for (name, expected) in [
        ("a.example", &first_der),
        ("A.EXAMPLE", &first_der),
        ("b.example", &first_der),
        ("x.b.example", &second_der),
        ("anything.c.example", &second_der),
        // What nobody has a certificate for.
        ("c.example", &first_der),
        ("two.labels.c.example", &first_der),
        ("elsewhere.example", &first_der),
        ("192.0.2.1", &first_der),
    ] {
        let (der, protocol) = shown(&tls, name).await;
        assert!(der == *expected, "{name}");
        assert_eq!(protocol.as_deref(), Some(&b"h2"[..]));
    }
}

#[tokio::test]
async fn certificates_follow_their_files_and_a_broken_one_leaves_its_predecessor() {
    let folder = tempfile::tempdir().unwrap();
    let (files, old) = made(folder.path(), "a", &["a.example"]);
    let (awaited, _) = made(folder.path(), "b", &["b.example"]);
    fs::remove_file(&awaited.chain).unwrap();
    let mut reload = Reload::start([files.clone()], [awaited]).unwrap();
    let tls = Tls::with(Arc::clone(&reload.certificates)).unwrap();
    assert!(shown(&tls, "a.example").await.0 == old);
    assert!(!reload.look());

    let key = fs::read(&files.key).unwrap();
    for broken in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        fs::write(&files.key, broken).unwrap();
        assert!(!reload.look());
    }
    fs::remove_file(&files.chain).unwrap();
    assert!(!reload.look());

    // The chain is there before its key, as it happens between two writes.
    let (_, new) = made(folder.path(), "a", &["a.example"]);
    let new_key = fs::read(&files.key).unwrap();
    fs::write(&files.key, &key).unwrap();
    assert!(!reload.look(), "the old key and the new chain are no pair");
    fs::write(&files.key, &new_key).unwrap();
    assert!(reload.look());
    reload.put_in_force();
    assert!(shown(&tls, "a.example").await.0 == new);

    let (_, later) = made(folder.path(), "b", &["b.example"]);
    assert!(reload.look());
    reload.put_in_force();
    assert!(shown(&tls, "b.example").await.0 == later);
    assert!(shown(&tls, "a.example").await.0 == new);
}

#[test]
fn a_file_that_is_no_certificate_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (good, _) = made(folder.path(), "good", &["a.example"]);
    let (other, _) = made(folder.path(), "other", &["a.example"]);
    let text = folder.path().join("text");
    fs::write(&text, "no PEM").unwrap();
    let missing = folder.path().join("missing");
    let files = |chain: &Path, key: &Path| CertificateFiles { chain: chain.to_owned(), key: key.to_owned() };
    for (files, expected) in [
        (files(&missing, &good.key), "missing cannot be read: No such file or directory (os error 2)"),
        (files(&text, &good.key), "text has no certificate in PEM format"),
        (files(&good.chain, &text), "text has no private key in PEM format"),
        (files(&good.key, &good.key), "good.key has no certificate in PEM format"),
        (
            files(&good.chain, &other.key),
            "the key in other.key does not go with the certificate in good.crt, or cannot be used: keys may not be \
             consistent: KeyMismatch",
        ),
    ] {
        let error = files.load().unwrap_err().to_string();
        let error = error.replace(&format!("{}/", folder.path().display()), "");
        assert_eq!(error, expected);
    }
}
