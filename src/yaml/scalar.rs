//! Texts of scalars to values, with Python's rules and Python's errors.

use crate::value::{Moment, TimeDelta, Value};
use jiff::civil;
use num_bigint::BigInt;
use num_traits::Num;

type Built = Result<Value, String>;

/// `!!bool`
pub(super) fn boolean(text: &str) -> Built {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" => Ok(Value::Bool(true)),
        "no" | "false" | "off" => Ok(Value::Bool(false)),
        other => Err(Value::str(other).repr()),
    }
}

/// `!!int`
pub(super) fn integer(text: &str) -> Built {
    let plain = text.replace('_', "");
    if plain.is_empty() {
        return Err("string index out of range".into());
    }
    let negative = plain.starts_with('-');
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    if digits.is_empty() {
        return Err("string index out of range".into());
    }
    let number = if digits == "0" {
        BigInt::ZERO
    } else if let Some(bits) = digits.strip_prefix("0b") {
        python_int(bits, 2)?
    } else if let Some(hex) = digits.strip_prefix("0x") {
        python_int(hex, 16)?
    } else if digits.starts_with('0') {
        python_int(digits, 8)?
    } else if digits.contains(':') {
        digits.split(':').try_fold(BigInt::ZERO, |sum, part| Ok::<_, String>(sum * 60 + python_int(part, 10)?))?
    } else {
        python_int(digits, 10)?
    };
    Ok(Value::int(if negative { -number } else { number }))
}

/// `int(text, base)`
fn python_int(text: &str, base: u32) -> Result<BigInt, String> {
    let digits = text.trim();
    if let Ok(small) = i64::from_str_radix(digits, base) {
        return Ok(small.into());
    }
    let wrong = || format!("invalid literal for int() with base {base}: {}", Value::str(text).repr());
    let (sign, rest) = match digits.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, digits.strip_prefix('+').unwrap_or(digits)),
    };
    if rest.is_empty() || !rest.bytes().all(|b| (b as char).is_digit(base)) {
        return Err(wrong());
    }
    BigInt::from_str_radix(rest, base).map(|number| number * sign).map_err(|_| wrong())
}

/// `!!float`
pub(super) fn float(text: &str) -> Built {
    let plain = text.replace('_', "").to_lowercase();
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    if digits.is_empty() {
        return Err("string index out of range".into());
    }
    let number = match digits {
        ".inf" => f64::INFINITY,
        ".nan" => return Ok(Value::Float(f64::NAN)),
        _ if digits.contains(':') => {
            digits.split(':').try_fold(0.0, |sum, part| Ok::<_, String>(sum * 60.0 + python_float(part)?))?
        }
        _ => python_float(digits)?,
    };
    Ok(Value::Float(if plain.starts_with('-') { -number } else { number }))
}

/// `float(text)`
fn python_float(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("could not convert string to float: {}", Value::str(text).repr()))
}

/// `!!binary`: base64 as Python's lenient decoder reads it.
pub(super) fn binary(text: &str) -> Result<Vec<u8>, String> {
    if let Some(at) = text.chars().position(|c| !c.is_ascii()) {
        let c = text.chars().nth(at).unwrap_or_default();
        return Err(format!(
            "failed to convert base64 data into ascii: 'ascii' codec can't encode character {} in position {at}: ordinal not in range(128)",
            escaped(c)
        ));
    }
    decode_base64(text.as_bytes()).map_err(|why| format!("failed to decode base64 data: {why}"))
}

/// A character as Python's codec errors show it.
pub(super) fn escaped(c: char) -> String {
    match c as u32 {
        code @ 0..=0xff => format!("'\\x{code:02x}'"),
        code @ 0x100..=0xffff => format!("'\\u{code:04x}'"),
        code => format!("'\\U{code:08x}'"),
    }
}

fn decode_base64(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (mut out, mut bits, mut count, mut pads) = (Vec::with_capacity(bytes.len() * 3 / 4), 0u32, 0usize, 0usize);
    for byte in bytes {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                pads += 1;
                if count % 4 >= 2 && count % 4 + pads >= 4 {
                    return Ok(out);
                }
                continue;
            }
            _ => continue,
        };
        pads = 0;
        bits = bits << 6 | u32::from(six);
        match count % 4 {
            1 => out.push((bits >> 4) as u8),
            2 => out.push((bits >> 2) as u8),
            3 => out.push(bits as u8),
            _ => {}
        }
        count += 1;
    }
    match count % 4 {
        0 => Ok(out),
        1 => Err(format!(
            "Invalid base64-encoded string: number of data characters ({count}) cannot be 1 more than a multiple of 4"
        )),
        _ => Err("Incorrect padding".into()),
    }
}

/// The parts of a timestamp's text, checked for shape only.
pub(super) struct Stamp {
    year: u16,
    month: u8,
    day: u8,
    pub time: Option<Clock>,
}

pub(super) struct Clock {
    hour: u8,
    minute: u8,
    second: u8,
    micro: u32,
    offset: Option<i32>,
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let count = self.0.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    }

    fn eat(&mut self, set: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        set.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn blanks(&mut self) -> usize {
        std::iter::from_fn(|| self.eat(b" \t")).count()
    }
}

impl Stamp {
    pub fn parse(text: &str) -> Option<Stamp> {
        let mut cursor = Cursor(text.as_bytes());
        let year = cursor.digits(4, 4)? as u16;
        cursor.eat(b"-")?;
        let month = cursor.digits(1, 2)? as u8;
        cursor.eat(b"-")?;
        let day = cursor.digits(1, 2)? as u8;
        let time = if cursor.0.is_empty() { None } else { Some(Clock::parse(&mut cursor)?) };
        Some(Stamp { year, month, day, time })
    }
}

impl Clock {
    fn parse(cursor: &mut Cursor<'_>) -> Option<Clock> {
        if cursor.eat(b"Tt").is_none() && cursor.blanks() == 0 {
            return None;
        }
        let hour = cursor.digits(1, 2)? as u8;
        cursor.eat(b":")?;
        let minute = cursor.digits(2, 2)? as u8;
        cursor.eat(b":")?;
        let second = cursor.digits(2, 2)? as u8;
        let mut micro = 0;
        if cursor.eat(b".").is_some() {
            let mut scale = 100_000;
            while let Some(digit) = cursor.digits(1, 1) {
                micro += digit * scale;
                scale /= 10;
            }
        }
        let before = cursor.0;
        cursor.blanks();
        let offset = match cursor.eat(b"Z+-") {
            Some(b'Z') => Some(0),
            Some(sign) => {
                let hours = cursor.digits(1, 2)? as i32;
                let minutes = if cursor.eat(b":").is_some() { cursor.digits(2, 2)? as i32 } else { 0 };
                let seconds = hours * 3600 + minutes * 60;
                Some(if sign == b'-' { -seconds } else { seconds })
            }
            None => {
                cursor.0 = before;
                None
            }
        };
        cursor.0.is_empty().then_some(Clock { hour, minute, second, micro, offset })
    }
}

/// `!!timestamp`
pub(super) fn timestamp(text: &str) -> Result<Moment, String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let stamp = Stamp::parse(text).ok_or("'NoneType' object has no attribute 'groupdict'")?;
    if stamp.year == 0 {
        return Err("year 0 is out of range".into());
    }
    if !(1..=12).contains(&stamp.month) {
        return Err("month must be in 1..12".into());
    }
    let date = civil::Date::new(stamp.year as i16, stamp.month as i8, stamp.day as i8)
        .map_err(|_| "day is out of range for month".to_string())?;
    let Some(clock) = stamp.time else { return Ok(Moment::Date(date)) };
    for (name, number, limit) in [("hour", clock.hour, 23), ("minute", clock.minute, 59), ("second", clock.second, 59)]
    {
        if number > limit {
            return Err(format!("{name} must be in 0..{limit}"));
        }
    }
    if let Some(seconds) = clock.offset.filter(|seconds| seconds.abs() >= 86_400) {
        let offset = Moment::Delta(TimeDelta { microseconds: i128::from(seconds) * 1_000_000 }).repr();
        return Err(format!(
            "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {offset}."
        ));
    }
    let time = civil::Time::new(clock.hour as i8, clock.minute as i8, clock.second as i8, clock.micro as i32 * 1000)
        .map_err(|error| error.to_string())?;
    Ok(Moment::DateTime(date.to_datetime(time), clock.offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_every_base() {
        for (text, number) in
            [("0644", 420), ("0x_1F", 31), ("-0b101", -5), ("1:30", 90), ("-1:00:00", -3600), ("1_000", 1000)]
        {
            assert_eq!(integer(text), Ok(Value::Int(number)), "{text}");
        }
        assert_eq!(integer("123456789012345678901").unwrap().to_text(), "123456789012345678901");
        assert_eq!(integer("bar").unwrap_err(), "invalid literal for int() with base 10: 'bar'");
    }

    #[test]
    fn a_timestamp_keeps_its_offset() {
        let moment = timestamp("2001-12-14t21:59:43.10-05:00").unwrap();
        assert_eq!(moment.to_string(), "2001-12-14 21:59:43.100000-05:00");
        assert_eq!(timestamp("2020-13-01").unwrap_err(), "month must be in 1..12");
    }

    #[test]
    fn base64_is_read_leniently() {
        assert_eq!(binary("aGVs\n bG8=").unwrap(), b"hello");
        assert_eq!(binary("aGVsbG8").unwrap_err(), "failed to decode base64 data: Incorrect padding");
    }
}
