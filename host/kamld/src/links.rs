//! What people are told about where the server is: the link to it, and that others can read along.
//!
//! Must not live here: listening. Invariant: a link leads where a browser gets to.

use crate::config::Http;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A certificate is for names, so TLS takes the first one that there is; no browser finds the address of everywhere.
pub fn link(address: SocketAddr, tls: bool, names: &[String]) -> String {
    let port = address.port();
    match names.first() {
        Some(name) if tls => match name.parse::<IpAddr>() {
            Ok(ip) => format!("https://{}", SocketAddr::new(ip, port)),
            Err(_) => format!("https://{name}:{port}"),
        },
        _ => {
            let ip = match address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                ip => ip,
            };
            format!("{}://{}", if tls { "https" } else { "http" }, SocketAddr::new(ip, port))
        }
    }
}

/// Whoever set one of these two knows that TLS ends elsewhere.
pub fn warning(address: SocketAddr, tls: bool, http: &Http) -> Option<String> {
    let proxy = http.secure_cookies || !http.trusted_proxies.is_empty();
    (!tls && !proxy && !address.ip().is_loopback()).then(|| {
        format!(
            "warning: {address} can be reached from elsewhere and has no TLS: whoever is on the way can read the token and all \
             data; set http.tls_certificate and http.tls_key, or name the proxy where TLS ends in http.trusted_proxies"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn links_lead_where_a_browser_gets_to() {
        let names = ["data.example.org".to_owned(), "10.0.0.7".to_owned()];
        for (address, tls, names, leads) in [
            ("127.0.0.1:7437", false, &names[..], "http://127.0.0.1:7437"),
            ("0.0.0.0:7437", false, &[], "http://127.0.0.1:7437"),
            ("[::]:7437", false, &[], "http://[::1]:7437"),
            ("10.0.0.7:7437", false, &[], "http://10.0.0.7:7437"),
            ("0.0.0.0:443", true, &names, "https://data.example.org:443"),
            ("0.0.0.0:443", true, &names[1..], "https://10.0.0.7:443"),
            ("127.0.0.1:8443", true, &[], "https://127.0.0.1:8443"),
        ] {
            assert_eq!(link(at(address), tls, names), leads, "{address}");
        }
    }

    #[test]
    fn who_listens_to_others_without_tls_is_warned() {
        let warns = |address: &str, tls, change: fn(&mut Http)| {
            let mut http = Config::default().http;
            change(&mut http);
            warning(at(address), tls, &http)
        };
        for address in ["0.0.0.0:7437", "[::]:7437", "10.0.0.7:7437"] {
            assert!(warns(address, false, |_| ()).unwrap().contains(&format!("{address} can be reached")), "{address}");
            assert_eq!(warns(address, true, |_| ()), None);
            assert_eq!(warns(address, false, |http| http.trusted_proxies = vec!["10.0.0.1".into()]), None);
            assert_eq!(warns(address, false, |http| http.secure_cookies = true), None);
        }
        assert_eq!(warns("127.0.0.1:7437", false, |_| ()), None);
        assert_eq!(warns("[::1]:7437", false, |_| ()), None);
    }
}
