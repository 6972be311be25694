use super::super::{invoke::invoke, registry};
use super::*;
use crate::http_server::Server;

fn call(arguments: &str) -> Dict {
    let arguments = json::parse(arguments).unwrap();
    let mut run = Run { tmpdir: std::env::temp_dir(), ..Run::default() };
    let mut result = invoke(registry::find("uri").unwrap(), arguments.as_dict().unwrap(), &mut run);
    result.remove("invocation");
    result
}

fn text(result: &Dict, key: &str) -> String {
    result.get(key).unwrap_or_else(|| panic!("no {key} in {result:?}")).to_text().into_owned()
}

/// Tells what it was asked, as JSON.
fn echo() -> Server {
    Server::start(|request| {
        let headers: Dict = request.headers.iter().map(|(name, value)| (name.as_str(), Value::from(value))).collect();
        let mut told = Dict::new();
        told.insert("method", request.method.as_str());
        told.insert("path", request.path.as_str());
        told.insert("headers", headers);
        told.insert("body", String::from_utf8_lossy(&request.body));
        let body = json::to_string(&Value::dict(told), &json::Style::COMPACT);
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Some-Thing: a\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    })
}

#[test]
fn a_json_service_is_spoken_to() {
    let server = echo();
    let url = server.url("/x?q=1");
    let result = call(&format!(
        r#"{{"url": "{url}", "method": "post", "body_format": "json", "body": {{"a": [1]}}, "headers": {{"X-A": 5}}}}"#
    ));
    let told = result.get("json").unwrap();
    assert_eq!(told.get("method").unwrap().to_text(), "POST");
    assert_eq!(told.get("path").unwrap().to_text(), "/x?q=1");
    assert_eq!(told.get("body").unwrap().to_text(), r#"{"a": [1]}"#);
    let headers = told.get("headers").unwrap();
    assert_eq!(headers.get("content-type").unwrap().to_text(), "application/json");
    assert_eq!(headers.get("x-a").unwrap().to_text(), "5");
    assert_eq!(headers.get("user-agent").unwrap().to_text(), "ansible-httpget");
    assert_eq!((text(&result, "x_some_thing"), text(&result, "status")), ("a".into(), "200".into()));
    assert_eq!((text(&result, "redirected"), text(&result, "url")), ("False".into(), url));
    assert!(!result.contains("content"));
}

#[test]
fn a_status_is_judged() {
    let server = Server::start(|_| "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno".into());
    let url = server.url("/");
    let failed = call(&format!(r#"{{"url": "{url}", "return_content": true}}"#));
    assert_eq!(text(&failed, "msg"), "Status code was 404 and not [200]: HTTP Error 404: Not Found");
    assert_eq!((text(&failed, "content"), text(&failed, "failed")), ("no".into(), "True".into()));
    let fine = call(&format!(r#"{{"url": "{url}", "status_code": [200, 404]}}"#));
    assert!(!fine.contains("failed"));
}

#[test]
fn redirects_are_followed_as_told() {
    let server = Server::start(|request| match request.path.as_str() {
        "/end" => format!("HTTP/1.1 200 OK\r\n\r\n{} {}", request.method, String::from_utf8_lossy(&request.body)),
        path => format!("HTTP/1.1 {} Moved\r\nLocation: end\r\nContent-Length: 0\r\n\r\n", &path[1..]),
    });
    let ask = |code: &str, method: &str, follow: &str| {
        let result = call(&format!(
            r#"{{"url": "{}", "method": "{method}", "follow_redirects": "{follow}", "return_content": true,
                "body": "b", "status_code": [200, 302, 307]}}"#,
            server.url(&format!("/{code}"))
        ));
        (text(&result, "status"), text(&result, "content"), text(&result, "redirected"))
    };
    let followed = |content: &str| ("200".to_string(), content.to_string(), "True".to_string());
    let stayed = |code: &str| (code.to_string(), String::new(), "False".to_string());
    assert_eq!(ask("302", "GET", "safe"), followed("GET "));
    assert_eq!(ask("302", "POST", "safe"), stayed("302"));
    assert_eq!(ask("302", "POST", "all"), followed("GET "));
    assert_eq!(ask("307", "POST", "all"), followed("POST b"));
    assert_eq!(ask("302", "GET", "none"), stayed("302"));
    assert_eq!(ask("302", "POST", "urllib2"), followed("GET "));
    assert_eq!(ask("307", "POST", "urllib2"), stayed("307"));
}

#[test]
fn a_password_is_sent_when_asked_for_and_never_shown() {
    let server = Server::start(|request| match request.header("authorization") {
        Some("Basic dTpodXNo") => "HTTP/1.1 200 OK\r\nX-Echo: hush\r\n\r\nin".into(),
        Some(_) => "HTTP/1.1 403 No\r\n\r\n".into(),
        None => "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n".into(),
    });
    for force in ["yes", "no"] {
        let result = call(&format!(
            r#"{{"url": "{}", "user": "u", "password": "hush", "force_basic_auth": "{force}", "return_content": true}}"#,
            server.url("/")
        ));
        assert_eq!(text(&result, "content"), "in");
        assert_eq!(text(&result, "x_echo"), "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER");
    }
}

#[test]
fn credentials_stay_with_their_server() {
    let other = echo();
    let target = other.url("/there");
    let server =
        Server::start(move |_| format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"));
    let result =
        call(&format!(r#"{{"url": "{}", "user": "u", "password": "p", "force_basic_auth": true}}"#, server.url("/")));
    assert!(result.get("json").unwrap().get("headers").unwrap().get("authorization").is_none());
}

#[test]
fn chunks_gzip_and_cookies_are_understood() {
    let server = Server::start(|request| {
        match request.path.as_str() {
        "/chunks" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n".into(),
        "/set" => "HTTP/1.1 302 Found\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nLocation: /get\r\nContent-Length: 0\r\n\r\n".into(),
        _ => format!("HTTP/1.1 200 OK\r\nSet-Cookie: c=3\r\n\r\n{}", request.header("cookie").unwrap_or("none")),
    }
    });
    let content = |path: &str| call(&format!(r#"{{"url": "{}", "return_content": true}}"#, server.url(path)));
    assert_eq!(text(&content("/chunks"), "content"), "abcde");
    let cookies = content("/set");
    assert_eq!(text(&cookies, "content"), "a=1; b=2");
    assert_eq!(text(&cookies, "cookies"), "{'a': '1', 'b': '2', 'c': '3'}");
    assert_eq!(text(&cookies, "cookies_string"), "a=1; b=2; c=3");
}

#[test]
fn content_goes_into_a_file() {
    let server = Server::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".into());
    let dir = tempfile::tempdir().unwrap();
    let dest = dir.path().to_str().unwrap();
    let result = call(&format!(r#"{{"url": "{}", "dest": "{dest}", "mode": "0600"}}"#, server.url("/a%20b")));
    assert_eq!((text(&result, "path"), text(&result, "changed")), (format!("{dest}/a b"), "True".into()));
    assert_eq!(std::fs::read(dir.path().join("a b")).unwrap(), b"abc");
    let skipped = call(&format!(r#"{{"url": "{}", "creates": "{dest}/a b"}}"#, server.url("/")));
    assert_eq!(text(&skipped, "stdout"), format!("skipped, since '{dest}/a b' exists"));
}

#[test]
fn a_socket_of_this_host_is_a_server_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    });
    let result = call(&format!(
        r#"{{"url": "http://anything/v1", "unix_socket": "{}", "return_content": true}}"#,
        path.display()
    ));
    assert_eq!(text(&result, "content"), "hi");
    let asked = server.join().unwrap();
    assert!(asked.starts_with("GET /v1 HTTP/1.1\r\n") && asked.contains("\r\nHost: anything\r\n"), "{asked}");
}

#[test]
fn a_proxy_is_gone_through() {
    let proxy = Server::start(|request| format!("HTTP/1.1 200 OK\r\n\r\n{}", request.path));
    let arguments = json::parse(r#"{"url": "http://nowhere.invalid/x", "return_content": true}"#).unwrap();
    let environment = vec![("http_proxy".to_string(), proxy.url("")), ("no_proxy".to_string(), String::new())];
    let mut run = Run { environment, ..Run::default() };
    let result = invoke(registry::find("uri").unwrap(), arguments.as_dict().unwrap(), &mut run);
    assert_eq!(text(&result, "content"), "http://nowhere.invalid/x");
}

#[test]
fn broken_servers_are_told_of() {
    let silent = Server::start(|_| String::new());
    let result = call(&format!(r#"{{"url": "{}"}}"#, silent.url("/")));
    let message = "Connection failure: Remote end closed connection without response";
    assert_eq!(text(&result, "msg"), format!("Status code was -1 and not [200]: {message}"));
    let odd = Server::start(|_| "SSH-2.0\r\n".into());
    let result = call(&format!(r#"{{"url": "{}"}}"#, odd.url("/")));
    assert!(text(&result, "msg").starts_with("Status code was -1 and not [200]: Connection failure: "), "{result:?}");
    let short = Server::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into());
    let result = call(&format!(r#"{{"url": "{}", "return_content": true}}"#, short.url("/")));
    assert!(text(&result, "msg").contains("IncompleteRead"), "{result:?}");
    let result = call(r#"{"url": "gopher://h/"}"#);
    assert!(text(&result, "msg").ends_with("Request failed: <urlopen error unknown url type: gopher>"), "{result:?}");
}
