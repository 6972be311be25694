use super::super::{invoke::invoke, registry};
use super::*;
use crate::http_server::Server;

fn call(run: &mut Run, arguments: &[(&str, &str)]) -> Dict {
    let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
    let mut result = invoke(registry::find("get_url").unwrap(), &arguments, run);
    result.remove("invocation");
    result
}

fn text(result: &Dict, key: &str) -> String {
    result.get(key).unwrap_or_else(|| panic!("no {key} in {result:?}")).to_text().into_owned()
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_string()
    }

    fn run(&self) -> Run {
        Run { tmpdir: self.0.path().to_path_buf(), ..Run::default() }
    }
}

const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn a_file_is_downloaded_once() {
    let server = Server::start(|request| match request.header("if-modified-since") {
        None => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".into(),
        Some(_) => "HTTP/1.1 304 Not Modified\r\n\r\n".into(),
    });
    let place = Place::new();
    let dest = place.path("f");
    let first = call(&mut place.run(), &[("url", &server.url("/f")), ("dest", &dest), ("mode", "0600")]);
    assert_eq!((text(&first, "changed"), text(&first, "msg")), ("True".into(), "OK (3 bytes)".into()));
    assert_eq!(text(&first, "checksum_src"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(text(&first, "mode"), "0600");
    assert_eq!(std::fs::read(&dest).unwrap(), b"abc");
    let second = call(&mut place.run(), &[("url", &server.url("/f")), ("dest", &dest)]);
    assert_eq!((text(&second, "changed"), text(&second, "status_code")), ("False".into(), "304".into()));
    assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 1);
}

#[test]
fn a_checksum_is_held_to() {
    let server = Server::start(|request| {
        let body = match request.path.as_str() {
            "/sums" => format!("{}  f\n", &ABC[7..]),
            "/f" => "abc".into(),
            _ => "other".into(),
        };
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    let place = Place::new();
    let dest = place.path("f");
    let list = format!("sha256:{}", server.url("/sums"));
    let good = call(&mut place.run(), &[("url", &server.url("/f")), ("dest", &dest), ("checksum", &list)]);
    assert_eq!(text(&good, "changed"), "True");
    let kept = call(&mut place.run(), &[("url", &server.url("/f")), ("dest", &dest), ("checksum", ABC)]);
    assert_eq!(text(&kept, "msg"), "file already exists");
    let bad =
        call(&mut place.run(), &[("url", &server.url("/x")), ("dest", &dest), ("checksum", ABC), ("force", "yes")]);
    assert!(text(&bad, "msg").contains(&format!("did not match {}; it was ", &ABC[7..])), "{bad:?}");
    assert_eq!(std::fs::read(&dest).unwrap(), b"abc");
    let wrong = call(&mut place.run(), &[("url", &server.url("/f")), ("dest", &dest), ("checksum", "abc")]);
    assert_eq!(text(&wrong, "msg"), "The checksum parameter has to be in format <algorithm>:<checksum>");
}

#[test]
fn a_directory_takes_the_name_from_the_answer() {
    let server = Server::start(|request| match request.path.as_str() {
        "/named" => "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\"../x.txt\"\r\n\r\nabc".into(),
        "/away" => "HTTP/1.1 302 Found\r\nLocation: /there?q\r\n\r\n".into(),
        _ => "HTTP/1.1 200 OK\r\n\r\nabc".into(),
    });
    let place = Place::new();
    for (path, name) in [("/named", "x.txt"), ("/away", "there"), ("/", "index.html")] {
        let result = call(&mut place.run(), &[("url", &server.url(path)), ("dest", &place.path(""))]);
        assert_eq!(text(&result, "dest"), place.path(name));
        assert_eq!(std::fs::read(place.path(name)).unwrap(), b"abc");
    }
}

#[test]
fn failures_are_told_and_leave_what_was() {
    let server = Server::start(|_| "HTTP/1.1 404 NOT HERE\r\nContent-Length: 0\r\n\r\n".into());
    let place = Place::new();
    let dest = place.path("f");
    let missing = call(&mut place.run(), &[("url", &server.url("/f")), ("dest", &dest)]);
    assert_eq!(
        (text(&missing, "msg"), text(&missing, "response")),
        ("Request failed".into(), "HTTP Error 404: NOT HERE".into())
    );
    assert_eq!(text(&missing, "status_code"), "404");
    let refused = call(&mut place.run(), &[("url", "http://u:pw@127.0.0.1:1/"), ("dest", &dest)]);
    assert_eq!(text(&refused, "msg"), "Request failed: <urlopen error [Errno 111] Connection refused>");
    assert_eq!(text(&refused, "url"), "http://****:****@127.0.0.1:1/");
    assert!(!Path::new(&dest).exists());
}

#[test]
fn a_file_of_this_host_has_a_url_too() {
    let place = Place::new();
    std::fs::write(place.path("src"), "abc").unwrap();
    let url = format!("file://{}", place.path("src"));
    let result = call(&mut place.run(), &[("url", &url), ("dest", &place.path("dest"))]);
    assert_eq!(text(&result, "changed"), "True", "{result:?}");
    assert_eq!(std::fs::read(place.path("dest")).unwrap(), b"abc");
}
