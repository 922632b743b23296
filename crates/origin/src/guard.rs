//! The egress guard: which addresses we may connect to.
//!
//! Whoever can name a source or make one redirect could else use us to read what only we can reach: the metadata
//! service of a cloud, a database on loopback, a router's console. The guard judges addresses, never names: a name is
//! worth what it resolves to at the moment of connecting.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address lies, as far as the guard is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbourhood {
    /// Globally reachable unicast.
    Public,
    /// Loopback, RFC 1918 and unique local addresses: a network that an operator may open for a source.
    Private,
    /// Never a source: link-local (metadata services live there), multicast, reserved, documentation, benchmarks,
    /// carrier-grade NAT, and the tunnels that carry one of these inside.
    Forbidden,
}

/// What one source may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    pub allow_private: bool,
}

impl Guard {
    pub fn permits(self, address: IpAddr) -> bool {
        match neighbourhood(address) {
            Neighbourhood::Public => true,
            Neighbourhood::Private => self.allow_private,
            Neighbourhood::Forbidden => false,
        }
    }
}

/// Sorts an address by the IANA registries of special-purpose addresses (RFC 6890).
pub fn neighbourhood(address: IpAddr) -> Neighbourhood {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

fn of_v4(address: Ipv4Addr) -> Neighbourhood {
    if address.is_loopback() || address.is_private() {
        return Neighbourhood::Private;
    }
    let forbidden = match address.octets() {
        [168, 63, 129, 16] => true,  // the platform service of Azure, beside its metadata
        [0, ..] => true,             // "this network", RFC 791; Linux connects 0.0.0.0 to itself
        [100, 64..=127, ..] => true, // carrier-grade NAT, RFC 6598
        [169, 254, ..] => true,      // link-local, RFC 3927
        [192, 0, 0, _] => true,      // IETF protocol assignments, RFC 6890
        [192, 0, 2, _] => true,      // documentation, RFC 5737
        [192, 88, 99, _] => true,    // 6to4 relays, deprecated by RFC 7526
        [198, 18..=19, ..] => true,  // benchmarks, RFC 2544
        [198, 51, 100, _] => true,   // documentation
        [203, 0, 113, _] => true,    // documentation
        [first, ..] if first >= 224 => true, // multicast, reserved, broadcast
        _ => false,
    };
    if forbidden { Neighbourhood::Forbidden } else { Neighbourhood::Public }
}

fn of_v6(address: Ipv6Addr) -> Neighbourhood {
    if let Some(inner) = address.to_ipv4_mapped() {
        // The socket would speak IPv4 to the address inside.
        return of_v4(inner);
    }
    // Two clouds keep their metadata service among the unique local addresses: Amazon and Google.
    if matches!(address.segments(), [0xfd00, 0x0ec2, ..] | [0xfd20, 0x00ce, ..]) {
        return Neighbourhood::Forbidden;
    }
    if address.is_loopback() || address.is_unique_local() {
        return Neighbourhood::Private;
    }
    if let Some(inner) = behind_nat64(address) {
        // In a network without IPv4 every old name resolves to such an address, so they cannot all be refused. But
        // RFC 6052 §3.1 keeps the prefix for global addresses: a private one inside is nobody's honest source.
        return match of_v4(inner) {
            Neighbourhood::Public => Neighbourhood::Public,
            Neighbourhood::Private | Neighbourhood::Forbidden => Neighbourhood::Forbidden,
        };
    }
    let forbidden = match address.segments() {
        // Global unicast is 2000::/3 (RFC 4291 §2.4). All else is unspecified, v4-compatible, local-use NAT64,
        // discard-only, site-local, link-local, multicast or not assigned.
        [first, ..] if first & 0xe000 != 0x2000 => true,
        [0x2001, second, ..] if second < 0x0200 => true, // Teredo, ORCHID, benchmarks: 2001::/23, RFC 2928
        [0x2001, 0x0db8, ..] => true,                    // documentation, RFC 3849
        [0x2002, ..] => true,                            // 6to4, RFC 3056: any IPv4 address may hide inside
        [0x3fff, second, ..] if second < 0x1000 => true, // documentation, RFC 9637
        _ => false,
    };
    if forbidden { Neighbourhood::Forbidden } else { Neighbourhood::Public }
}

/// The IPv4 address inside the well-known NAT64 prefix `64:ff9b::/96` (RFC 6052 §2.1).
fn behind_nat64(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    #[test]
    fn each_special_range_is_sorted_and_its_neighbours_are_not_hit() {
        let addresses = [
            "0.0.0.0",
            "0.255.255.255",
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "100.128.0.0",
            "127.0.0.1",
            "127.255.255.255",
            "169.253.255.255",
            "169.254.169.254",
            "169.255.0.0",
            "168.63.129.16",
            "168.63.129.17",
            "172.15.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "172.32.0.0",
            "192.0.0.8",
            "192.0.1.0",
            "192.0.2.1",
            "192.88.99.1",
            "192.167.255.255",
            "192.168.0.1",
            "192.169.0.0",
            "198.17.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.20.0.0",
            "198.51.100.1",
            "203.0.113.1",
            "223.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ];
        expect![[r#"
            0.0.0.0                                Forbidden
            0.255.255.255                          Forbidden
            1.0.0.0                                Public
            8.8.8.8                                Public
            9.255.255.255                          Public
            10.0.0.0                               Private
            10.255.255.255                         Private
            11.0.0.0                               Public
            100.63.255.255                         Public
            100.64.0.0                             Forbidden
            100.127.255.255                        Forbidden
            100.128.0.0                            Public
            127.0.0.1                              Private
            127.255.255.255                        Private
            169.253.255.255                        Public
            169.254.169.254                        Forbidden
            169.255.0.0                            Public
            168.63.129.16                          Forbidden
            168.63.129.17                          Public
            172.15.255.255                         Public
            172.16.0.0                             Private
            172.31.255.255                         Private
            172.32.0.0                             Public
            192.0.0.8                              Forbidden
            192.0.1.0                              Public
            192.0.2.1                              Forbidden
            192.88.99.1                            Forbidden
            192.167.255.255                        Public
            192.168.0.1                            Private
            192.169.0.0                            Public
            198.17.255.255                         Public
            198.18.0.0                             Forbidden
            198.19.255.255                         Forbidden
            198.20.0.0                             Public
            198.51.100.1                           Forbidden
            203.0.113.1                            Forbidden
            223.255.255.255                        Public
            224.0.0.1                              Forbidden
            240.0.0.1                              Forbidden
            255.255.255.255                        Forbidden
        "#]]
        .assert_eq(&table(&addresses));
    }

    #[test]
    fn an_address_in_disguise_is_judged_by_what_it_carries() {
        let addresses = [
            "::",
            "::1",
            "::2",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:7f00:1",
            "64:ff9b::8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:20::1",
            "2001:1ff:ffff::",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2003::1",
            "2606:4700::1111",
            "3fff::1",
            "3fff:1000::1",
            "4000::1",
            "5f00::1",
            "fbff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fd20::1",
            "fe00::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ];
        expect![[r#"
            ::                                     Forbidden
            ::1                                    Private
            ::2                                    Forbidden
            ::127.0.0.1                            Forbidden
            ::8.8.8.8                              Forbidden
            ::ffff:8.8.8.8                         Public
            ::ffff:127.0.0.1                       Private
            ::ffff:10.0.0.1                        Private
            ::ffff:169.254.169.254                 Forbidden
            ::ffff:0:7f00:1                        Forbidden
            64:ff9b::8.8.8.8                       Public
            64:ff9b::127.0.0.1                     Forbidden
            64:ff9b::a9fe:a9fe                     Forbidden
            64:ff9b:1::7f00:1                      Forbidden
            100::1                                 Forbidden
            2001::1                                Forbidden
            2001:0:4136:e378:8000:63bf:3fff:fdd2   Forbidden
            2001:2::1                              Forbidden
            2001:20::1                             Forbidden
            2001:1ff:ffff::                        Forbidden
            2001:200::1                            Public
            2001:4860:4860::8888                   Public
            2001:db8::1                            Forbidden
            2002:7f00:1::                          Forbidden
            2002:808:808::1                        Forbidden
            2003::1                                Public
            2606:4700::1111                        Public
            3fff::1                                Forbidden
            3fff:1000::1                           Public
            4000::1                                Forbidden
            5f00::1                                Forbidden
            fbff::1                                Forbidden
            fc00::1                                Private
            fd00:ec2::254                          Forbidden
            fd20:ce::254                           Forbidden
            fd20::1                                Private
            fe00::1                                Forbidden
            fe80::1                                Forbidden
            febf::1                                Forbidden
            fec0::1                                Forbidden
            ff02::1                                Forbidden
        "#]]
        .assert_eq(&table(&addresses));
    }

    #[test]
    fn opening_private_ranges_opens_nothing_else() {
        let permits = |allow_private, address: &str| {
            Guard { allow_private }.permits(address.parse().expect("an address"))
        };
        assert!(permits(false, "8.8.8.8") && permits(true, "8.8.8.8"));
        assert!(!permits(false, "127.0.0.1") && permits(true, "127.0.0.1"));
        assert!(!permits(false, "fd00::1") && permits(true, "fd00::1"));
        assert!(!permits(false, "169.254.169.254") && !permits(true, "169.254.169.254"));
        assert!(!permits(false, "::ffff:169.254.169.254") && !permits(true, "::ffff:169.254.169.254"));
        assert!(!permits(false, "100.64.0.1") && !permits(true, "100.64.0.1"));
    }

    proptest! {
        #[test]
        fn a_mapped_address_is_worth_what_its_inside_is(bits: u32) {
            let inside = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(of_v6(inside.to_ipv6_mapped()), of_v4(inside));
        }

        #[test]
        fn no_tunnel_makes_a_private_address_reachable(bits: u32) {
            let inside = Ipv4Addr::from_bits(bits);
            let [high, low] = [(bits >> 16) as u16, bits as u16];
            let nat64 = of_v6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low));
            prop_assert_eq!(nat64 == Neighbourhood::Public, of_v4(inside) == Neighbourhood::Public);
            prop_assert_ne!(nat64, Neighbourhood::Private);
            prop_assert_eq!(of_v6(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1)), Neighbourhood::Forbidden);
        }
    }

    fn table(addresses: &[&str]) -> String {
        addresses
            .iter()
            .map(|text| format!("{text:<38} {:?}\n", neighbourhood(text.parse().expect("an address"))))
            .collect()
    }
}
