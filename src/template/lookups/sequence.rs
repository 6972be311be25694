//! `lookup('sequence', ...)`: numbers in steps, formatted.

use super::kv;
use super::options::Options;
use crate::error::{Error, Result};
use crate::template::pyregex::{self, Flags};
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("sequence", run);

/// `[start-]end[/stride][:format]`.
const SHORTCUT: &str = r"^((0?x?[0-9a-f]+)-)?(0?x?[0-9a-f]+)(/(0?x?[0-9a-f]+))?(:(.+))?$";

const FIELDS: [&str; 5] = ["start", "end", "stride", "count", "format"];

fn run(_: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    // everything may come by name, and there is still one sequence to make
    let terms = if terms.is_empty() && !options.is_empty() { vec![Value::str("")] } else { terms };
    let mut numbers = Vec::new();
    for term in &terms {
        let mut options = Options::new("sequence", options.clone());
        let term = term.as_str().ok_or_else(|| {
            Error::template(format!(
                "unknown error parsing with_sequence arguments: {}. Error was: expected string or bytes-like object, \
                 got '{}'",
                term.repr(),
                term.type_name()
            ))
        })?;
        read_term(term, &mut options)?;
        numbers.extend(sequence(&options)?);
    }
    Ok(numbers)
}

fn read_term(term: &str, options: &mut Options) -> Result<()> {
    let shortcut = pyregex::compile(SHORTCUT, Flags { ignore_case: true, ..Flags::default() })?;
    if let Some(found) = shortcut.match_start(term)? {
        for (name, group) in [("start", 2), ("end", 3), ("stride", 5), ("format", 7)] {
            if let Some(text) = found.group(term, group) {
                options.set(name, text.into());
            }
        }
        return Ok(());
    }
    let words = kv::parse(term).map_err(|why| {
        let term = Value::str(term).repr();
        Error::template(format!("unknown error parsing with_sequence arguments: {term}. Error was: {}", why.message()))
    })?;
    let mut unknown: Vec<String> = Vec::new();
    for (name, value) in &words.options {
        if FIELDS.contains(&name.as_str()) {
            options.set(name, value.as_str().into());
        } else {
            unknown.push(format!("'{name}'"));
        }
    }
    unknown.extend(words.raw.as_ref().map(|_| "'_raw_params'".to_string()));
    if !unknown.is_empty() {
        return Err(Error::template(format!("unrecognized arguments to with_sequence: [{}]", unknown.join(", "))));
    }
    Ok(())
}

fn sequence(options: &Options) -> Result<Vec<Value>> {
    let start = options.int("start", "integer")?.unwrap_or(1);
    let stride = options.int("stride", "integer")?.unwrap_or(1);
    let (end, count) = (options.int("end", "integer")?, options.int("count", "integer")?);
    let format = options.text("format", "%d");
    let (start, stride) = (i128::from(start), i128::from(stride));
    let end = match (end.map(i128::from), count.map(i128::from)) {
        (None, None) => return Err(Error::template("must specify count or end in with_sequence")),
        (Some(_), Some(_)) => return Err(Error::template("can't specify both count and end in with_sequence")),
        (None, Some(0)) => return Ok(Vec::new()),
        (None, Some(count)) => start + count * stride - 1,
        (Some(end), None) => end,
    };
    if stride > 0 && end < start {
        return Err(Error::template("to count backwards make stride negative"));
    }
    if stride < 0 && end > start {
        return Err(Error::template("to count forward don't make stride negative"));
    }
    if stride == 0 {
        return Ok(Vec::new());
    }
    if format.matches('%').count() != 1 {
        return Err(Error::template(format!("bad formatting string: {format}")));
    }
    if (end - start) / stride > 100_000_000 {
        return Err(Error::template("the sequence has too many numbers"));
    }
    let mut numbers = Vec::new();
    let mut number = start;
    while if stride > 0 { number <= end } else { number >= end } {
        let text = format_number(&format, number).ok_or_else(|| {
            Error::template(format!("problem formatting {number} with {}", Value::str(format.as_str()).repr()))
        })?;
        numbers.push(text.into());
        number += stride;
    }
    Ok(numbers)
}

/// Python's `format % number` for a format with one conversion.
fn format_number(format: &str, number: i128) -> Option<String> {
    let (head, rest) = format.split_once('%')?;
    let flags_end = rest.find(|c| !"#0- +".contains(c))?;
    let (flags, rest) = rest.split_at(flags_end);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (width, rest) = rest.split_at(digits(rest));
    let (precision, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (precision, rest) = rest.split_at(digits(rest));
            (Some(precision.parse::<usize>().unwrap_or(0)), rest)
        }
        None => (None, rest),
    };
    let rest = rest.trim_start_matches(['h', 'l', 'L']);
    let conversion = rest.chars().next()?;
    let tail = &rest[conversion.len_utf8()..];
    let alternate = flags.contains('#');
    let magnitude = number.unsigned_abs();
    let (prefix, body) = match conversion {
        'd' | 'i' | 'u' => ("", magnitude.to_string()),
        'o' => (if alternate { "0o" } else { "" }, format!("{magnitude:o}")),
        'x' => (if alternate { "0x" } else { "" }, format!("{magnitude:x}")),
        'X' => (if alternate { "0X" } else { "" }, format!("{magnitude:X}")),
        'f' | 'F' => ("", format!("{:.*}", precision.unwrap_or(6), magnitude as f64)),
        'e' | 'E' => ("", exponent(magnitude as f64, precision.unwrap_or(6), conversion)),
        'g' | 'G' => ("", if magnitude < 1_000_000 { magnitude.to_string() } else { shortest(magnitude as f64) }),
        's' | 'r' | 'a' => {
            let text: String = number.to_string().chars().take(precision.unwrap_or(usize::MAX)).collect();
            return Some(format!("{head}{}{tail}", pad(text, width, flags.contains('-'))));
        }
        'c' => {
            let c = u32::try_from(number).ok().and_then(char::from_u32)?;
            return Some(format!("{head}{}{tail}", pad(c.to_string(), width, flags.contains('-'))));
        }
        _ => return None,
    };
    let body = match (precision, "diuoxX".contains(conversion)) {
        (Some(precision), true) => format!("{body:0>precision$}"),
        _ => body,
    };
    let sign = match (number < 0, flags.contains('+'), flags.contains(' ')) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let missing = width.parse::<usize>().unwrap_or(0).saturating_sub(sign.len() + prefix.len() + body.len());
    let number = match (flags.contains('-'), flags.contains('0')) {
        (false, true) => format!("{sign}{prefix}{}{body}", "0".repeat(missing)),
        (left, _) => pad(format!("{sign}{prefix}{body}"), width, left),
    };
    Some(format!("{head}{number}{tail}"))
}

fn pad(text: String, width: &str, left: bool) -> String {
    let width = width.parse::<usize>().unwrap_or(0);
    if left { format!("{text:<width$}") } else { format!("{text:>width$}") }
}

fn exponent(number: f64, precision: usize, letter: char) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}{letter}+{power:0>2}")
}

fn shortest(number: f64) -> String {
    let text = exponent(number, 5, 'e');
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "+00"));
    format!("{}e{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(term: &str) -> String {
        let mut options = Options::new("sequence", Dict::new());
        let done = read_term(term, &mut options).and_then(|()| sequence(&options));
        match done {
            Ok(numbers) => numbers.iter().map(|number| number.to_text().into_owned()).collect::<Vec<_>>().join(","),
            Err(why) => why.message().to_string(),
        }
    }

    #[test]
    fn shortcuts_and_words_mean_the_same() {
        for (term, numbers) in [
            ("5-8", "5,6,7,8"),
            ("2-10/2", "2,4,6,8,10"),
            ("4:host%02d", "host01,host02,host03,host04"),
            ("start=5 end=11 stride=2 format=0x%02x", "0x05,0x07,0x09,0x0b"),
            ("start=10 end=0 stride=-5", "10,5,0"),
            ("start=0 count=5 stride=2", "0,2,4,6,8"),
            ("count=0", ""),
            ("count=2 format=%5.2f", " 1.00, 2.00"),
            ("end=010 start=9 format=%s-x", "9-x,10-x"),
        ] {
            assert_eq!(run(term), numbers, "{term}");
        }
    }

    #[test]
    fn wrong_words_are_named() {
        assert_eq!(run("foo=1"), "unrecognized arguments to with_sequence: ['foo']");
        assert_eq!(run("start=10 end=0"), "to count backwards make stride negative");
        assert_eq!(run("count=2 format=%q"), "problem formatting 1 with '%q'");
    }
}
