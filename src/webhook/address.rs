//! Which addresses webhooks may go to: public ones, so that no provider makes this machine call what only it can reach.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;

/// The operator's exceptions. Clones share them.
#[derive(Clone)]
pub(super) struct Allowed {
    networks: Arc<[IpNet]>,
    sandbox: bool,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the address is not a public one: list its network in [webhooks] allow if it is to be called"
)]
pub(super) struct RefusedAddress;

impl Allowed {
    pub fn new(networks: &[IpNet], sandbox: bool) -> Self {
        Self {
            networks: networks.into(),
            sandbox,
        }
    }

    pub fn sandbox(&self) -> bool {
        self.sandbox
    }

    /// Public, of a listed network, or this machine in a sandbox.
    pub fn may_call(&self, address: IpAddr) -> bool {
        // ::ffff:10.0.0.1 is 10.0.0.1
        let address = address.to_canonical();
        let listed = |network: &IpNet| network.contains(&address);
        is_public(address)
            || self.networks.iter().any(listed)
            || self.sandbox && address.is_loopback()
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// IANA's registry of special addresses, all that is not reachable by everybody.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        // this network; private; loopback; multicast; reserved and broadcast
        (0 | 10 | 127 | 224..=255, _, _)
        // shared by a carrier's customers (CGNAT)
        | (100, 64..=127, _)
        // link-local, and with it the clouds' metadata
        | (169, 254, _)
        // private
        | (172, 16..=31, _)
        | (192, 168, _)
        // protocol assignments, documentation, 6to4 relays, AS112
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (192, 31, 196)
        | (192, 52, 193)
        | (192, 175, 48)
        // benchmarks, documentation
        | (198, 18 | 19, _)
        | (198, 51, 100)
        | (203, 0, 113)
    )
}

/// Global unicast alone, less what leads into another address or is set aside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 and 6to4: as the address inside
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            is_public_v4(embedded(high, low))
        }
        // IETF's own: Teredo, benchmarks, ORCHID; documentation
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(allow: &[&str], sandbox: bool, address: &str) -> bool {
        let networks: Vec<IpNet> = allow.iter().map(|net| net.parse().unwrap()).collect();
        Allowed::new(&networks, sandbox).may_call(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_alone_are_called() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "223.255.255.254",
            "198.20.0.1",
            "2400:3200::1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(may(&[], false, public), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!may(&[], false, special), "{special}");
        }
    }

    #[test]
    fn a_sandbox_calls_this_machine_and_a_list_what_it_names() {
        for own in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(may(&[], true, own), "{own}");
        }
        for private in ["10.0.0.1", "0.0.0.0", "::", "169.254.169.254", "fd00::1"] {
            assert!(!may(&[], true, private), "{private}");
        }
        let allow = ["10.0.0.0/8", "fd00::/8"];
        for listed in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            assert!(may(&allow, false, listed), "{listed}");
        }
        assert!(!may(&allow, false, "192.168.0.1"));
        assert!(!may(&allow, false, "fc00::1"));
    }
}
