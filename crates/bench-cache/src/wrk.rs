//! The client, wrk: 32 connections that ask as fast as they are answered.

use std::fs;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::contender::Subject;
use crate::process::{Core, pinned, program};
use crate::scenario::Scenario;
use crate::upstream::ETAG;

pub const CONNECTIONS: u32 = 32;

/// What wrk has seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub requests: u64,
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
}

pub fn run(subject: &Subject, duration: Duration) -> anyhow::Result<Seen> {
    let mut command = pinned(Core::Client, program("wrk")?);
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{}s", duration.as_secs()), "--latency"]);
    command.args(["--timeout", "10s", "-H", "Host: bench.example"]);
    if subject.scenario == Scenario::NotModified {
        command.args(["-H", &format!("If-None-Match: {ETAG}")]);
    }
    let script = tempfile::Builder::new().suffix(".lua").tempfile()?;
    if subject.scenario.keys() > 1 {
        let path = subject.scenario.path(0);
        let folder = path.trim_end_matches('0');
        let keys = subject.scenario.keys();
        let lua = format!(
            "request = function() return wrk.format(nil, \"{folder}\" .. math.random(0, {})) end\n",
            keys - 1
        );
        fs::write(script.path(), lua)?;
        command.arg("-s").arg(script.path());
    }
    let scheme = if subject.scenario == Scenario::Tls20 { "https" } else { "http" };
    command.arg(format!("{scheme}://{}{}", subject.address, subject.scenario.path(0)));
    let output = command.output().context("cannot run wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    parse(&text).with_context(|| format!("{} in {}", subject.who, subject.scenario.name()))
}

fn parse(text: &str) -> anyhow::Result<Seen> {
    for line in text.lines().map(str::trim) {
        if line.starts_with("Non-2xx") || line.starts_with("Socket errors") {
            bail!("not all went well: {line}");
        }
    }
    let after = |label: &str| {
        let found = text.lines().find_map(|line| line.trim().strip_prefix(label));
        found.map(str::trim).with_context(|| format!("wrk does not say {label:?}:\n{text}"))
    };
    let requests = text
        .lines()
        .find_map(|line| line.split_once(" requests in ").map(|(number, _)| number.trim()))
        .with_context(|| format!("wrk does not say how many requests:\n{text}"))?;
    Ok(Seen {
        requests: requests.parse()?,
        per_second: after("Requests/sec:")?.parse()?,
        p50: duration(after("50%")?)?,
        p99: duration(after("99%")?)?,
    })
}

/// As in `1.23ms`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let unit = text.find(|symbol: char| symbol.is_ascii_alphabetic()).context("a duration has a unit")?;
    let seconds = match &text[unit..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        other => bail!("{other} is no unit of time"),
    };
    Ok(Duration::try_from_secs_f64(text[..unit].parse::<f64>()? * seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Running 5s test @ http://127.0.0.1:8080/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   614.57us  396.93us   8.02ms   93.83%
    Req/Sec    54.31k     3.90k   61.03k    72.00%
  Latency Distribution
     50%  546.00us
     75%  632.00us
     90%    0.86ms
     99%    2.36ms
  270292 requests in 5.00s, 5.32GB read
Requests/sec:  54040.71
Transfer/sec:      1.06GB
";

    #[test]
    fn what_wrk_says_is_understood() {
        let seen = parse(SAID).unwrap();
        assert_eq!((seen.requests, seen.per_second), (270_292, 54_040.71));
        assert_eq!((seen.p50, seen.p99), (Duration::from_micros(546), Duration::from_micros(2360)));
    }

    #[test]
    fn an_answer_that_went_wrong_spoils_the_measurement() {
        for trouble in
            ["  Non-2xx or 3xx responses: 3\n", "  Socket errors: connect 0, read 1, write 0, timeout 0\n"]
        {
            let error = parse(&format!("{SAID}{trouble}")).unwrap_err().to_string();
            assert!(error.contains(trouble.trim()), "{error}");
        }
        assert!(parse("").is_err());
    }
}
