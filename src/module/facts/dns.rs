//! `dns`: `/etc/resolv.conf`.

use super::gather::{Gather, lines};
use super::small::one;
use crate::value::{Dict, Value};

/// Collects it.
pub fn collect(_: &mut Gather<'_>) -> Dict {
    one("dns", parse(lines("/etc/resolv.conf").iter().map(String::as_str)))
}

fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Dict {
    let mut fact = Dict::new();
    let mut servers: Vec<Value> = Vec::new();
    for line in lines.filter(|line| !line.starts_with(['#', ';'])) {
        let mut words = line.split_whitespace();
        let list = |words: std::str::SplitWhitespace<'_>| words.map(Value::str).collect::<Vec<_>>();
        match words.next() {
            Some("nameserver") => {
                servers.extend(list(words));
                fact.insert("nameservers", servers.clone());
            }
            Some("domain") => words.next().into_iter().for_each(|name| {
                fact.insert("domain", name);
            }),
            Some(key @ ("search" | "sortlist")) => {
                fact.insert(key, list(words));
            }
            Some("options") => {
                let option = |word: &str| match word.split_once(':') {
                    Some((name, value)) if !value.is_empty() => (Value::str(name), Value::str(value)),
                    Some((name, _)) => (Value::str(name), Value::Bool(true)),
                    None => (Value::str(word), Value::Bool(true)),
                };
                fact.insert("options", words.map(option).collect::<Dict>());
            }
            _ => {}
        }
    }
    fact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_resolv_conf_has() {
        let text = "# x\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch a.example b.example\noptions edns0 ndots:2\n";
        let fact = parse(text.lines());
        assert_eq!(fact.get("nameservers"), Some(&Value::list(["10.0.0.1".into(), "10.0.0.2".into()])));
        assert_eq!(fact.get("options").unwrap().get("ndots"), Some(&"2".into()));
        assert_eq!(fact.get("options").unwrap().get("edns0"), Some(&true.into()));
        assert_eq!(fact.get("search").unwrap().as_slice().unwrap().len(), 2);
    }
}
