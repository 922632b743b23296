//! What is asked of the contenders.

use anyhow::bail;

/// One way to hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// 20 KB from memory.
    Memory20,
    /// The same over TLS 1.3, HTTP/1.1.
    Tls20,
    /// 20 KB from memory, and every contender writes an access log to a file.
    Logged20,
    /// 200 KB from memory.
    Memory200,
    /// The client has it: `If-None-Match`.
    NotModified,
    /// 20 KB of [`Scenario::KEYS`] that are stored on disk. The kernel has them in its page cache, as it would what is
    /// often asked for; a disk that turns is not measured.
    Disk20,
}

impl Scenario {
    pub const ALL: [Scenario; 6] = [
        Scenario::Memory20,
        Scenario::Tls20,
        Scenario::Logged20,
        Scenario::Memory200,
        Scenario::NotModified,
        Scenario::Disk20,
    ];

    /// Different URLs on disk: forty times what our memory tier has room for there.
    pub const KEYS: usize = 2000;

    pub fn name(self) -> &'static str {
        match self {
            Scenario::Memory20 => "20k",
            Scenario::Tls20 => "20k-tls",
            Scenario::Logged20 => "20k-logged",
            Scenario::Memory200 => "200k",
            Scenario::NotModified => "304",
            Scenario::Disk20 => "20k-disk",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Scenario::Memory20 => "20 KB from memory",
            Scenario::Tls20 => "20 KB from memory, over TLS 1.3",
            Scenario::Logged20 => "20 KB from memory, access log to a file",
            Scenario::Memory200 => "200 KB from memory",
            Scenario::NotModified => "304, the client has it",
            Scenario::Disk20 => "20 KB from disk (page cache), 2,000 URLs",
        }
    }

    pub fn named(names: &[String]) -> anyhow::Result<Vec<Scenario>> {
        if names.is_empty() {
            return Ok(Self::ALL.to_vec());
        }
        let one = |name: &String| match Self::ALL.into_iter().find(|scenario| scenario.name() == name) {
            Some(scenario) => Ok(scenario),
            None => bail!("there is no scenario {name}; there are {}", Self::ALL.map(Self::name).join(", ")),
        };
        names.iter().map(one).collect()
    }

    /// The upstream says by the path how much it answers.
    pub fn path(self, key: usize) -> String {
        match self {
            Scenario::Memory200 => format!("/bytes/204800/{key}"),
            _ => format!("/bytes/20480/{key}"),
        }
    }

    pub fn keys(self) -> usize {
        match self {
            Scenario::Disk20 => Self::KEYS,
            _ => 1,
        }
    }

    pub fn expected_status(self) -> u16 {
        match self {
            Scenario::NotModified => 304,
            _ => 200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_known_by_their_names_and_an_unknown_one_lists_them() {
        let names = Scenario::ALL.map(|scenario| scenario.name().to_owned());
        assert_eq!(Scenario::named(&names).unwrap(), Scenario::ALL);
        let error = Scenario::named(&["30k".to_owned()]).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no scenario 30k; there are 20k, 20k-tls, 20k-logged, 200k, 304, 20k-disk"
        );
    }
}
