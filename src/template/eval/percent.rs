//! `'%s is %d' % values`: printf formatting as Python does it.

use super::format_spec::{self, Spec};
use crate::error::{Error, Result};
use crate::value::Value;
use num_bigint::BigInt;

struct Arguments<'a> {
    all: &'a Value,
    next: usize,
    named: bool,
}

impl<'a> Arguments<'a> {
    fn take(&mut self) -> Result<&'a Value> {
        let at = self.next;
        self.next += 1;
        let found = match self.all {
            Value::Tuple(items) => items.get(at),
            single => (at == 0).then_some(single),
        };
        found.ok_or_else(|| Error::template("not enough arguments for format string"))
    }
}

/// `format % values`
pub fn format(format: &str, values: &Value) -> Result<Value> {
    let mut arguments = Arguments { all: values, next: 0, named: false };
    let mut out = String::with_capacity(format.len() + 16);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = conversion(rest, format, &mut arguments, &mut out)?;
    }
    out.push_str(rest);
    let left_over = match values {
        Value::Tuple(items) => arguments.next < items.len(),
        Value::Dict(_) | Value::List(_) => false,
        Value::Object(object) => object.keys().is_none() && arguments.next == 0,
        _ => arguments.next == 0,
    };
    if left_over && !arguments.named {
        return Err(Error::template("not all arguments converted during string formatting"));
    }
    Ok(Value::from(out))
}

/// One conversion behind its `%`; gives what follows it.
fn conversion<'t>(mut rest: &'t str, format: &str, arguments: &mut Arguments<'_>, out: &mut String) -> Result<&'t str> {
    let incomplete = || Error::template("incomplete format");
    let mut named = None;
    if let Some(body) = rest.strip_prefix('(') {
        let mut depth = 1;
        let end = body.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        let end = end.ok_or_else(|| Error::template("incomplete format key"))?;
        named = Some(lookup(arguments, &body[..end])?);
        rest = &body[end + 1..];
    }
    let mut spec = Spec::default();
    while let Some(c) = rest.chars().next() {
        match c {
            '-' => spec.align = Some('<'),
            '+' => spec.sign = '+',
            ' ' if spec.sign != '+' => spec.sign = ' ',
            ' ' => {}
            '#' => spec.alternate = true,
            '0' => spec.zero = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    rest = number(rest, arguments, &mut |n| {
        if n < 0 {
            spec.align = Some('<');
        }
        spec.width = n.unsigned_abs() as usize;
    })?;
    if let Some(after) = rest.strip_prefix('.') {
        spec.precision = Some(0);
        rest = number(after, arguments, &mut |n| spec.precision = Some(n.max(0) as usize))?;
    }
    format_spec::check_size(&spec)?;
    rest = rest.strip_prefix(['h', 'l', 'L']).unwrap_or(rest);
    let kind = rest.chars().next().ok_or_else(incomplete)?;
    let after = &rest[kind.len_utf8()..];
    if kind == '%' {
        out.push('%');
        return Ok(after);
    }
    let value = match named {
        Some(value) => value,
        None => arguments.take()?.clone(),
    };
    let at = format.chars().count() - rest.chars().count();
    convert(kind, &value, spec, at, out)?;
    Ok(after)
}

fn lookup(arguments: &mut Arguments<'_>, key: &str) -> Result<Value> {
    arguments.named = true;
    let missing = || Error::template(Value::str(key).repr());
    match arguments.all {
        Value::Dict(dict) => dict.get(key).cloned().ok_or_else(missing),
        Value::Object(object) if object.keys().is_some() => object.get(&Value::str(key))?.ok_or_else(missing),
        _ => Err(Error::template("format requires a mapping")),
    }
}

/// A number or `*`, if one is there.
fn number<'t>(rest: &'t str, arguments: &mut Arguments<'_>, set: &mut dyn FnMut(i64)) -> Result<&'t str> {
    if let Some(after) = rest.strip_prefix('*') {
        set(arguments.take()?.as_i64().ok_or_else(|| Error::template("* wants int"))?);
        return Ok(after);
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if end > 0 {
        set(rest[..end].parse().map_err(|_| Error::template("width too big"))?);
    }
    Ok(&rest[end..])
}

fn convert(kind: char, value: &Value, mut spec: Spec, at: usize, out: &mut String) -> Result<()> {
    let not_real =
        |what: &str| Error::template(format!("%{kind} format: {what} is required, not {}", value.type_name()));
    match kind {
        's' | 'r' | 'a' => {
            let text = match kind {
                's' => value.to_text().into_owned(),
                'r' => value.repr(),
                _ => super::strings::ascii(value),
            };
            let cut = spec.precision.map_or(text.as_str(), |most| super::strings::head(&text, most));
            format_spec::pad(cut, &spec, '>', out);
        }
        'c' => {
            let c = match value {
                Value::Str(text) if text.chars().count() == 1 => text.to_string(),
                Value::Int(code) => u32::try_from(*code)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(|| Error::template("%c arg not in range(0x110000)"))?
                    .to_string(),
                _ => return Err(Error::template("%c requires int or char")),
            };
            format_spec::pad(&c, &spec, '>', out);
        }
        'd' | 'i' | 'u' => {
            let number = match value {
                Value::Float(number) if number.is_finite() => {
                    num_traits::FromPrimitive::from_f64(number.trunc()).unwrap_or_default()
                }
                other => integer(other).ok_or_else(|| not_real("a real number"))?,
            };
            spec.kind = Some('d');
            put_integer(&number, spec, out)?;
        }
        'x' | 'X' | 'o' => {
            spec.kind = Some(kind);
            put_integer(&integer(value).ok_or_else(|| not_real("an integer"))?, spec, out)?;
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let number = value
                .as_f64()
                .ok_or_else(|| Error::template(format!("must be real number, not {}", value.type_name())))?;
            spec.kind = Some(kind);
            spec.precision = Some(spec.precision.unwrap_or(6));
            numeric_alignment(&mut spec);
            out.push_str(&format_spec::float(number, &spec)?);
        }
        other => {
            return Err(Error::template(format!(
                "unsupported format character '{other}' ({:#x}) at index {at}",
                other as u32
            )));
        }
    }
    Ok(())
}

fn integer(value: &Value) -> Option<BigInt> {
    match value {
        Value::BigInt(number) => Some((**number).clone()),
        other => other.as_i64().map(BigInt::from),
    }
}

/// In printf, `-` wins over `0`, and zeros go between sign and digits.
fn numeric_alignment(spec: &mut Spec) {
    if spec.align.is_some() {
        spec.zero = false;
    }
}

fn put_integer(number: &BigInt, mut spec: Spec, out: &mut String) -> Result<()> {
    numeric_alignment(&mut spec);
    // a precision is the least number of digits
    if let Some(least) = spec.precision.take() {
        let digits =
            format_spec::integer(&number.magnitude().clone().into(), &Spec { kind: spec.kind, ..Spec::default() })?;
        let padded = format!("{digits:0>least$}");
        let sign = if *number < BigInt::ZERO { "-" } else { spec.sign_text() };
        let prefix = if spec.alternate { format_spec::prefix(spec.kind) } else { "" };
        format_spec::pad(&format!("{sign}{prefix}{padded}"), &spec, '>', out);
        return Ok(());
    }
    out.push_str(&format_spec::integer(number, &spec)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &str, values: Value) -> String {
        format(template, &values).map_or_else(|error| error.message().to_string(), |value| value.to_text().into_owned())
    }

    #[test]
    fn conversions_print_as_pythons() {
        let values = Value::tuple([Value::Int(5), Value::Float(2.5), Value::str("x"), Value::Int(255)]);
        assert_eq!(text("%03d|%6.2f|%-3s|%#x", values), "005|  2.50|x  |0xff");
        assert_eq!(
            text("%+d %e %g", Value::tuple([Value::Int(3), Value::Float(1234.5), Value::Float(1e-7)])),
            "+3 1.234500e+03 1e-07"
        );
    }

    #[test]
    fn wrong_arguments_are_named_as_python_names_them() {
        assert_eq!(text("%s %s", Value::Int(1)), "not enough arguments for format string");
        assert_eq!(text("x", Value::Int(1)), "not all arguments converted during string formatting");
        assert_eq!(text("%d", Value::str("a")), "%d format: a real number is required, not str");
        assert_eq!(text("%q", Value::Int(1)), "unsupported format character 'q' (0x71) at index 1");
    }
}
