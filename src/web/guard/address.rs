//! The client's address: the peer's, or behind trusted proxies the last hop of X-Forwarded-For that is none of them.
//! `Forwarded` is ignored.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use ipnet::IpNet;

use crate::web::site::State;

/// Whose submissions are counted together.
pub fn client(state: &State, request: &HttpRequest) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let lines = request.headers().get_all("x-forwarded-for");
    let hops: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    last_untrusted(peer, &hops, &state.site.trusted_proxies)
}

fn last_untrusted(peer: IpAddr, hops: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(client) {
            break;
        }
        // a hop that is no address: whoever wrote it cannot be believed further
        let Ok(address) = hop.parse::<IpAddr>() else {
            break;
        };
        client = address;
    }
    client.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hop_that_is_no_trusted_proxy() {
        let trusted: Vec<IpNet> = vec![
            "127.0.0.1/32".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
        let of = |peer: &str, hops: &[&str]| {
            last_untrusted(peer.parse().unwrap(), hops, &trusted).to_string()
        };
        // nobody else is believed
        assert_eq!(of("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        // what the client itself wrote stands further left
        assert_eq!(
            of("127.0.0.1", &["203.0.113.7", "198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            of("127.0.0.1", &["203.0.113.7", "198.51.100.1", "10.1.2.3"]),
            "198.51.100.1"
        );
        assert_eq!(of("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(of("127.0.0.1", &["unknown"]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["198.51.100.1", "unknown"]), "127.0.0.1");
    }
}
