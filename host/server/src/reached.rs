//! Where a request comes from, and by which scheme and name its client reached the server.
//!
//! Lives here: the peer of a connection, and what proxies in front of the server say of theirs. Must not live here: what
//! follows from it (`guard`, `auth`, `observe`).
//! Invariants: the headers of a proxy count only when the connection comes from one that is trusted; from there on an
//! address counts only when a trusted one told it, so that nothing that a client wrote in front is believed.

use crate::{Settings, guard};
use http::{HeaderMap, uri::Authority};
use ipnet::IpNet;
use kamld_types::{Problem, problem::Result};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";

/// The proxies that are believed; by default none.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Of addresses, such as `10.0.0.7`, and ranges, such as `10.0.0.0/8`.
    pub fn parse(texts: &[String]) -> Result<Self> {
        let one = |text: &String| {
            let range = text.parse::<IpNet>().ok();
            range.or_else(|| Some(text.parse::<IpAddr>().ok()?.to_canonical().into())).ok_or_else(|| {
                Problem::invalid(format!("'{text}' is neither an address nor a range of addresses"))
                    .help("an address reads 10.0.0.7 or fd00::7, a range 10.0.0.0/8 or fd00::/8")
            })
        };
        texts.iter().map(one).collect::<Result<_>>().map(Self)
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }

    /// The right-most address that is no trusted proxy, and how many of them passed the request on.
    fn client(&self, peer: IpAddr, told: &[&str]) -> (IpAddr, usize) {
        let (mut client, mut proxies) = (peer, 0);
        for entry in told.iter().rev() {
            let Some(next) = address(entry).filter(|_| self.trust(client)) else { break };
            (client, proxies) = (next, proxies + 1);
        }
        (client, proxies.max(1))
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub peer: IpAddr,
    /// It speaks TLS with this process.
    pub tls: bool,
}

/// How a client reached the server.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// None without a connection, as in a test of the router alone.
    pub client: Option<IpAddr>,
    /// The client speaks TLS, with this process or with a trusted proxy.
    pub https: bool,
    /// The name and port that the client asked for; none when it cannot be read.
    pub authority: Option<Authority>,
}

impl Reached {
    pub(crate) fn of(connection: Option<Connection>, headers: &HeaderMap, settings: &Settings) -> Self {
        let https = connection.is_some_and(|connection| connection.tls);
        let authority = guard::authority(headers);
        let peer = connection.map(|connection| connection.peer.to_canonical());
        let Some(proxy) = peer.filter(|peer| settings.proxies.trust(*peer)) else {
            return Self { client: peer, https, authority };
        };
        let (client, proxies) = settings.proxies.client(proxy, &values(headers, FORWARDED_FOR));
        let told = |name| {
            let told = values(headers, name);
            told.get(told.len().saturating_sub(proxies)).map(|value| (*value).to_owned())
        };
        Self {
            client: Some(client),
            https: told(FORWARDED_PROTO)
                .map_or(https, |scheme| ["https", "wss"].iter().any(|tls| scheme.eq_ignore_ascii_case(tls))),
            authority: match told(FORWARDED_HOST) {
                Some(host) => host.parse().ok().filter(|host: &Authority| !host.as_str().contains('@')),
                None => authority,
            },
        }
    }

    /// The port that the client asked for.
    pub(crate) fn port(&self) -> u16 {
        let usual = if self.https { 443 } else { 80 };
        self.authority.as_ref().and_then(Authority::port_u16).unwrap_or(usual)
    }

    /// Whether the client asked for this machine's own address.
    pub(crate) fn is_loopback(&self) -> bool {
        self.authority.as_ref().is_some_and(|authority| guard::is_loopback(authority.host()))
    }
}

/// All values of a header that may be given several times, and hold several values each time.
fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    // What cannot be read still stands between those that can.
    let all = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    all.flat_map(|value| value.split(',').map(str::trim)).collect()
}

/// Some proxies tell the port too.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = plain.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(peer: &str, trusted: &[&str], headers: &[(&'static str, &str)]) -> Reached {
        let trusted: Vec<String> = trusted.iter().map(|text| (*text).to_owned()).collect();
        let settings = Settings { proxies: Proxies::parse(&trusted).unwrap(), ..Settings::default() };
        let mut map = HeaderMap::new();
        map.insert("host", "inside:7437".parse().unwrap());
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Reached::of(Some(Connection { peer: peer.parse().unwrap(), tls: false }), &map, &settings)
    }

    /// The client, whether it speaks TLS, and what it asked for.
    fn told(reached: &Reached) -> (String, bool, &str) {
        let authority = reached.authority.as_ref().map_or("", Authority::as_str);
        (reached.client.unwrap().to_string(), reached.https, authority)
    }

    const ALL: [(&str, &str); 3] =
        [(FORWARDED_FOR, "203.0.113.9"), (FORWARDED_PROTO, "https"), (FORWARDED_HOST, "data.example.org")];

    #[test]
    fn what_a_stranger_says_of_itself_is_not_believed() {
        for trusted in [&[][..], &["10.0.0.0/8"], &["192.0.2.2", "fd00::/8"]] {
            let reached = reached("192.0.2.1", trusted, &ALL);
            assert_eq!(told(&reached), ("192.0.2.1".into(), false, "inside:7437"), "{trusted:?}");
        }
    }

    #[test]
    fn what_a_trusted_proxy_says_of_its_client_is_believed() {
        for (peer, trusted) in [("10.1.2.3", "10.0.0.0/8"), ("::ffff:10.1.2.3", "10.1.2.3"), ("fd00::7", "fd00::/8")] {
            let reached = reached(peer, &[trusted], &ALL);
            assert_eq!(told(&reached), ("203.0.113.9".into(), true, "data.example.org"), "{peer}");
            assert_eq!(reached.port(), 443);
        }
        let silent = reached("10.1.2.3", &["10.0.0.0/8"], &[]);
        assert_eq!(told(&silent), ("10.1.2.3".into(), false, "inside:7437"));
    }

    #[test]
    fn the_client_is_the_right_most_address_that_is_no_trusted_proxy() {
        for (chain, client) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            // What the client itself wrote in front of it.
            (&["10.9.9.9, 127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            (&["198.51.100.1", "203.0.113.9", "10.0.0.2, 10.0.0.3"], "203.0.113.9"),
            (&["203.0.113.9:4711, 10.0.0.2:80"], "203.0.113.9"),
            (&["[2001:db8::9]:4711, 10.0.0.2"], "2001:db8::9"),
            (&["[2001:db8::9]"], "2001:db8::9"),
            // Beyond what cannot be read nothing is known.
            (&["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (&["198.51.100.1, , 10.0.0.2"], "10.0.0.2"),
            // Everybody on the way is trusted: the first of them asked.
            (&["10.0.0.4, 10.0.0.2"], "10.0.0.4"),
        ] {
            let headers: Vec<_> = chain.iter().map(|value| (FORWARDED_FOR, *value)).collect();
            assert_eq!(told(&reached("10.1.2.3", &["10.0.0.0/8"], &headers)).0, client, "{chain:?}");
        }
    }

    #[test]
    fn scheme_and_name_are_those_that_a_trusted_proxy_added() {
        let of = |chain, scheme, host| {
            let headers = [(FORWARDED_FOR, chain), (FORWARDED_PROTO, scheme), (FORWARDED_HOST, host)];
            let reached = reached("10.1.2.3", &["10.0.0.0/8"], &headers);
            (reached.https, reached.authority.map_or(String::new(), |host| host.to_string()))
        };
        assert_eq!(of("1.1.1.1, 203.0.113.9", "https, http", "evil.example, a.example"), (false, "a.example".into()));
        assert_eq!(of("203.0.113.9, 10.0.0.2", "https, http", "a.example, inside"), (true, "a.example".into()));
        assert_eq!(of("203.0.113.9, 10.0.0.2", "HTTPS", "a.example"), (true, "a.example".into()));
        assert_eq!(of("203.0.113.9", "ftp", "a@b.example"), (false, String::new()));
    }

    #[test]
    fn what_is_no_address_is_no_proxy() {
        for text in ["", "proxy.example.org", "10.0.0.0/33", "10.0.0", "*"] {
            let problem = Proxies::parse(&["10.0.0.1".into(), text.into()]).unwrap_err();
            assert!(problem.message.contains(&format!("'{text}'")), "{problem:?}");
        }
    }
}
