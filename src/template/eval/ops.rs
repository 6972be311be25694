//! Python's operators on values that are rendered already.

use crate::error::{Error, Result};
use crate::template::syntax::ast::{BinOp, CmpOp};
use crate::value::{Moment, TimeDelta, Value};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::sync::Arc;

/// Texts and lists larger than this many bytes are refused instead of filling the memory.
const LARGEST: u64 = 1 << 29;
/// Integers with more bits are refused: counting them out in decimals would take minutes.
const MOST_BITS: u64 = 1 << 20;

fn symbol(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Div => "/",
        BinOp::FloorDiv => "//",
        BinOp::Mod => "%",
        BinOp::Pow => "** or pow()",
    }
}

fn unsupported(op: BinOp, a: &Value, b: &Value) -> Error {
    Error::template(format!(
        "unsupported operand type(s) for {}: '{}' and '{}'",
        symbol(op),
        a.type_name(),
        b.type_name()
    ))
}

/// `a op b`.
pub fn binary(op: BinOp, a: &Value, b: &Value) -> Result<Value> {
    if let (Value::Int(x), Value::Int(y)) = (a, b)
        && let Some(small) = small(op, *x, *y)
    {
        return Ok(Value::Int(small));
    }
    match (op, a, b) {
        (BinOp::Mod, Value::Str(format), _) => return super::percent::format(format, b),
        (BinOp::Add, ..) => {
            if let Some(joined) = add(a, b) {
                return joined;
            }
        }
        (BinOp::Mul, ..) => {
            if let Some(repeated) = repeat(a, b).or_else(|| repeat(b, a)) {
                return repeated;
            }
        }
        (BinOp::Sub, Value::Set(x), Value::Set(y)) => {
            return Ok(Value::Set(Arc::new(x.iter().filter(|item| !y.contains(*item)).cloned().collect())));
        }
        _ => {}
    }
    if let (Some(x), Some(y)) = (as_big(a), as_big(b)) {
        return integers(op, &x, &y);
    }
    if let (Some(x), Some(y)) = (a.as_f64(), b.as_f64()) {
        return floats(op, x, y);
    }
    moments(op, a, b).unwrap_or_else(|| Err(unsupported(op, a, b)))
}

fn small(op: BinOp, x: i64, y: i64) -> Option<i64> {
    match op {
        BinOp::Add => x.checked_add(y),
        BinOp::Sub => x.checked_sub(y),
        BinOp::Mul => x.checked_mul(y),
        BinOp::FloorDiv if y > 0 => Some(x.div_euclid(y)),
        BinOp::Mod if y > 0 => Some(x.rem_euclid(y)),
        _ => None,
    }
}

fn as_big(value: &Value) -> Option<BigInt> {
    match value {
        Value::BigInt(number) => Some((**number).clone()),
        other => other.as_i64().map(BigInt::from),
    }
}

fn integers(op: BinOp, x: &BigInt, y: &BigInt) -> Result<Value> {
    let by_zero = |message: &str| Err(Error::template(message));
    Ok(match op {
        BinOp::Add => Value::int(x + y),
        BinOp::Sub => Value::int(x - y),
        BinOp::Mul if x.bits() + y.bits() > MOST_BITS => return Err(Error::template("Result too large")),
        BinOp::Mul => Value::int(x * y),
        BinOp::Div if y.is_zero() => return by_zero("division by zero"),
        BinOp::Div => Value::Float(divide(x, y)?),
        BinOp::FloorDiv if y.is_zero() => return by_zero("integer division or modulo by zero"),
        BinOp::FloorDiv => Value::int(x.div_floor(y)),
        BinOp::Mod if y.is_zero() => return by_zero("integer modulo by zero"),
        BinOp::Mod => Value::int(x.mod_floor(y)),
        BinOp::Pow if y.is_negative() => {
            return floats(op, x.to_f64().unwrap_or(f64::INFINITY), y.to_f64().unwrap_or(f64::NEG_INFINITY));
        }
        BinOp::Pow => {
            let exponent = y.to_u32().unwrap_or(u32::MAX);
            if x.bits() > 1 && x.bits().saturating_mul(u64::from(exponent)) > MOST_BITS {
                return Err(Error::template("Result too large"));
            }
            // only -1, 0 and 1 get here with an exponent that does not fit
            let exponent = if y.to_u32().is_none() { 2 + u32::from(y.is_odd()) } else { exponent };
            Value::int(x.pow(exponent))
        }
    })
}

/// The nearest float to a quotient of integers, which may not fit floats themselves.
fn divide(x: &BigInt, y: &BigInt) -> Result<f64> {
    if let (Some(a), Some(b)) = (x.to_i64(), y.to_i64())
        && a.unsigned_abs() < 1 << 53
        && b.unsigned_abs() < 1 << 53
    {
        return Ok(a as f64 / b as f64);
    }
    // keep more bits than a float has, with a sticky bit below, so that the last rounding is the right one
    let shift = 66 + y.bits() as i64 - x.bits() as i64;
    let (scaled, over) = if shift >= 0 {
        (x.abs() << shift as u64).div_rem(&y.abs())
    } else {
        x.abs().div_rem(&(y.abs() << (-shift) as u64))
    };
    let scaled = if over.is_zero() { scaled } else { scaled | BigInt::from(1) };
    let quotient = scaled.to_f64().unwrap_or(f64::INFINITY) * 2f64.powi((-shift).clamp(-2000, 2000) as i32);
    if quotient.is_infinite() {
        return Err(Error::template("integer division result too large for a float"));
    }
    Ok(if x.is_negative() == y.is_negative() { quotient } else { -quotient })
}

fn floats(op: BinOp, x: f64, y: f64) -> Result<Value> {
    let fail = |message: &str| Err(Error::template(message));
    Ok(Value::Float(match op {
        BinOp::Add => x + y,
        BinOp::Sub => x - y,
        BinOp::Mul => x * y,
        BinOp::Div if y == 0.0 => return fail("float division by zero"),
        BinOp::Div => x / y,
        BinOp::FloorDiv if y == 0.0 => return fail("float floor division by zero"),
        BinOp::FloorDiv => ((x - modulo(x, y)) / y).round(),
        BinOp::Mod if y == 0.0 => return fail("float modulo"),
        BinOp::Mod => modulo(x, y),
        BinOp::Pow if x == 0.0 && y < 0.0 => return fail("0.0 cannot be raised to a negative power"),
        BinOp::Pow if x < 0.0 && y.fract() != 0.0 && y.is_finite() => {
            return fail("Type 'complex' is unsupported for variable storage.");
        }
        BinOp::Pow => {
            let power = x.powf(y);
            if power.is_infinite() && x.is_finite() && y.is_finite() {
                return fail("(34, 'Numerical result out of range')");
            }
            power
        }
    }))
}

/// Python's `%`: the sign of the divisor.
fn modulo(x: f64, y: f64) -> f64 {
    let rest = x % y;
    if rest == 0.0 {
        return 0f64.copysign(y);
    }
    if (rest < 0.0) == (y < 0.0) { rest } else { rest + y }
}

fn add(a: &Value, b: &Value) -> Option<Result<Value>> {
    let refuse = |kind: &str| {
        Some(Err(Error::template(format!("can only concatenate {kind} (not \"{}\") to {kind}", b.type_name()))))
    };
    let joined = |x: &[Value], y: &[Value]| x.iter().chain(y).cloned().collect::<Vec<_>>();
    match (a, b) {
        (Value::Str(x), Value::Str(y)) => {
            let mut text = String::with_capacity(x.len() + y.len());
            text.push_str(x);
            text.push_str(y);
            Some(Ok(Value::from(text)))
        }
        (Value::List(x), Value::List(y)) => Some(Ok(Value::List(Arc::new(joined(x, y))))),
        (Value::Tuple(x), Value::Tuple(y)) => Some(Ok(Value::Tuple(Arc::new(joined(x, y))))),
        (Value::Bytes(x), Value::Bytes(y)) => Some(Ok(Value::Bytes([&**x, &**y].concat().into()))),
        (Value::Str(_), _) => refuse("str"),
        (Value::List(_), _) => refuse("list"),
        (Value::Tuple(_), _) => refuse("tuple"),
        (Value::Bytes(_), _) => Some(Err(Error::template(format!("can't concat {} to bytes", b.type_name())))),
        _ => None,
    }
}

fn repeat(sequence: &Value, count: &Value) -> Option<Result<Value>> {
    let len = match sequence {
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) | Value::Tuple(items) => items.len() * size_of::<Value>(),
        _ => return None,
    };
    let times = match count {
        Value::Int(_) | Value::Bool(_) => count.as_i64().unwrap_or(0).max(0) as usize,
        Value::BigInt(number) if number.is_negative() => 0,
        Value::BigInt(_) => return Some(Err(Error::template("cannot fit 'int' into an index-sized integer"))),
        other => {
            let kind = other.type_name();
            return Some(Err(Error::template(format!("can't multiply sequence by non-int of type '{kind}'"))));
        }
    };
    if len as u64 * (times as u64).min(LARGEST) > LARGEST {
        return Some(Err(Error::template("Result too large")));
    }
    let repeated = |items: &[Value]| Arc::new(std::iter::repeat_n(items, times).flatten().cloned().collect::<Vec<_>>());
    Some(Ok(match sequence {
        Value::Str(text) => Value::from(text.repeat(times)),
        Value::Bytes(bytes) => Value::Bytes(bytes.repeat(times).into()),
        Value::List(items) => Value::List(repeated(items)),
        Value::Tuple(items) => Value::Tuple(repeated(items)),
        _ => return None,
    }))
}

fn moments(op: BinOp, a: &Value, b: &Value) -> Option<Result<Value>> {
    let moment = |value: &Value| if let Value::Moment(moment) = value { Some((**moment).clone()) } else { None };
    let delta = |microseconds: i128| Value::Moment(Arc::new(Moment::Delta(TimeDelta { microseconds })));
    let span = |delta: TimeDelta| {
        jiff::SignedDuration::from_micros(delta.microseconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    };
    let overflow = || Error::template("date value out of range");
    Some(match (op, moment(a), moment(b)) {
        (BinOp::Add, Some(Moment::Delta(x)), Some(Moment::Delta(y))) => Ok(delta(x.microseconds + y.microseconds)),
        (BinOp::Sub, Some(Moment::Delta(x)), Some(Moment::Delta(y))) => Ok(delta(x.microseconds - y.microseconds)),
        (BinOp::Add, Some(Moment::DateTime(at, zone)), Some(Moment::Delta(by)))
        | (BinOp::Add, Some(Moment::Delta(by)), Some(Moment::DateTime(at, zone))) => at
            .checked_add(span(by))
            .map(|at| Value::Moment(Arc::new(Moment::DateTime(at, zone))))
            .map_err(|_| overflow()),
        (BinOp::Sub, Some(Moment::DateTime(at, zone)), Some(Moment::Delta(by))) => at
            .checked_sub(span(by))
            .map(|at| Value::Moment(Arc::new(Moment::DateTime(at, zone))))
            .map_err(|_| overflow()),
        (BinOp::Add, Some(Moment::Date(day)), Some(Moment::Delta(by)))
        | (BinOp::Add, Some(Moment::Delta(by)), Some(Moment::Date(day))) => {
            let days = TimeDelta { microseconds: by.parts().0 * 86_400_000_000 };
            day.checked_add(span(days)).map(|day| Value::Moment(Arc::new(Moment::Date(day)))).map_err(|_| overflow())
        }
        (BinOp::Sub, Some(Moment::Date(day)), Some(Moment::Delta(by))) => {
            let days = TimeDelta { microseconds: by.parts().0 * 86_400_000_000 };
            day.checked_sub(span(days)).map(|day| Value::Moment(Arc::new(Moment::Date(day)))).map_err(|_| overflow())
        }
        (BinOp::Sub, Some(x @ Moment::DateTime(_, zone)), Some(y @ Moment::DateTime(_, other))) => {
            if zone.is_some() != other.is_some() {
                return Some(Err(Error::template("can't subtract offset-naive and offset-aware datetimes")));
            }
            Ok(delta(x.microseconds()? - y.microseconds()?))
        }
        (BinOp::Sub, Some(x @ Moment::Date(_)), Some(y @ Moment::Date(_))) => {
            Ok(delta(x.microseconds()? - y.microseconds()?))
        }
        (BinOp::Mul, Some(Moment::Delta(x)), None) => Ok(delta((x.microseconds as f64 * b.as_f64()?).round() as i128)),
        (BinOp::Mul, None, Some(Moment::Delta(x))) => Ok(delta((x.microseconds as f64 * a.as_f64()?).round() as i128)),
        (BinOp::Div, Some(Moment::Delta(x)), Some(Moment::Delta(y))) if y.microseconds != 0 => {
            Ok(Value::Float(x.microseconds as f64 / y.microseconds as f64))
        }
        (BinOp::Div, Some(Moment::Delta(x)), None) => match b.as_f64()? {
            0.0 => Err(Error::template("division by zero")),
            by => Ok(delta((x.microseconds as f64 / by).round() as i128)),
        },
        (BinOp::FloorDiv, Some(Moment::Delta(x)), None) => match i128::from(b.as_i64()?) {
            0 => Err(Error::template("integer division or modulo by zero")),
            by => Ok(delta(num_integer::Integer::div_floor(&x.microseconds, &by))),
        },
        _ => return None,
    })
}

/// `-a`
pub fn negate(a: &Value) -> Result<Value> {
    match a {
        Value::Int(_) | Value::Bool(_) | Value::BigInt(_) => Ok(Value::int(-as_big(a).unwrap_or_default())),
        Value::Float(number) => Ok(Value::Float(-number)),
        Value::Moment(moment) if matches!(**moment, Moment::Delta(_)) => binary(BinOp::Mul, a, &Value::Int(-1)),
        other => Err(Error::template(format!("bad operand type for unary -: '{}'", other.type_name()))),
    }
}

/// `+a`
pub fn positive(a: &Value) -> Result<Value> {
    match a {
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => Ok(a.clone()),
        Value::Bool(flag) => Ok(Value::Int(i64::from(*flag))),
        Value::Moment(moment) if matches!(**moment, Moment::Delta(_)) => Ok(a.clone()),
        other => Err(Error::template(format!("bad operand type for unary +: '{}'", other.type_name()))),
    }
}

/// Python's order of two values; an error worded as Python's, naming `op`, when they have none.
pub fn order(op: &str, a: &Value, b: &Value) -> Result<Option<Ordering>> {
    if let Some(ordering) = a.python_cmp(b) {
        return Ok(Some(ordering));
    }
    let nan = |value: &Value| matches!(value, Value::Float(number) if number.is_nan());
    if (nan(a) && b.as_f64().is_some()) || (nan(b) && a.as_f64().is_some()) {
        return Ok(None);
    }
    // lists and tuples have the order of their first difference
    if let (Value::List(x), Value::List(y)) | (Value::Tuple(x), Value::Tuple(y)) = (a, b)
        && let Some((x, y)) = x.iter().zip(y.iter()).find(|(x, y)| x != y)
    {
        return order(op, x, y);
    }
    Err(Error::template(format!(
        "'{op}' not supported between instances of '{}' and '{}'",
        a.type_name(),
        b.type_name()
    )))
}

/// `a op b` for comparisons.
pub fn compare(op: CmpOp, a: &Value, b: &Value) -> Result<bool> {
    if let (Value::Set(x), Value::Set(y)) = (a, b) {
        match op {
            CmpOp::Lt => return Ok(x.len() < y.len() && x.iter().all(|item| y.contains(item))),
            CmpOp::Le => return Ok(x.iter().all(|item| y.contains(item))),
            CmpOp::Gt => return compare(CmpOp::Lt, b, a),
            CmpOp::Ge => return compare(CmpOp::Le, b, a),
            _ => {}
        }
    }
    Ok(match op {
        CmpOp::Eq => a == b,
        CmpOp::Ne => a != b,
        CmpOp::Lt => order("<", a, b)? == Some(Ordering::Less),
        CmpOp::Le => matches!(order("<=", a, b)?, Some(Ordering::Less | Ordering::Equal)),
        CmpOp::Gt => order(">", a, b)? == Some(Ordering::Greater),
        CmpOp::Ge => matches!(order(">=", a, b)?, Some(Ordering::Greater | Ordering::Equal)),
        CmpOp::In => contains(b, a)?,
        CmpOp::NotIn => !contains(b, a)?,
    })
}

/// Whether a value can be a key: lists, dicts and sets cannot.
pub fn check_hashable(value: &Value) -> Result<()> {
    match value {
        Value::List(_) | Value::Dict(_) | Value::Set(_) => {
            Err(Error::template(format!("unhashable type: '{}'", value.type_name())))
        }
        Value::Tuple(items) => items.iter().try_for_each(check_hashable),
        _ => Ok(()),
    }
}

/// `item in container`
pub fn contains(container: &Value, item: &Value) -> Result<bool> {
    match container {
        Value::Str(text) => match item {
            Value::Str(part) => Ok(text.contains(part.as_str())),
            other => Err(Error::template(format!(
                "'in <string>' requires string as left operand, not {}",
                other.type_name()
            ))),
        },
        Value::Bytes(bytes) => match item {
            Value::Bytes(part) => Ok(part.is_empty() || bytes.windows(part.len()).any(|window| window == &**part)),
            Value::Int(byte) => Ok(u8::try_from(*byte).is_ok_and(|byte| bytes.contains(&byte))),
            other => Err(Error::template(format!("a bytes-like object is required, not '{}'", other.type_name()))),
        },
        Value::List(items) | Value::Tuple(items) => Ok(items.contains(item)),
        Value::Dict(dict) => {
            check_hashable(item)?;
            Ok(dict.get_value(item).is_some())
        }
        Value::Set(set) => {
            check_hashable(item)?;
            Ok(set.contains(item))
        }
        Value::Undefined(undefined) if undefined.lenient => Ok(false),
        Value::Object(object) => match (object.keys(), object.iterate()) {
            (Some(_), _) => Ok(object.get(item)?.is_some()),
            (None, Some(items)) => Ok(items.contains(item)),
            (None, None) => Err(Error::template(format!("argument of type '{}' is not iterable", object.type_name()))),
        },
        other => Err(Error::template(format!("argument of type '{}' is not iterable", other.type_name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(op: BinOp, a: impl Into<Value>, b: impl Into<Value>) -> String {
        match binary(op, &a.into(), &b.into()) {
            Ok(value) => value.repr(),
            Err(error) => error.message().to_string(),
        }
    }

    #[test]
    fn division_floors_as_pythons() {
        assert_eq!(text(BinOp::FloorDiv, -7, 2), "-4");
        assert_eq!(text(BinOp::Mod, 7, -3), "-2");
        assert_eq!(text(BinOp::FloorDiv, -7.5, 2.0), "-4.0");
        assert_eq!(text(BinOp::Mod, -7.5, 2.0), "0.5");
        assert_eq!(text(BinOp::Div, 7, 2), "3.5");
    }

    #[test]
    fn integers_grow() {
        assert_eq!(text(BinOp::Add, i64::MAX, 1), "9223372036854775808");
        assert_eq!(text(BinOp::Pow, 2, 100), "1267650600228229401496703205376");
        assert_eq!(text(BinOp::Pow, 2, i64::MAX), "Result too large");
        assert_eq!(text(BinOp::Div, BigInt::from(10).pow(400), BigInt::from(10).pow(399)), "10.0");
    }

    #[test]
    fn a_text_and_a_number_have_no_order() {
        let error = compare(CmpOp::Lt, &Value::str("a"), &Value::Int(1)).unwrap_err();
        assert_eq!(error.message(), "'<' not supported between instances of 'str' and 'int'");
    }
}
