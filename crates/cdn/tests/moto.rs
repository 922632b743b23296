//! The driver for CloudFront against somebody else's idea of CloudFront: moto's server, which checks signatures as Amazon's own
//! library for Python makes them, and knows who may do what. It has neither limits nor a memory for references: those are in
//! our own fake.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cdn::{Address, Call, CallError, Context, Driver, Targets, VendorName, VendorSettings};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use origin::{Client, FetchLimits};
use tempfile::TempDir;
use testkit::{Installed, free_port};

struct Moto {
    server: Installed,
    client: Client,
    _folder: TempDir,
}

impl Moto {
    /// `None` where it is not installed.
    async fn start() -> Option<Self> {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/moto/bin");
        let program = tools.join("moto_server");
        if !program.exists() {
            return None;
        }
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(tools.join("python3"));
        command.arg(program).args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        command.stderr(File::create(folder.path().join("log")).unwrap());
        let server = Installed::listening(&mut command, port).await;
        Some(Self { server, client: Client::new(), _folder: folder })
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// As somebody whom it does not check yet.
    async fn ask(&self, method: Method, path: &str, service: &str, body: &str) -> (u16, String) {
        // By which it also guesses what is spoken to it.
        let kind = if service == "iam" { "application/x-www-form-urlencoded" } else { "text/xml" };
        let scope = format!("Credential=AKIA/20260101/us-east-1/{service}/aws4_request");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.server.address.to_string())
            .header(
                header::AUTHORIZATION,
                format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
            )
            .header(header::CONTENT_TYPE, kind)
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        let limits = FetchLimits { total: Duration::from_secs(30), ..FetchLimits::default() };
        let answer = self.client.forward(&self.url().parse().unwrap(), true, &limits, request).await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&text).into_owned())
    }

    /// After how many further requests it looks at signatures and policies.
    async fn checks(&self, after: &str) {
        let (status, text) = self.ask(Method::POST, "/moto-api/reset-auth", "moto", after).await;
        assert_eq!(status, 200, "{text}");
    }

    async fn iam(&self, wish: &str) -> String {
        let (status, text) = self.ask(Method::POST, "/", "iam", &format!("{wish}&Version=2010-05-08")).await;
        assert_eq!(status, 200, "{wish}: {text}");
        text
    }

    /// A user who may do these, with access key and secret.
    async fn user(&self, name: &str, actions: &str) -> (String, String) {
        self.iam(&format!("Action=CreateUser&UserName={name}")).await;
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#
        );
        let policy: String = url::form_urlencoded::byte_serialize(policy.as_bytes()).collect();
        self.iam(&format!("Action=PutUserPolicy&UserName={name}&PolicyName=p&PolicyDocument={policy}")).await;
        let made = self.iam(&format!("Action=CreateAccessKey&UserName={name}")).await;
        (text_of(&made, "AccessKeyId"), text_of(&made, "SecretAccessKey"))
    }

    async fn distribution(&self) -> String {
        let config = "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
            <CallerReference>one</CallerReference><Comment></Comment><Enabled>true</Enabled>\
            <Origins><Quantity>1</Quantity><Items><Origin><Id>o</Id><DomainName>img.test</DomainName>\
            <CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort>\
            <OriginProtocolPolicy>https-only</OriginProtocolPolicy></CustomOriginConfig></Origin></Items></Origins>\
            <DefaultCacheBehavior><TargetOriginId>o</TargetOriginId>\
            <ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy></DefaultCacheBehavior></DistributionConfig>";
        let (status, text) = self.ask(Method::POST, "/2020-05-31/distribution", "cloudfront", config).await;
        assert_eq!(status, 201, "{text}");
        text_of(&text, "Id")
    }

    fn driver(&self, distribution: &str, (key, secret): &(String, String)) -> Driver {
        let own = BTreeMap::from([("distribution", distribution.to_owned()), ("access_key", key.clone())]);
        let api = self.url().parse().ok();
        let settings = VendorSettings { api, own, secret: Some(secret.clone()), ..VendorSettings::default() };
        Driver::new(VendorName::CloudFront, &settings, self.client.clone()).unwrap()
    }
}

fn text_of(xml: &str, element: &str) -> String {
    let begin = xml.split_once(&format!("<{element}>")).unwrap_or_else(|| panic!("no {element} in {xml}")).1;
    begin.split_once("</").unwrap().0.to_owned()
}

/// Of a call of this number, now.
fn context(number: usize) -> Context {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    Context { reference: format!("pentimento-{number}"), now, nonce: String::new() }
}

fn at(path: &str) -> Address {
    Address { site: "https://img.test".to_owned(), path: path.to_owned() }
}

#[tokio::test]
async fn invalidations_are_signed_so_that_somebody_else_believes_them_and_their_state_is_read() {
    let Some(moto) = Moto::start().await else {
        let words = "moto is not installed: this test has tested nothing (scripts/setup-tests)\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
        return;
    };
    let distribution = moto.distribution().await;
    let may = r#""cloudfront:CreateInvalidation","cloudfront:GetInvalidation""#;
    let pentimento = moto.user("pentimento", may).await;
    let another = moto.user("another", r#""cloudfront:GetInvalidation""#).await;
    moto.checks("0").await;

    let driver = moto.driver(&distribution, &pentimento);
    let call = |targets| Call { targets, soft: false };
    let mut handles = Vec::new();
    for targets in [
        Targets::Urls(vec![at("/demo/cat.jpg?w=300&format=png"), at("/demo/a%20b.jpg")]),
        Targets::Paths(vec![at("/demo/cat.jpg")]),
        Targets::Prefixes(vec![at("/demo/<harbour> & more/")]),
        Targets::Tags(vec!["0123456789abcdef".to_owned()]),
        Targets::All,
    ] {
        let accepted = driver.send(&call(targets.clone()), &context(handles.len())).await;
        let accepted = accepted.unwrap_or_else(|error| panic!("{targets:?}: {error}"));
        assert!(accepted.completed, "nothing takes time there");
        handles.push(accepted.handle.expect("an id"));
    }

    let all = call(Targets::All);
    let wrong = (pentimento.0.clone(), "not-the-secret-of-this-key".to_owned());
    let unknown = ("AKIANOBODY".to_owned(), pentimento.1.clone());
    for (who, credentials) in
        [("a wrong secret", &wrong), ("an unknown key", &unknown), ("no right", &another)]
    {
        let refused = moto.driver(&distribution, credentials).send(&all, &context(9)).await;
        assert!(matches!(refused, Err(CallError::Credentials { .. })), "{who}: {refused:?}");
    }
    let nowhere = moto.driver("E0000000000000", &pentimento).send(&all, &context(9)).await;
    assert!(
        nowhere.as_ref().is_err_and(|error| error.to_string().contains("NoSuchDistribution")),
        "{nowhere:?}"
    );

    // What it has noted. It takes the names in a path for a body when it checks the signature of a GET, so that none fits.
    moto.checks("inf").await;
    for handle in &handles {
        assert!(driver.has_completed(handle, &context(9)).await.expect("its state"));
    }
    let unheard = driver.has_completed("I0000000000000", &context(9)).await;
    assert!(
        unheard.as_ref().is_err_and(|error| error.to_string().contains("NoSuchInvalidation")),
        "{unheard:?}"
    );
    let path = format!("/2020-05-31/distribution/{distribution}/invalidation");
    let (_, listed) = moto.ask(Method::GET, &path, "cloudfront", "").await;
    assert_eq!(listed.matches("<InvalidationSummary>").count(), handles.len(), "{listed}");
    assert!(handles.iter().all(|handle| listed.contains(handle.as_str())), "{listed}");
    let (_, prefix) = moto.ask(Method::GET, &format!("{path}/{}", handles[2]), "cloudfront", "").await;
    assert_eq!(text_of(&prefix, "CallerReference"), "pentimento-2");
    assert_eq!(text_of(&prefix, "Path"), "/demo/&lt;harbour&gt; &amp; more/*");
}
