//! `strftime` and `to_datetime`.

use super::{arg, arithmetic};
use crate::error::{Error, Result};
use crate::template::pytime::{self, Broken};
use crate::template::{Args, Context, Filter};
use crate::value::Value;
use jiff::Timestamp;
use std::sync::Arc;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[Filter::new("strftime", strftime), Filter::new("to_datetime", to_datetime)];

fn strftime(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let second = arg::given(args.take("second"));
    let utc = arg::flag(args.take("utc"), false);
    args.finish("strftime")?;
    let timestamp = match second {
        None => Timestamp::now(),
        Some(second) => {
            let number = arithmetic::float(&second)
                .map_err(|_| Error::template(format!("Invalid value for epoch value ({})", second.to_text())))?;
            if number.is_nan() {
                return Err(Error::template("Invalid value NaN (not a number)"));
            }
            let whole = number.floor();
            let in_range = (i64::MIN as f64..i64::MAX as f64).contains(&whole);
            let timestamp = if in_range { Timestamp::from_second(whole as i64).ok() } else { None };
            timestamp.ok_or_else(|| Error::template("timestamp out of range for platform time_t"))?
        }
    };
    let Some(format) = input.as_str() else {
        return Err(Error::template(format!("strftime() argument 1 must be str, not {}", input.type_name())));
    };
    let broken = if utc { Broken::utc(timestamp) } else { Broken::local(timestamp) };
    Ok(pytime::strftime(format, &broken).into())
}

fn to_datetime(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let format = args.take("format").unwrap_or_else(|| Value::str("%Y-%m-%d %H:%M:%S"));
    args.finish("to_datetime")?;
    let text = |value: &Value, number: u8| match value.as_str() {
        Some(text) => Ok(text.to_string()),
        None => {
            let name = value.type_name();
            Err(Error::template(format!("strptime() argument {number} must be str, not {name}")))
        }
    };
    let moment = pytime::strptime(&text(&input, 1)?, &text(&format, 2)?)?;
    Ok(Value::Moment(Arc::new(moment)))
}
