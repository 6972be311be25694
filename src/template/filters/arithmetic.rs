//! `log`, `pow`, `root`, `human_readable`, `human_to_bytes`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::pyregex::{self, Flags};
use crate::template::{Args, Context, Filter};
use crate::value::Value;
use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("log", log),
    Filter::new("pow", pow),
    Filter::new("root", root),
    Filter::new("human_readable", human_readable),
    Filter::new("human_to_bytes", human_to_bytes),
];

/// Python's number where a float is wanted.
fn real(value: &Value) -> Result<f64> {
    match (value, value.as_f64()) {
        (Value::BigInt(_), Some(number)) if number.is_infinite() => {
            Err(Error::template("int too large to convert to float"))
        }
        (_, Some(number)) => Ok(number),
        (other, None) => Err(Error::template(format!("must be real number, not {}", other.type_name()))),
    }
}

/// `math.log` of a number, which may be an integer beyond floats.
fn ln(value: &Value) -> Result<f64> {
    if let Value::BigInt(big) = value
        && **big > BigInt::from(0)
    {
        let shift = big.bits().saturating_sub(64);
        let head = (&**big >> shift).to_f64().unwrap_or(f64::INFINITY);
        return Ok(head.ln() + shift as f64 * std::f64::consts::LN_2);
    }
    let number = real(value)?;
    if number <= 0.0 {
        return Err(Error::template("math domain error"));
    }
    Ok(number.ln())
}

fn log(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let base = args.take("base");
    args.finish("logarithm")?;
    let run = || {
        if base == Some(Value::Int(10)) && !matches!(input, Value::BigInt(_)) {
            return real(&input).and_then(|number| {
                if number > 0.0 { Ok(number.log10()) } else { Err(Error::template("math domain error")) }
            });
        }
        let number = ln(&input)?;
        // without a base Python divides by log(e), which is 1
        let below = base.as_ref().map_or(Ok(1.0), ln)?;
        if below == 0.0 {
            return Err(Error::template("float division by zero"));
        }
        Ok(number / below)
    };
    run().map(Value::Float).map_err(|why| only_numbers(why, "log() can only be used on numbers"))
}

/// Python's TypeErrors get Ansible's words before them, its other errors do not.
fn only_numbers(why: Error, words: &str) -> Error {
    if why.message().starts_with("must be real number") { why.context(words) } else { why }
}

/// `math.pow`, with its errors.
fn power(x: f64, y: f64) -> Result<f64> {
    let result = x.powf(y);
    if result.is_nan() && !x.is_nan() && !y.is_nan() || x == 0.0 && y < 0.0 && y.is_finite() {
        return Err(Error::template("math domain error"));
    }
    if result.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(Error::template("math range error"));
    }
    Ok(result)
}

fn pow(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let y = args.require("power", "y")?;
    args.finish("power")?;
    let run = || power(real(&input)?, real(&y)?);
    run().map(Value::Float).map_err(|why| only_numbers(why, "pow() can only be used on numbers"))
}

fn root(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let base = args.take("base").unwrap_or(Value::Int(2));
    args.finish("inversepower")?;
    let run = || {
        if base == Value::Int(2) {
            let number = real(&input)?;
            return if number < 0.0 { Err(Error::template("math domain error")) } else { Ok(number.sqrt()) };
        }
        let base = float(&base)?;
        if base == 0.0 {
            return Err(Error::template("float division by zero"));
        }
        power(real(&input)?, 1.0 / base)
    };
    run().map(Value::Float).map_err(|why| match why.message() {
        "float division by zero" | "math range error" => why,
        _ => why.context("root() can only be used on numbers"),
    })
}

/// Python's `float(value)`.
pub fn float(value: &Value) -> Result<f64> {
    match value {
        Value::Str(text) => {
            let word = text.trim().replace('_', "");
            word.parse().map_err(|_| Error::template(format!("could not convert string to float: {}", value.repr())))
        }
        other => other.as_f64().ok_or_else(|| {
            Error::template(format!("float() argument must be a string or a real number, not '{}'", other.type_name()))
        }),
    }
}

/// Each unit's letter, its power of 1024, and how its bytes and bits are spelled.
const UNITS: [(char, i32, [&str; 4]); 9] = [
    ('Y', 8, ["yottabyte", "YB", "yottabit", "Yb"]),
    ('Z', 7, ["zetabyte", "ZB", "zetabit", "Zb"]),
    ('E', 6, ["exabyte", "EB", "exabit", "Eb"]),
    ('P', 5, ["petabyte", "PB", "petabit", "Pb"]),
    ('T', 4, ["terabyte", "TB", "terabit", "Tb"]),
    ('G', 3, ["gigabyte", "GB", "gigabit", "Gb"]),
    ('M', 2, ["megabyte", "MB", "megabit", "Mb"]),
    ('K', 1, ["kilobyte", "KB", "kilobit", "Kb"]),
    ('B', 0, ["byte", "B", "bit", "b"]),
];

fn human_readable(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let bits = arg::flag(args.take("isbits"), false);
    let unit = arg::given(args.take("unit"));
    args.finish("human_readable")?;
    let Some(size) = input.as_f64() else {
        let operator = if unit.is_some() {
            "unsupported operand type(s) for /"
        } else {
            "'>=' not supported between instances of"
        };
        let why = match unit {
            Some(_) => format!("{operator}: '{}' and 'int'", input.type_name()),
            None => format!("{operator} '{}' and 'int'", input.type_name()),
        };
        return Err(Error::template(why).context("human_readable() failed on bad input"));
    };
    let wanted = match &unit {
        None => None,
        Some(Value::Str(text)) => Some(text.to_uppercase()),
        Some(other) => {
            let why = format!("'{}' object has no attribute 'upper'", other.type_name());
            return Err(Error::template(why).context("human_readable() can't interpret the input"));
        }
    };
    let fits = |(letter, power, _): &&(char, i32, [&str; 4])| match &wanted {
        None => size >= 1024f64.powi(*power),
        Some(unit) => unit.chars().eq([*letter]),
    };
    let (letter, power, _) = UNITS.iter().find(fits).unwrap_or(&UNITS[8]);
    let suffix = match (power, bits) {
        (0, true) => "bits".to_string(),
        (0, false) => "Bytes".to_string(),
        (_, true) => format!("{letter}b"),
        (_, false) => format!("{letter}B"),
    };
    Ok(format!("{:.2} {suffix}", size / 1024f64.powi(*power)).into())
}

fn human_to_bytes(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let unit = arg::given(args.take("default_unit")).map(|unit| arg::text(&unit));
    let bits = arg::flag(args.take("isbits"), false);
    args.finish("human_to_bytes")?;
    parse_size(&input.to_text(), unit.as_deref(), bits)
        .map_err(|why| why.context("human_to_bytes() can't interpret the input"))
}

/// A size in words (`1.5G`, `10 MB`) as a number of bytes or bits.
pub fn parse_size(text: &str, default_unit: Option<&str>, bits: bool) -> Result<Value> {
    let regex = pyregex::compile(r"^([0-9]*\.?[0-9]+)(?:\s*([A-Za-z]+))?\s*$", Flags::default())?;
    let Some(found) = regex.search(text)? else {
        return Err(Error::template(format!("human_to_bytes() can't interpret following string: {text}")));
    };
    let number: f64 = found.group(text, 1).and_then(|number| number.parse().ok()).unwrap_or(0.0);
    let Some(unit) = found.group(text, 2).or(default_unit) else { return Ok(rounded(number)) };
    let letter = unit.chars().next().map(|c| c.to_ascii_uppercase());
    let Some((letter, power, names)) = UNITS.iter().find(|(known, ..)| Some(*known) == letter) else {
        return Err(Error::template(format!(
            "human_to_bytes() failed to convert {text} (unit = {unit}). The suffix must be one of Y, Z, E, P, T, G, M, K, B"
        )));
    };
    let [word, short] = if bits { [names[2], names[3]] } else { [names[0], names[1]] };
    if unit.chars().count() > 1 && unit.to_lowercase() != word && unit != short {
        let expected = if *letter == 'B' { format!("{short} or {word}") } else { format!("{short} or {letter}") };
        return Err(Error::template(format!(
            "human_to_bytes() failed to convert {text}. Value is not a valid string (expect {expected})"
        )));
    }
    Ok(rounded(number * 1024f64.powi(*power)))
}

/// Python's `round()` to an integer: halves go to the even neighbour.
fn rounded(number: f64) -> Value {
    BigInt::from_f64(number.round_ties_even()).map_or(Value::Int(0), Value::int)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bits, size) in
            [("1.5G", false, 1_610_612_736), ("10 megabyte", false, 10_485_760), ("1Kb", true, 1024)]
        {
            assert_eq!(parse_size(text, None, bits).unwrap(), Value::Int(size), "{text}");
        }
        assert_eq!(parse_size("1Y", None, false).unwrap().to_text(), "1208925819614629174706176");
        assert_eq!(
            parse_size("1.5Gb", None, false).unwrap_err().message(),
            "human_to_bytes() failed to convert 1.5Gb. Value is not a valid string (expect GB or G)"
        );
    }

    #[test]
    fn a_power_out_of_range_is_an_error() {
        assert_eq!(power(2.0, 1e5).unwrap_err().message(), "math range error");
        assert_eq!(power(-8.0, 0.5).unwrap_err().message(), "math domain error");
    }
}
