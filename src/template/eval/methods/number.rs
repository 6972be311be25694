//! Methods of `int`, `bool` and `float`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::value::Value;
use num_bigint::{BigInt, Sign};
use num_traits::{Signed, ToPrimitive};

#[rustfmt::skip]
pub const INT_NAMES: &[&str] = &[
    "as_integer_ratio", "bit_count", "bit_length", "conjugate", "from_bytes", "to_bytes", "__and__", "__lshift__", "__or__",
    "__rshift__", "__xor__",
];
pub const FLOAT_NAMES: &[&str] = &["as_integer_ratio", "conjugate", "hex", "is_integer"];

pub fn attribute(value: &Value, name: &str) -> Option<Value> {
    let float = matches!(value, Value::Float(_));
    Some(match name {
        "real" => value.clone(),
        "imag" if float => Value::Float(0.0),
        "imag" => Value::Int(0),
        "numerator" if !float => value.clone(),
        "denominator" if !float => Value::Int(1),
        _ => return None,
    })
}

fn big(value: &Value) -> Result<BigInt> {
    match value {
        Value::BigInt(number) => Ok((**number).clone()),
        other => other
            .as_i64()
            .map(BigInt::from)
            .ok_or_else(|| Error::template(format!("unsupported operand type(s): 'int' and '{}'", other.type_name()))),
    }
}

pub fn call(value: &Value, name: &str, args: Args) -> Result<Value> {
    if let Value::Float(number) = value {
        return float(*number, name, args);
    }
    let number = big(value)?;
    Ok(match name {
        "bit_length" => Value::from(number.bits()),
        "bit_count" => Value::from(number.magnitude().iter_u64_digits().map(u64::count_ones).sum::<u32>()),
        "conjugate" => value.clone(),
        "as_integer_ratio" => Value::tuple([value.clone(), Value::Int(1)]),
        "to_bytes" => return to_bytes(&number, args),
        "from_bytes" => {
            let mut args = args;
            let bytes = args.require("from_bytes", "bytes")?;
            let order = args.take("byteorder").map_or_else(|| "big".into(), |order| order.to_text().into_owned());
            match bytes {
                Value::Bytes(bytes) if order == "little" => Value::int(BigInt::from_bytes_le(Sign::Plus, &bytes)),
                Value::Bytes(bytes) => Value::int(BigInt::from_bytes_be(Sign::Plus, &bytes)),
                other => {
                    return Err(Error::template(format!("cannot convert '{}' object to bytes", other.type_name())));
                }
            }
        }
        _ => {
            let given = arg::positional(args, name.trim_matches('_'), 1, 1)?;
            let other = big(&given[0])?;
            match name {
                "__and__" => Value::int(number & other),
                "__or__" => Value::int(number | other),
                "__xor__" => Value::int(number ^ other),
                _ if other.is_negative() => return Err(Error::template("negative shift count")),
                _ => {
                    let by = other
                        .to_u32()
                        .filter(|by| *by < 1 << 20)
                        .ok_or_else(|| Error::template("too many digits in integer"))?;
                    Value::int(if name == "__lshift__" { number << by } else { number >> by })
                }
            }
        }
    })
}

fn to_bytes(number: &BigInt, mut args: Args) -> Result<Value> {
    let length = args.take("length").map_or(Ok(1), |length| arg::int(&length))?;
    let order = args.take("byteorder").map_or_else(|| "big".into(), |order| order.to_text().into_owned());
    if number.is_negative() {
        return Err(Error::template("can't convert negative int to unsigned"));
    }
    let mut bytes = number.magnitude().to_bytes_le();
    if bytes == [0] {
        bytes.clear();
    }
    let length = usize::try_from(length).ok().filter(|length| *length < 1 << 24);
    let length = length.ok_or_else(|| Error::template("length argument must be non-negative"))?;
    if bytes.len() > length {
        return Err(Error::template("int too big to convert"));
    }
    bytes.resize(length, 0);
    if order != "little" {
        bytes.reverse();
    }
    Ok(Value::Bytes(bytes.into()))
}

fn float(number: f64, name: &str, args: Args) -> Result<Value> {
    arg::positional(args, &format!("float.{name}"), 0, 0)?;
    match name {
        "is_integer" => Ok(Value::Bool(number.is_finite() && number.fract() == 0.0)),
        "conjugate" => Ok(Value::Float(number)),
        "hex" => Ok(Value::from(hex(number))),
        _ if !number.is_finite() => Err(Error::template("cannot convert Infinity or NaN to integer ratio")),
        _ => {
            let bits = number.to_bits();
            let exponent = ((bits >> 52) & 0x7ff) as i64;
            let fraction = bits & ((1 << 52) - 1);
            let (mantissa, power) =
                if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
            let mut top = BigInt::from(mantissa) * if number < 0.0 { -1 } else { 1 };
            let mut bottom = BigInt::from(1);
            if power > 0 {
                top <<= power as u64
            } else {
                bottom <<= (-power) as u64
            }
            let common = num_integer::Integer::gcd(&top, &bottom);
            Ok(Value::tuple([Value::int(top / &common), Value::int(bottom / common)]))
        }
    }
}

fn hex(number: f64) -> String {
    if !number.is_finite() {
        return Value::Float(number).repr();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let bits = number.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    match (exponent, fraction) {
        (0, 0) => format!("{sign}0x0.0p+0"),
        (0, _) => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{:+}", exponent - 1023),
    }
}
