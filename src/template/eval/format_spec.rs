//! Python's format specification mini-language, for `str.format` and printf formatting alike.

use crate::error::{Error, Result};
use crate::value::Value;
use num_bigint::BigInt;
use num_traits::Signed;

/// `[[fill]align][sign][#][0][width][grouping][.precision][type]`
#[derive(Clone, Debug)]
pub struct Spec {
    /// Pads with this.
    pub fill: char,
    /// `<`, `>`, `^` or `=`.
    pub align: Option<char>,
    /// `+`, `-` or a blank.
    pub sign: char,
    /// `#`
    pub alternate: bool,
    /// `0` before the width.
    pub zero: bool,
    /// Least width.
    pub width: usize,
    /// `,` or `_` between groups of digits.
    pub grouping: Option<char>,
    /// Digits behind the point, or most characters.
    pub precision: Option<usize>,
    /// The type letter.
    pub kind: Option<char>,
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            fill: ' ',
            align: None,
            sign: '-',
            alternate: false,
            zero: false,
            width: 0,
            grouping: None,
            precision: None,
            kind: None,
        }
    }
}

impl Spec {
    /// What stands before a number that is not negative.
    pub fn sign_text(&self) -> &'static str {
        match self.sign {
            '+' => "+",
            ' ' => " ",
            _ => "",
        }
    }
}

const WIDEST: usize = 1 << 22;
/// Rust's own formatting counts digits in 16 bits.
const MOST_DIGITS: usize = 60_000;

/// Refuses widths that would fill the memory.
pub fn check_size(spec: &Spec) -> Result<()> {
    if spec.width > WIDEST || spec.precision.is_some_and(|precision| precision > MOST_DIGITS) {
        return Err(Error::template("Too many decimal digits in format string"));
    }
    Ok(())
}

/// Reads a specification; `type_name` is for the message.
pub fn parse(text: &str, type_name: &str) -> Result<Spec> {
    let mut spec = Spec::default();
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    let is_align = |c: Option<&char>| c.is_some_and(|c| matches!(c, '<' | '>' | '=' | '^'));
    if is_align(chars.get(1)) {
        spec.fill = chars[0];
        spec.align = Some(chars[1]);
        at = 2;
    } else if is_align(chars.first()) {
        spec.align = Some(chars[0]);
        at = 1;
    }
    if let Some(sign) = chars.get(at).filter(|c| matches!(c, '+' | '-' | ' ')) {
        spec.sign = *sign;
        at += 1;
    }
    if chars.get(at) == Some(&'z') {
        at += 1;
    }
    if chars.get(at) == Some(&'#') {
        spec.alternate = true;
        at += 1;
    }
    if chars.get(at) == Some(&'0') {
        spec.zero = spec.align.is_none();
        if at < 2 || spec.align != Some(chars[1]) {
            spec.fill = '0';
        }
        at += 1;
    }
    let digits = |at: &mut usize| -> Result<Option<usize>> {
        let start = *at;
        while chars.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
        if start == *at {
            return Ok(None);
        }
        let number: String = chars[start..*at].iter().collect();
        number.parse().map(Some).map_err(|_| Error::template("Too many decimal digits in format string"))
    };
    spec.width = digits(&mut at)?.unwrap_or(0);
    if let Some(grouping) = chars.get(at).filter(|c| matches!(c, ',' | '_')) {
        spec.grouping = Some(*grouping);
        at += 1;
    }
    if chars.get(at) == Some(&'.') {
        at += 1;
        spec.precision = Some(digits(&mut at)?.ok_or_else(|| Error::template("Format specifier missing precision"))?);
    }
    if let Some(kind) = chars.get(at) {
        spec.kind = Some(*kind);
        at += 1;
    }
    if at < chars.len() {
        return Err(Error::template(format!("Invalid format specifier '{text}' for object of type '{type_name}'")));
    }
    check_size(&spec)?;
    Ok(spec)
}

/// Pads a text to the width.
pub fn pad(text: &str, spec: &Spec, default: char, out: &mut String) {
    let missing = spec.width.saturating_sub(text.chars().count());
    let fill = |out: &mut String, n: usize| out.extend(std::iter::repeat_n(spec.fill, n));
    let before = match spec.align.unwrap_or(default) {
        '<' => 0,
        '^' => missing / 2,
        _ => missing,
    };
    fill(out, before);
    out.push_str(text);
    fill(out, missing - before);
}

/// Pads a number: its sign stays in front of zeros.
fn pad_number(sign: &str, prefix: &str, digits: &str, spec: &Spec) -> String {
    let mut out = String::new();
    let zeros = spec.zero && spec.align.is_none();
    if zeros || spec.align == Some('=') {
        let fill = if zeros { '0' } else { spec.fill };
        let width = spec.width.saturating_sub(sign.len() + prefix.len());
        let mut digits = digits.to_string();
        if let (Some(separator), '0') = (spec.grouping, fill) {
            digits = zero_groups(
                &digits,
                separator,
                if spec.kind.is_none_or(|kind| !"xXbo".contains(kind)) { 3 } else { 4 },
                width,
            );
        }
        let missing = width.saturating_sub(digits.chars().count());
        out.push_str(sign);
        out.push_str(prefix);
        out.extend(std::iter::repeat_n(fill, missing));
        out.push_str(&digits);
        return out;
    }
    pad(&format!("{sign}{prefix}{digits}"), spec, '>', &mut out);
    out
}

/// Puts zeros before digits with separators, keeping the groups.
fn zero_groups(digits: &str, separator: char, size: usize, width: usize) -> String {
    let whole_end = digits.find(['.', 'e', '%']).unwrap_or(digits.len());
    let (whole, tail) = digits.split_at(whole_end);
    let mut plain: String = whole.chars().filter(|c| *c != separator).collect();
    loop {
        let shown = group(&plain, separator, size);
        if shown.len() + tail.len() >= width {
            return shown + tail;
        }
        plain.insert(0, '0');
    }
}

fn group(digits: &str, separator: char, size: usize) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / size);
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// `0x` and its like.
pub fn prefix(kind: Option<char>) -> &'static str {
    match kind {
        Some('x') => "0x",
        Some('X') => "0X",
        Some('o') => "0o",
        Some('b') => "0b",
        _ => "",
    }
}

/// An integer after a specification.
pub fn integer(number: &BigInt, spec: &Spec) -> Result<String> {
    if spec.precision.is_some() {
        return Err(Error::template("Precision not allowed in integer format specifier"));
    }
    let sign = if number.is_negative() { "-" } else { spec.sign_text() };
    let magnitude = number.magnitude();
    let (mut digits, size) = match spec.kind {
        None | Some('d' | 'n') => (magnitude.to_str_radix(10), 3),
        Some('x') => (magnitude.to_str_radix(16), 4),
        Some('X') => (magnitude.to_str_radix(16).to_uppercase(), 4),
        Some('o') => (magnitude.to_str_radix(8), 4),
        Some('b') => (magnitude.to_str_radix(2), 4),
        Some(other) => return Err(unknown_code(other, "int")),
    };
    if let Some(separator) = spec.grouping {
        if separator == ',' && size == 4 {
            return Err(Error::template(format!("Cannot specify ',' with '{}'.", spec.kind.unwrap_or('d'))));
        }
        digits = group(&digits, separator, size);
    }
    let prefix = if spec.alternate { prefix(spec.kind) } else { "" };
    Ok(pad_number(sign, prefix, &digits, spec))
}

fn unknown_code(code: char, type_name: &str) -> Error {
    Error::template(format!("Unknown format code '{code}' for object of type '{type_name}'"))
}

/// A float after a specification.
pub fn float(number: f64, spec: &Spec) -> Result<String> {
    let kind = spec.kind;
    let sign = if number.is_sign_negative() && !number.is_nan() { "-" } else { spec.sign_text() };
    let magnitude = number.abs();
    let upper = kind.is_some_and(|kind| kind.is_ascii_uppercase());
    let mut digits = if magnitude.is_nan() {
        "nan".to_string()
    } else if magnitude.is_infinite() {
        "inf".to_string()
    } else {
        let precision = spec.precision.unwrap_or(6);
        match kind {
            Some('f' | 'F') => fixed(magnitude, precision, spec.alternate),
            Some('e' | 'E') => exponent(magnitude, precision, spec.alternate),
            Some('g' | 'G' | 'n') => general(magnitude, precision, spec.alternate),
            Some('%') => fixed(magnitude * 100.0, precision, spec.alternate),
            None => match spec.precision {
                None => Value::Float(magnitude).repr(),
                Some(precision) => {
                    keep_point(general(magnitude, precision.max(1), spec.alternate), magnitude, precision)
                }
            },
            Some(other) => return Err(unknown_code(other, "float")),
        }
    };
    if upper {
        digits = digits.to_uppercase();
    }
    if let Some(separator) = spec.grouping {
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits = group(&digits[..end], separator, 3) + &digits[end..];
    }
    if kind == Some('%') {
        digits.push('%');
    }
    Ok(pad_number(sign, "", &digits, spec))
}

fn fixed(number: f64, precision: usize, alternate: bool) -> String {
    let text = format!("{number:.precision$}");
    if alternate && precision == 0 { text + "." } else { text }
}

fn exponent(number: f64, precision: usize, alternate: bool) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    let point = if alternate && precision == 0 { "." } else { "" };
    format!("{mantissa}{point}e{sign}{:02}", power.abs())
}

fn general(number: f64, precision: usize, alternate: bool) -> String {
    let precision = precision.max(1);
    let rounded = format!("{number:.*e}", precision - 1);
    let power: i32 = rounded.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    if power < -4 || power >= precision as i32 {
        let text = exponent(number, precision - 1, alternate);
        if alternate {
            return text;
        }
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, ""));
        return format!("{}e{power}", strip_zeros(mantissa));
    }
    let text = fixed(number, (precision as i32 - 1 - power).max(0) as usize, alternate);
    if alternate { text } else { strip_zeros(&text).to_string() }
}

fn strip_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Without a type letter a float keeps at least one digit behind its point, and turns to exponents one digit earlier.
fn keep_point(text: String, number: f64, precision: usize) -> String {
    if text.contains(['.', 'e']) {
        return text;
    }
    if text.len() >= precision.max(1) && number != 0.0 {
        return exponent(number, precision.saturating_sub(1), false)
            .split_once('e')
            .map_or(text, |(mantissa, power)| format!("{}e{power}", strip_zeros(mantissa)));
    }
    text + ".0"
}

/// `format(value, spec)`
pub fn format_value(value: &Value, text: &str) -> Result<String> {
    if text.is_empty() {
        return Ok(value.to_text().into_owned());
    }
    if let Value::Moment(moment) = value {
        return super::methods::moment::strftime(moment, text);
    }
    let spec = parse(text, value.type_name())?;
    match value {
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) => {
            let number = match value {
                Value::BigInt(number) => (**number).clone(),
                other => BigInt::from(other.as_i64().unwrap_or(0)),
            };
            match spec.kind {
                Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => float(value.as_f64().unwrap_or(f64::NAN), &spec),
                Some('c') => {
                    let c = num_traits::ToPrimitive::to_u32(&number).and_then(char::from_u32);
                    let c = c.ok_or_else(|| Error::template("%c arg not in range(0x110000)"))?;
                    let mut out = String::new();
                    pad(&c.to_string(), &spec, '<', &mut out);
                    Ok(out)
                }
                _ => integer(&number, &spec),
            }
        }
        Value::Float(number) => float(*number, &spec),
        Value::Str(text) => {
            if let Some(kind) = spec.kind.filter(|kind| *kind != 's') {
                return Err(unknown_code(kind, "str"));
            }
            if spec.align == Some('=') {
                return Err(Error::template("'=' alignment not allowed in string format specifier"));
            }
            if spec.sign != '-' {
                return Err(Error::template("Sign not allowed in string format specifier"));
            }
            let cut = spec.precision.map_or(text.as_str(), |most| super::strings::head(text, most));
            let mut out = String::new();
            pad(cut, &spec, '<', &mut out);
            Ok(out)
        }
        other => Err(Error::template(format!("unsupported format string passed to {}.__format__", other.type_name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: impl Into<Value>, spec: &str) -> String {
        format_value(&value.into(), spec).unwrap_or_else(|error| error.message().to_string())
    }

    #[test]
    fn numbers_follow_their_specification() {
        assert_eq!(text(1_234_567, ","), "1,234,567");
        assert_eq!(text(5, "08b"), "00000101");
        assert_eq!(text(255, "#x"), "0xff");
        assert_eq!(text(-5, "+04d"), "-005");
        assert_eq!(text(12345.678, "e"), "1.234568e+04");
        assert_eq!(text(0.5, ".1%"), "50.0%");
        assert_eq!(text(1e20, ".3"), "1e+20");
        assert_eq!(text(3.0, ".2"), "3.0");
        assert_eq!(text(0.0001, "g"), "0.0001");
        assert_eq!(text(1234, "010,"), "00,001,234");
    }

    #[test]
    fn texts_are_padded_and_cut() {
        assert_eq!(text("abc", "*^7.2"), "**ab***");
        assert_eq!(text("abc", "d"), "Unknown format code 'd' for object of type 'str'");
    }
}
