//! Addresses and routes from the kernel itself, in the order it keeps them: what `ip` would print, without starting it.

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketType};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::time::Duration;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const RT_TABLE_LOCAL: u8 = 255;
const RTN_LOCAL: u8 = 2;
const RTM_F_CLONED: u32 = 0x200;
const IFA_F_SECONDARY: u32 = 1;

/// An address of an interface.
#[derive(Clone, Debug)]
pub struct Address {
    /// The interface's number.
    pub index: u32,
    /// The host's own address.
    pub local: IpAddr,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Bits of the network.
    pub prefix: u8,
    /// The broadcast address.
    pub broadcast: Option<IpAddr>,
    /// The name it was given: the interface's, or `eth0:1`.
    pub label: Option<String>,
    /// As the kernel numbers scopes.
    pub scope: u8,
    /// In the same network as one before it (IPv4), or temporary (IPv6).
    pub secondary: bool,
}

/// Which way a packet would go.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// The interface's number.
    pub index: Option<u32>,
    /// The address it would leave from.
    pub source: Option<IpAddr>,
    /// The next hop.
    pub gateway: Option<IpAddr>,
}

/// All addresses, interface by interface.
pub fn addresses() -> io::Result<Vec<Address>> {
    let mut request = message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &[0; 8]);
    let mut found = Vec::new();
    exchange(&mut request, |kind, body| {
        if kind == RTM_NEWADDR {
            found.extend(address(body));
        }
    })?;
    Ok(found)
}

/// The way to an address.
pub fn route_to(target: IpAddr) -> io::Result<Option<Route>> {
    let (family, octets) = octets(target);
    let mut body = vec![family, (octets.len() * 8) as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend_from_slice(&(4 + octets.len() as u16).to_ne_bytes());
    body.extend_from_slice(&1u16.to_ne_bytes());
    body.extend_from_slice(&octets);
    let mut request = message(RTM_GETROUTE, NLM_F_REQUEST, &body);
    let mut found = None;
    exchange(&mut request, |kind, body| {
        if kind == RTM_NEWROUTE && body.len() >= 12 {
            found = Some(route(body[0], &body[12..]));
        }
    })?;
    Ok(found)
}

/// The networks and addresses that lead back to this host.
pub fn local_networks(six: bool) -> io::Result<Vec<(IpAddr, u8)>> {
    let family = if six { AF_INET6 } else { AF_INET };
    let mut request = message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut found = Vec::new();
    exchange(&mut request, |kind, body| {
        let Some((header, attributes)) = body.split_at_checked(12).filter(|_| kind == RTM_NEWROUTE) else { return };
        let flags = u32::from_ne_bytes([header[8], header[9], header[10], header[11]]);
        let wanted = header[0] == family && header[4] == RT_TABLE_LOCAL && header[7] == RTN_LOCAL;
        if wanted && flags & RTM_F_CLONED == 0 {
            let target = parts(attributes).find(|(kind, _)| *kind == 1).and_then(|(_, bytes)| ip(bytes));
            found.extend(target.map(|target| (target, header[1])));
        }
    })?;
    Ok(found)
}

fn octets(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(ip) => (AF_INET, ip.octets().to_vec()),
        IpAddr::V6(ip) => (AF_INET6, ip.octets().to_vec()),
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))).ok()
}

fn number(bytes: &[u8]) -> Option<u32> {
    <[u8; 4]>::try_from(bytes).ok().map(u32::from_ne_bytes)
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(16 + body.len());
    message.extend_from_slice(&(16 + body.len() as u32).to_ne_bytes());
    message.extend_from_slice(&kind.to_ne_bytes());
    message.extend_from_slice(&flags.to_ne_bytes());
    message.extend_from_slice(&1u32.to_ne_bytes());
    message.extend_from_slice(&0u32.to_ne_bytes());
    message.extend_from_slice(body);
    message
}

/// Sends a request and hears every message of the answer.
fn exchange(request: &mut [u8], mut hear: impl FnMut(u16, &[u8])) -> io::Result<()> {
    // no protocol is number 0, which is NETLINK_ROUTE
    let socket: OwnedFd = net::socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    net::sockopt::set_socket_timeout(&socket, net::sockopt::Timeout::Recv, Some(Duration::from_secs(5)))?;
    net::sendto(&socket, request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let dump = u16::from_ne_bytes([request[6], request[7]]) & NLM_F_DUMP == NLM_F_DUMP;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (_, length) = net::recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..length];
        while let Some((header, _)) = rest.split_at_checked(16) {
            let length = number(&header[..4]).unwrap_or(0) as usize;
            let kind = u16::from_ne_bytes([header[4], header[5]]);
            let Some(body) = rest.get(16..length) else { return Ok(()) };
            match kind {
                NLMSG_DONE => return Ok(()),
                NLMSG_ERROR => {
                    let code = body.get(..4).and_then(number).unwrap_or(0) as i32;
                    return if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-code)) };
                }
                kind => hear(kind, body),
            }
            if !dump {
                return Ok(());
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        }
    }
}

/// The attributes of a message: number and content.
fn parts(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (header, _) = bytes.split_at_checked(4)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & 0x3fff;
        let content = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, content))
    })
}

fn address(body: &[u8]) -> Option<Address> {
    let (header, attributes) = body.split_at_checked(8)?;
    let (mut far, mut local, mut broadcast, mut label) = (None, None, None, None);
    let mut flags = u32::from(header[2]);
    for (kind, bytes) in parts(attributes) {
        match kind {
            1 => far = ip(bytes),
            2 => local = ip(bytes),
            3 => label = Some(String::from_utf8_lossy(bytes).trim_end_matches('\0').to_string()),
            4 => broadcast = ip(bytes),
            8 => flags = number(bytes).unwrap_or(flags),
            _ => {}
        }
    }
    Some(Address {
        index: number(&header[4..8])?,
        local: local.or(far)?,
        peer: far.filter(|far| local.is_some_and(|local| local != *far)),
        prefix: header[1],
        broadcast,
        label,
        scope: header[3],
        secondary: flags & IFA_F_SECONDARY != 0,
    })
}

fn route(family: u8, attributes: &[u8]) -> Route {
    let mut route = Route::default();
    for (kind, bytes) in parts(attributes) {
        match kind {
            4 => route.index = number(bytes),
            5 => route.gateway = ip(bytes),
            7 => route.source = ip(bytes),
            // a next hop of the other family, after its number
            18 if family == AF_INET => route.gateway = bytes.get(2..).and_then(ip),
            _ => {}
        }
    }
    route
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_there() {
        let all = addresses().unwrap();
        let loopback = all.iter().find(|address| address.local == IpAddr::from([127, 0, 0, 1])).unwrap();
        assert_eq!((loopback.prefix, loopback.scope, loopback.label.as_deref()), (8, 254, Some("lo")));
        assert!(local_networks(false).unwrap().contains(&(IpAddr::from([127, 0, 0, 0]), 8)));
        let route = route_to(IpAddr::from([127, 0, 0, 1])).unwrap().unwrap();
        assert_eq!(route.source, Some(IpAddr::from([127, 0, 0, 1])));
    }
}
