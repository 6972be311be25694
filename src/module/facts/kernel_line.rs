//! `cmdline`: what the kernel was started with.

use super::gather::{Gather, content};
use crate::value::{Dict, Value};

/// Collects it: `cmdline` keeps the last value of a word, `proc_cmdline` all of them.
pub fn collect(_: &mut Gather<'_>) -> Dict {
    let mut facts = Dict::new();
    let Some(line) = content("/proc/cmdline") else { return facts };
    let (last, all) = parse(&line);
    facts.insert("cmdline", last);
    facts.insert("proc_cmdline", all);
    facts
}

fn parse(line: &str) -> (Dict, Dict) {
    let (mut last, mut all) = (Dict::new(), Dict::new());
    for piece in pieces(line) {
        match piece.split_once('=') {
            None => {
                last.insert(piece, true);
                all.insert(piece, true);
            }
            Some((key, value)) => {
                last.insert(key, value);
                let gathered = match all.get(key) {
                    None => Value::str(value),
                    Some(Value::List(values)) => Value::list(values.iter().cloned().chain([Value::str(value)])),
                    Some(first) => Value::list([first.clone(), Value::str(value)]),
                };
                all.insert(key, gathered);
            }
        }
    }
    (last, all)
}

/// Words at blanks; quotes hold a word together and stay in it.
fn pieces(line: &str) -> Vec<&str> {
    let mut quote = None;
    let blank = move |c: char| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        quote.is_none() && c.is_ascii_whitespace()
    };
    line.split(blank).filter(|piece| !piece.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_come_twice_are_kept() {
        let (last, all) = parse("root=/dev/vda ro console=tty0 console=ttyS0 opt=\"a b\"");
        assert_eq!(last.get("console"), Some(&"ttyS0".into()));
        assert_eq!(last.get("ro"), Some(&true.into()));
        assert_eq!(last.get("opt"), Some(&"\"a b\"".into()));
        assert_eq!(all.get("console"), Some(&Value::list(["tty0".into(), "ttyS0".into()])));
    }
}
