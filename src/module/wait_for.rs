//! `wait_for`: waits until a port answers or falls silent, a file comes or goes, a text appears, connections end.

use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec};
use crate::pyregex::{self, Flags, Regex};
use crate::value::{Dict, Value};
use std::io::Read;
use std::net::{IpAddr, Shutdown, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

/// Its arguments.
pub const SPEC: Spec = Spec {
    args: &[
        Arg::new("host", Kind::Str).default("127.0.0.1"),
        Arg::new("timeout", Kind::Int).default("300"),
        Arg::new("connect_timeout", Kind::Int).default("5"),
        Arg::new("delay", Kind::Int).default("0"),
        Arg::new("port", Kind::Int),
        Arg::new("active_connection_states", Kind::List(&Kind::Str))
            .default("ESTABLISHED,FIN_WAIT1,FIN_WAIT2,SYN_RECV,SYN_SENT,TIME_WAIT"),
        Arg::new("path", Kind::Path),
        Arg::new("search_regex", Kind::Str),
        Arg::new("state", Kind::Str)
            .default("started")
            .choices(&["absent", "drained", "present", "started", "stopped"]),
        Arg::new("exclude_hosts", Kind::List(&Kind::Str)),
        Arg::new("sleep", Kind::Int).default("1"),
        Arg::new("msg", Kind::Str),
    ],
    check_mode: false,
    ..Spec::new("wait_for")
};

/// The states of TCP as the kernel numbers them in `/proc/net/tcp`.
const TCP_STATES: [(&str, &str); 6] = [
    ("ESTABLISHED", "01"),
    ("SYN_SENT", "02"),
    ("SYN_RECV", "03"),
    ("FIN_WAIT1", "04"),
    ("FIN_WAIT2", "05"),
    ("TIME_WAIT", "06"),
];

/// What is waited for.
struct Wait<'a> {
    host: &'a str,
    port: Option<u16>,
    path: Option<&'a str>,
    search: Option<(&'a str, std::sync::Arc<Regex>)>,
    state: &'a str,
    connect_timeout: Duration,
    sleep: Duration,
    end: Instant,
    start: Instant,
}

/// The texts a pattern found.
#[derive(Default)]
struct Found {
    groups: Vec<Value>,
    named: Dict,
}

/// Waits.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let seconds = |name| Duration::from_secs(u64::try_from(params.int(name).unwrap_or(0)).unwrap_or(0));
    check(params)?;
    let start = Instant::now();
    let search = match params.str("search_regex") {
        Some(text) => {
            let regex = pyregex::compile(text, Flags { multiline: true, ..Flags::default() })
                .map_err(|error| Failure::new(format!("Invalid regular expression: {error}")))?;
            Some((text, regex))
        }
        None => None,
    };
    let wait = Wait {
        host: params.str("host").unwrap_or("127.0.0.1"),
        port: port(params)?,
        path: params.str("path").filter(|path| !path.is_empty()),
        search,
        state: params.str("state").unwrap_or("started"),
        connect_timeout: seconds("connect_timeout"),
        sleep: seconds("sleep"),
        end: start + seconds("timeout"),
        start,
    };
    nap(run, seconds("delay"))?;
    let found = wait.until(run, params)?;
    Ok(Outcome::new(false)
        .with("state", wait.state)
        .with("port", params.value("port").clone())
        .with("search_regex", params.value("search_regex").clone())
        .with("match_groups", Value::list(found.groups))
        .with("match_groupdict", found.named)
        .with("path", params.value("path").clone())
        .with("elapsed", wait.elapsed()))
}

fn check(params: &Params) -> Result<(), Failure> {
    let (path, state) = (params.str("path").filter(|path| !path.is_empty()), params.str("state"));
    let wrong = |message: String| Err(Failure::new(message).with("elapsed", 0));
    if path.is_some() && params.int("port").is_some_and(|port| port != 0) {
        return wrong("port and path parameter can not both be passed to wait_for".into());
    }
    if let (Some(_), Some(state @ ("stopped" | "drained"))) = (path, state) {
        return wrong(format!("state={state} should only be used for checking a port in the wait_for module"));
    }
    if params.is_set("exclude_hosts") && state != Some("drained") {
        return wrong("exclude_hosts should only be with state=drained".into());
    }
    for state in params.strs("active_connection_states") {
        if !TCP_STATES.iter().any(|(name, _)| *name == state) {
            return wrong(format!("unknown active_connection_state ({state}) defined"));
        }
    }
    Ok(())
}

fn port(params: &Params) -> Result<Option<u16>, Failure> {
    match params.int("port").filter(|port| *port != 0) {
        None => Ok(None),
        Some(port) => match u16::try_from(port) {
            Ok(port) => Ok(Some(port)),
            Err(_) => Err(Failure::new(format!("port must be between 1 and 65535, not {port}")).with("elapsed", 0)),
        },
    }
}

/// Sleeps, unless the run is cut meanwhile.
fn nap(run: &Run, time: Duration) -> Result<(), Failure> {
    if run.lifeline.sleep(time) { Ok(()) } else { Err(Failure::new("The wait was interrupted.")) }
}

impl Wait<'_> {
    fn elapsed(&self) -> u64 {
        self.start.elapsed().as_secs()
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn until(&self, run: &Run, params: &Params) -> Result<Found, Failure> {
        if self.port.is_none() && self.path.is_none() && self.state != "drained" {
            // Ansible counts the timeout from here, not from before the delay
            nap(run, Duration::from_secs(u64::try_from(params.int("timeout").unwrap_or(0)).unwrap_or(0)))?;
            return Ok(Found::default());
        }
        let drain = if self.state == "drained" { Some(Drain::new(self, params)?) } else { None };
        while !self.left().is_zero() {
            let found = match self.state {
                "started" | "present" => self.is_there(run)?,
                "drained" => drain.as_ref().filter(|drain| drain.active() == 0).map(|_| Found::default()),
                _ => self.is_gone().then(Found::default),
            };
            if let Some(found) = found {
                return Ok(found);
            }
            nap(run, self.sleep)?;
        }
        let message =
            params.str("msg").filter(|msg| !msg.is_empty()).map_or_else(|| self.timeout_message(), String::from);
        Err(Failure::new(message).with("elapsed", self.elapsed()))
    }

    fn timeout_message(&self) -> String {
        let place = match (self.path, self.port) {
            (Some(path), _) => path.to_string(),
            (None, Some(port)) => format!("{}:{port}", self.host),
            (None, None) => format!("{}:None", self.host),
        };
        match (self.state, &self.search) {
            ("drained", _) => format!("Timeout when waiting for {place} to drain"),
            ("started" | "present", Some((regex, _))) => {
                format!("Timeout when waiting for search string {regex} in {place}")
            }
            ("started" | "present", None) if self.path.is_some() => format!("Timeout when waiting for file {place}"),
            ("started" | "present", None) => format!("Timeout when waiting for {place}"),
            _ if self.path.is_some() => format!("Timeout when waiting for {place} to be absent."),
            _ => format!("Timeout when waiting for {place} to stop."),
        }
    }

    fn is_gone(&self) -> bool {
        match (self.path, self.port) {
            (Some(path), _) => rustix::fs::access(path, rustix::fs::Access::EXISTS).is_err(),
            (None, Some(port)) => connect(self.host, port, self.connect_timeout).is_none_or(|stream| {
                // not being able to end it means that the other side did already
                stream.shutdown(Shutdown::Both).is_err()
            }),
            (None, None) => true,
        }
    }

    fn is_there(&self, run: &Run) -> Result<Option<Found>, Failure> {
        match (self.path, self.port) {
            (Some(path), _) => self.file_is_there(path),
            (None, Some(port)) => Ok(self.port_answers(run, port)),
            (None, None) => Ok(None),
        }
    }

    fn file_is_there(&self, path: &str) -> Result<Option<Found>, Failure> {
        match rustix::fs::stat(path) {
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(errno) => {
                let message = format!("Failed to stat {path}, {}", super::process::strerror(errno));
                return Err(Failure::new(message).with("elapsed", self.elapsed()));
            }
            Ok(_) => {}
        }
        let Some((_, regex)) = &self.search else { return Ok(Some(Found::default())) };
        let content = std::fs::read(Path::new(path)).unwrap_or_default();
        Ok(search(regex, &content))
    }

    fn port_answers(&self, run: &Run, port: u16) -> Option<Found> {
        let mut stream = connect(self.host, port, self.connect_timeout.min(whole_seconds(self.left())))?;
        let Some((_, regex)) = &self.search else {
            let _ = stream.shutdown(Shutdown::Both);
            return Some(Found::default());
        };
        let (mut data, mut chunk) = (Vec::new(), [0; 1024]);
        // short reads, so that a cut is noticed
        stream.set_read_timeout(Some(Duration::from_millis(200))).ok()?;
        while !self.left().is_zero() && !run.lifeline.is_cut() {
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => data.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            }
            if search(regex, &data).is_some() {
                let _ = stream.shutdown(Shutdown::Both);
                // Ansible gives groups for files only
                return Some(Found::default());
            }
        }
        None
    }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

/// The first address of the host that takes the connection.
fn connect(host: &str, port: u16, timeout: Duration) -> Option<TcpStream> {
    let addresses = (host, port).to_socket_addrs().ok()?;
    let timeout = timeout.max(Duration::from_millis(1));
    addresses.into_iter().find_map(|address| TcpStream::connect_timeout(&address, timeout).ok())
}

fn search(regex: &Regex, content: &[u8]) -> Option<Found> {
    let text = String::from_utf8_lossy(content);
    let found = regex.search(&text).ok()??;
    let value = |number| Value::from(found.group(&text, number));
    Some(Found {
        groups: (1..=found.groups()).map(value).collect(),
        named: regex.names().iter().map(|(name, number)| (name.as_str(), value(*number))).collect(),
    })
}

/// The connections that have to end, read from `/proc/net`.
struct Drain {
    port: String,
    states: Vec<&'static str>,
    /// Local addresses in the kernel's spelling, with whether they are of the IPv6 table.
    local: Vec<(bool, String)>,
    excluded: Vec<(bool, String)>,
}

impl Drain {
    fn new(wait: &Wait<'_>, params: &Params) -> Result<Drain, Failure> {
        let given = params.strs("active_connection_states");
        let mut excluded = Vec::new();
        for host in params.strs("exclude_hosts") {
            excluded.extend(kernel_addresses(host)?);
        }
        Ok(Drain {
            port: format!("{:04X}", wait.port.unwrap_or(0)),
            states: TCP_STATES.iter().filter(|(name, _)| given.contains(name)).map(|(_, id)| *id).collect(),
            local: kernel_addresses(wait.host)?,
            excluded,
        })
    }

    fn active(&self) -> usize {
        let tables = [(false, "/proc/net/tcp"), (true, "/proc/net/tcp6")];
        let read = |(six, file)| (six, std::fs::read_to_string(file).unwrap_or_default());
        tables.into_iter().map(read).map(|(six, table)| self.active_in(six, &table)).sum()
    }

    fn active_in(&self, six: bool, table: &str) -> usize {
        table.lines().skip(1).filter(|line| self.is_active(six, line)).count()
    }

    fn is_active(&self, six: bool, line: &str) -> bool {
        let fields: Vec<&str> = line.split_whitespace().take(4).collect();
        let [_, local, remote, state] = fields[..] else { return false };
        let (Some((local, port)), Some((remote, _))) = (local.split_once(':'), remote.split_once(':')) else {
            return false;
        };
        let named = |ip: &str| (six, ip.to_string());
        if port != self.port || !self.states.contains(&state) || self.excluded.contains(&named(remote)) {
            return false;
        }
        let any = if six { "0".repeat(32) } else { "0".repeat(8) };
        let mapped_any = || self.local.contains(&(six, "0000000000000000FFFF000000000000".to_string()));
        self.local.contains(&named(local))
            || self.local.contains(&(six, any))
            || (local.starts_with("0000000000000000FFFF0000") && mapped_any())
    }
}

/// A host's addresses as `/proc/net/tcp` and `tcp6` write them: words of four bytes in the machine's order.
fn kernel_addresses(host: &str) -> Result<Vec<(bool, String)>, Failure> {
    let addresses =
        (host, 80).to_socket_addrs().map_err(|error| Failure::new(format!("cannot resolve {host}: {error}")))?;
    let mut out = Vec::new();
    for address in addresses {
        match address.ip() {
            IpAddr::V4(ip) => {
                out.push((false, kernel_words(&ip.octets())));
                out.push((true, kernel_words(&ip.to_ipv6_mapped().octets())));
            }
            IpAddr::V6(ip) => out.push((true, kernel_words(&ip.octets()))),
        }
    }
    Ok(out)
}

fn kernel_words(octets: &[u8]) -> String {
    let words = octets.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    words.map(|word| format!("{word:08X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    fn params(given: &[(&str, Value)]) -> Params {
        let states: Vec<Value> = TCP_STATES.iter().map(|(name, _)| Value::str(*name)).collect();
        let mut all: Dict = [
            ("host", Value::str("127.0.0.1")),
            ("timeout", Value::Int(10)),
            ("connect_timeout", Value::Int(5)),
            ("state", Value::str("started")),
            ("sleep", Value::Int(0)),
            ("active_connection_states", Value::list(states)),
        ]
        .into_iter()
        .collect();
        all.extend(given.iter().map(|(key, value)| (Value::str(*key), value.clone())));
        Params(all)
    }

    fn go(given: &[(&str, Value)]) -> Result<Outcome, Failure> {
        run(&mut Run::default(), &params(given))
    }

    fn port_of(listener: &TcpListener) -> (&'static str, Value) {
        ("port", Value::from(u32::from(listener.local_addr().unwrap().port())))
    }

    #[test]
    fn a_file_that_comes_later_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("log");
        let path = ("path", Value::str(file.display().to_string()));
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            std::fs::write(&file, "starting\nready on port 80\n").unwrap();
        });
        let outcome = go(&[path, ("search_regex", Value::str(r"^ready on (?P<what>\w+) (\d+)"))]).unwrap();
        writer.join().unwrap();
        assert_eq!(outcome.result.get("match_groups"), Some(&Value::list(["port".into(), "80".into()])));
        assert_eq!(outcome.result.get("match_groupdict").unwrap().get("what"), Some(&"port".into()));
    }

    #[test]
    fn a_port_that_answers_with_the_text_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port_of(&listener);
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"SSH-2.0-").unwrap();
            stream.write_all(b"OpenSSH\r\n").unwrap();
        });
        go(&[port, ("search_regex", Value::str("OpenSSH"))]).unwrap();
        server.join().unwrap();
    }

    #[test]
    fn a_closed_port_is_stopped_and_times_out_as_started() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port_of(&listener);
        go(std::slice::from_ref(&port)).unwrap();
        drop(listener);
        go(&[port.clone(), ("state", Value::str("stopped"))]).unwrap();
        let failure = go(&[port.clone(), ("timeout", Value::Int(1))]).unwrap_err();
        assert_eq!(failure.message, format!("Timeout when waiting for 127.0.0.1:{}", port.1.repr()));
        assert_eq!(failure.result.get("elapsed"), Some(&1.into()));
    }

    #[test]
    fn connections_drain() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port_of(&listener);
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let drained = ("state", Value::str("drained"));
        let failure = go(&[port.clone(), drained.clone(), ("timeout", Value::Int(1))]).unwrap_err();
        assert!(failure.message.ends_with(" to drain"), "{}", failure.message);
        let but_us = ("exclude_hosts", Value::list([Value::str("127.0.0.1")]));
        go(&[port.clone(), drained.clone(), but_us]).unwrap();
        drop((client, server));
        // the side that closes first stays in TIME_WAIT; that is the client's here
        go(&[port, drained, ("active_connection_states", Value::list([Value::str("ESTABLISHED")]))]).unwrap();
    }

    #[test]
    fn a_cut_ends_the_wait() {
        let mut waiting = Run::default();
        let lifeline = waiting.lifeline.clone();
        let cutter = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            lifeline.cut();
        });
        let start = Instant::now();
        let path = ("path", Value::str("/no/such/file"));
        assert!(run(&mut waiting, &params(&[path, ("sleep", Value::Int(60))])).is_err());
        cutter.join().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn contradictions_are_told() {
        let message = |given: &[_]| go(given).unwrap_err().message;
        let path = ("path", Value::str("/x"));
        assert_eq!(
            message(&[path.clone(), ("port", Value::Int(80))]),
            "port and path parameter can not both be passed to wait_for"
        );
        assert_eq!(
            message(&[path, ("state", Value::str("stopped"))]),
            "state=stopped should only be used for checking a port in the wait_for module"
        );
        assert_eq!(
            message(&[("active_connection_states", Value::list([Value::str("OPEN")]))]),
            "unknown active_connection_state (OPEN) defined"
        );
    }
}
