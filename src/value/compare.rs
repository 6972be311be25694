//! Python's equality, hash and order of values.

use super::Value;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        use Value::*;
        match (self, other) {
            (Undefined(_), Undefined(_)) | (None, None) => true,
            (Str(a), Str(b)) => a == b,
            (Bytes(a), Bytes(b)) => a == b,
            (List(a), List(b)) | (Tuple(a), Tuple(b)) => a == b,
            (Dict(a), Dict(b)) => a == b,
            (Set(a), Set(b)) => a == b,
            (Moment(a), Moment(b)) => a == b,
            (Vault(a), Vault(b)) => a.ciphertext == b.ciphertext,
            (Object(a), Object(b)) => std::sync::Arc::ptr_eq(a, b),
            _ => numeric_cmp(self, other) == Some(Ordering::Equal),
        }
    }
}

impl Eq for Value {}

/// Hashes a text key; [`super::Dict`] finds entries by `&str` through it.
pub(super) fn hash_text<H: Hasher>(text: &str, state: &mut H) {
    state.write_u8(1);
    text.hash(state);
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Value::Str(text) => hash_text(text, state),
            Value::Undefined(_) => state.write_u8(2),
            Value::None => state.write_u8(3),
            Value::Bool(flag) => hash_int(i64::from(*flag), state),
            Value::Int(number) => hash_int(*number, state),
            Value::Float(number) if is_integral(*number) => hash_int(*number as i64, state),
            Value::Float(number) => (5u8, number.to_bits()).hash(state),
            Value::BigInt(number) => match number.to_f64() {
                // a float that equals it must hash alike
                Some(float) if float.is_finite() => (5u8, float.to_bits()).hash(state),
                _ => (6u8, number).hash(state),
            },
            Value::Bytes(bytes) => (7u8, bytes).hash(state),
            Value::List(items) => (8u8, items).hash(state),
            Value::Tuple(items) => (9u8, items).hash(state),
            Value::Dict(dict) => (10u8, dict.len()).hash(state),
            Value::Set(set) => (11u8, set.len()).hash(state),
            Value::Moment(moment) => (12u8, moment.to_string()).hash(state),
            Value::Vault(vaulted) => (13u8, &vaulted.ciphertext).hash(state),
            Value::Object(object) => (14u8, std::sync::Arc::as_ptr(object).addr()).hash(state),
        }
    }
}

fn hash_int<H: Hasher>(number: i64, state: &mut H) {
    state.write_u8(4);
    state.write_i64(number);
}

fn is_integral(number: f64) -> bool {
    number.fract() == 0.0 && number >= i64::MIN as f64 && number < i64::MAX as f64
}

fn numeric_cmp(a: &Value, b: &Value) -> Option<Ordering> {
    use Value::*;
    match (a, b) {
        (Bool(_) | Int(_), Bool(_) | Int(_)) => Some(a.as_i64()?.cmp(&b.as_i64()?)),
        (BigInt(a), BigInt(b)) => Some(a.cmp(b)),
        (BigInt(a), Bool(_) | Int(_)) => Some((**a).cmp(&num_bigint::BigInt::from(b.as_i64()?))),
        (Bool(_) | Int(_), BigInt(b)) => Some(num_bigint::BigInt::from(a.as_i64()?).cmp(b)),
        (Float(a), Float(b)) => a.partial_cmp(b),
        (Float(a), Bool(_) | Int(_) | BigInt(_)) => cmp_float(*a, &big(b)?),
        (Bool(_) | Int(_) | BigInt(_), Float(b)) => cmp_float(*b, &big(a)?).map(Ordering::reverse),
        _ => Option::None,
    }
}

fn big(value: &Value) -> Option<BigInt> {
    match value {
        Value::BigInt(number) => Some((**number).clone()),
        other => other.as_i64().map(BigInt::from),
    }
}

fn cmp_float(float: f64, int: &BigInt) -> Option<Ordering> {
    use num_traits::FromPrimitive;
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let whole = BigInt::from_f64(float.trunc())?;
    Some(whole.cmp(int).then(float.fract().partial_cmp(&0.0)?))
}

impl Value {
    /// Python's order, or `None` for two values that `<` refuses (a text and a number, two dicts).
    pub fn python_cmp(&self, other: &Value) -> Option<Ordering> {
        use Value::*;
        match (self, other) {
            (Str(a), Str(b)) => Some(a.as_str().cmp(b.as_str())),
            (Bytes(a), Bytes(b)) => Some(a.cmp(b)),
            (List(a), List(b)) | (Tuple(a), Tuple(b)) => cmp_items(a, b),
            (Moment(a), Moment(b)) => a.partial_cmp(b),
            _ => numeric_cmp(self, other),
        }
    }
}

fn cmp_items(a: &[Value], b: &[Value]) -> Option<Ordering> {
    for (x, y) in a.iter().zip(b) {
        if x != y {
            return x.python_cmp(y);
        }
    }
    Some(a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_across_types() {
        assert_eq!(Value::Int(1), Value::Float(1.0));
        assert_eq!(Value::Bool(true), Value::Int(1));
        assert_eq!(Value::Int(1).python_cmp(&Value::Float(1.5)), Some(Ordering::Less));
        assert_eq!(Value::Float(-1.5).python_cmp(&Value::Int(-1)), Some(Ordering::Less));
    }

    #[test]
    fn texts_and_numbers_have_no_order() {
        assert_eq!(Value::str("a").python_cmp(&Value::Int(1)), None);
        assert_ne!(Value::str("1"), Value::Int(1));
    }

    #[test]
    fn a_list_equals_no_tuple() {
        assert_ne!(Value::list([Value::Int(1)]), Value::tuple([Value::Int(1)]));
    }
}
