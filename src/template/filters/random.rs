//! `random` and `shuffle`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::pyrandom::Random;
use crate::template::{Args, Context, Filter};
use crate::value::Value;
use num_bigint::BigInt;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[Filter::new("random", random), Filter::new("shuffle", shuffle)];

fn random(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let start = args.take("start").filter(Value::truthy);
    let step = args.take("step").filter(Value::truthy);
    let seed = args.take("seed").unwrap_or(Value::None);
    args.finish("rand")?;
    let mut source = Random::seeded(&seed)?;
    if let Some(end) = input.as_i64() {
        let bound = |value: Option<Value>, default| value.map_or(Ok(default), |value| arg::index(&value));
        return range(&mut source, bound(start, 0)?, end, bound(step, 1)?).map(Value::from);
    }
    if matches!(input, Value::BigInt(_)) {
        return Err(Error::template("random cannot choose from more than 2**63 numbers"));
    }
    let items = match &input {
        Value::Dict(_) => Err(Error::template("0")),
        Value::Set(_) => Err(Error::template("'set' object is not subscriptable")),
        other => arg::items(other).map_err(|_| Error::template("random can only be used on sequences and integers")),
    }?;
    if start.is_some() || step.is_some() {
        return Err(Error::template("start and step can only be used with integer values"));
    }
    if items.is_empty() {
        return Err(Error::template("Cannot choose from an empty sequence"));
    }
    Ok(items[source.below(items.len() as u128) as usize].clone())
}

/// `randrange`.
fn range(source: &mut Random, start: i64, stop: i64, step: i64) -> Result<BigInt> {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let width = stop - start;
    let count = match step {
        0 => return Err(Error::template("zero step for randrange()")),
        step if step > 0 => (width + step - 1).div_euclid(step),
        step => (width + step + 1) / step,
    };
    if count <= 0 {
        let last = if step == 1 { width } else { step };
        return Err(Error::template(format!("empty range for randrange() ({start}, {stop}, {last})")));
    }
    let at = i128::try_from(source.below(count.unsigned_abs())).unwrap_or_default();
    Ok(BigInt::from(start + step * at))
}

fn shuffle(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let seed = args.take("seed").filter(Value::truthy);
    args.finish("randomize_list")?;
    // what cannot be shuffled is handed back
    let Ok(mut items) = arg::items(&input) else { return Ok(input) };
    let source = seed.map_or(Ok(Random::system()), |seed| Random::seeded(&seed));
    if let Ok(mut source) = source {
        source.shuffle(&mut items);
    }
    Ok(items.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_honours_start_and_step() {
        let mut source = Random::seeded(&Value::str("foo")).unwrap();
        assert_eq!(range(&mut source, 1, 100, 10).unwrap(), BigInt::from(71));
        assert_eq!(range(&mut source, 0, 0, 1).unwrap_err().message(), "empty range for randrange() (0, 0, 0)");
        assert_eq!(range(&mut source, 5, 4, -1).unwrap(), BigInt::from(5));
    }
}
