//! Methods and attributes of `datetime`, `date`, `time` and `timedelta`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::context::Args;
use crate::template::pytime::{self, Broken};
use crate::value::{Moment, TimeDelta, Value};
use jiff::civil;
use std::fmt::Write as _;
use std::sync::Arc;

const DATETIME: &[&str] = &[
    "ctime",
    "date",
    "isoformat",
    "isocalendar",
    "isoweekday",
    "replace",
    "strftime",
    "time",
    "timestamp",
    "toordinal",
    "utcoffset",
    "weekday",
];
const DATE: &[&str] =
    &["ctime", "isoformat", "isocalendar", "isoweekday", "replace", "strftime", "toordinal", "weekday"];
const TIME: &[&str] = &["isoformat", "replace", "strftime"];
const DELTA: &[&str] = &["total_seconds"];

/// Names of methods.
pub fn names(moment: &Moment) -> &'static [&'static str] {
    match moment {
        Moment::DateTime(..) => DATETIME,
        Moment::Date(_) => DATE,
        Moment::Time(_) => TIME,
        Moment::Delta(_) => DELTA,
    }
}

/// `.year`, `.days`...
pub fn attribute(moment: &Moment, name: &str) -> Option<Value> {
    if let Moment::Delta(delta) = moment {
        let (days, seconds, micros) = delta.parts();
        let number = match name {
            "days" => days,
            "seconds" => seconds,
            "microseconds" => micros,
            _ => return None,
        };
        return i64::try_from(number).ok().map(Value::Int);
    }
    let date = date(moment);
    let time = time(moment);
    Some(match (name, date, time) {
        ("year", Some(date), _) => Value::Int(date.year().into()),
        ("month", Some(date), _) => Value::Int(date.month().into()),
        ("day", Some(date), _) => Value::Int(date.day().into()),
        ("hour", _, Some(time)) => Value::Int(time.hour().into()),
        ("minute", _, Some(time)) => Value::Int(time.minute().into()),
        ("second", _, Some(time)) => Value::Int(time.second().into()),
        ("microsecond", _, Some(time)) => Value::Int((time.subsec_nanosecond() / 1000).into()),
        ("tzinfo", _, Some(_)) => match moment {
            Moment::DateTime(_, Some(0)) => Value::str("UTC"),
            Moment::DateTime(_, Some(offset)) => Value::from(format!("UTC{}", offset_text(*offset, true))),
            _ => Value::None,
        },
        _ => return None,
    })
}

fn date(moment: &Moment) -> Option<civil::Date> {
    match moment {
        Moment::DateTime(at, _) => Some(at.date()),
        Moment::Date(date) => Some(*date),
        _ => None,
    }
}

fn time(moment: &Moment) -> Option<civil::Time> {
    match moment {
        Moment::DateTime(at, _) => Some(at.time()),
        Moment::Time(time) => Some(*time),
        _ => None,
    }
}

fn wrap(moment: Moment) -> Value {
    Value::Moment(Arc::new(moment))
}

/// Calls a method.
pub fn call(moment: &Moment, name: &str, mut args: Args) -> Result<Value> {
    let day = date(moment).unwrap_or_default();
    match name {
        "strftime" => {
            let format = args.require("strftime", "format")?;
            let format = arg::text(format, "strftime() argument 1")?;
            return strftime(moment, &format).map(Value::from);
        }
        "isoformat" => {
            let separator = args.take("sep").map_or_else(|| "T".into(), |sep| sep.to_text().into_owned());
            let spec = args.take("timespec").map_or_else(|| "auto".into(), |spec| spec.to_text().into_owned());
            args.finish("isoformat")?;
            return Ok(Value::from(isoformat(moment, &separator, &spec)));
        }
        "replace" => return replace(moment, args),
        _ => {}
    }
    arg::positional(args, name, 0, 1)?;
    let monday = i64::from(day.weekday().to_monday_zero_offset());
    Ok(match (name, moment) {
        ("total_seconds", Moment::Delta(delta)) => Value::Float(delta.total_seconds()),
        ("weekday", _) => Value::Int(monday),
        ("isoweekday", _) => Value::Int(monday + 1),
        ("isocalendar", _) => {
            let week = day.iso_week_date();
            Value::tuple([Value::Int(week.year().into()), Value::Int(week.week().into()), Value::Int(monday + 1)])
        }
        ("toordinal", _) => Value::Int(ordinal(day)),
        ("date", Moment::DateTime(at, _)) => wrap(Moment::Date(at.date())),
        ("time", Moment::DateTime(at, _)) => wrap(Moment::Time(at.time())),
        ("utcoffset", Moment::DateTime(_, Some(offset))) => {
            wrap(Moment::Delta(TimeDelta { microseconds: i128::from(*offset) * 1_000_000 }))
        }
        ("timestamp", Moment::DateTime(at, None)) => {
            let local = at.to_zoned(jiff::tz::TimeZone::system());
            let micros = local.map_err(|_| Error::template("year is out of range"))?.timestamp().as_microsecond();
            Value::Float(micros as f64 / 1e6)
        }
        ("timestamp", _) => {
            let micros = moment.microseconds().ok_or_else(|| Error::template("year is out of range"))?;
            Value::Float(micros as f64 / 1e6)
        }
        ("ctime", _) => Value::from(strftime(moment, "%a %b %e %H:%M:%S %Y")?),
        _ => Value::None,
    })
}

/// Days since the first of January of year 1, which is day 1.
fn ordinal(day: civil::Date) -> i64 {
    let first = civil::date(1, 1, 1);
    first.until(day).map_or(0, |span| i64::from(span.get_days())) + 1
}

fn replace(moment: &Moment, mut args: Args) -> Result<Value> {
    let has_date = date(moment).is_some();
    let has_time = time(moment).is_some();
    let (mut day, mut clock) = (date(moment).unwrap_or_default(), time(moment).unwrap_or_default());
    let out_of_range = |what: &str| Error::template(format!("{what} is out of range"));
    let mut take = |name: &str| -> Result<Option<i64>> { args.take(name).map(|value| arg::int(&value)).transpose() };
    if has_date {
        let year = take("year")?.unwrap_or(day.year().into());
        let month = take("month")?.unwrap_or(day.month().into());
        let number = take("day")?.unwrap_or(day.day().into());
        let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(number));
        let (Ok(year), Ok(month), Ok(number)) = parts else {
            return Err(out_of_range("day"));
        };
        day = civil::Date::new(year, month, number).map_err(|_| Error::template("day is out of range for month"))?;
    }
    if has_time {
        let hour = take("hour")?.unwrap_or(clock.hour().into());
        let minute = take("minute")?.unwrap_or(clock.minute().into());
        let second = take("second")?.unwrap_or(clock.second().into());
        let micro = take("microsecond")?.unwrap_or((clock.subsec_nanosecond() / 1000).into());
        let parts = (i8::try_from(hour), i8::try_from(minute), i8::try_from(second), i32::try_from(micro));
        let (Ok(hour), Ok(minute), Ok(second), Ok(micro)) = parts else {
            return Err(out_of_range("hour"));
        };
        let nano = micro.checked_mul(1000).ok_or_else(|| out_of_range("microsecond"))?;
        clock = civil::Time::new(hour, minute, second, nano).map_err(|_| Error::template("hour must be in 0..23"))?;
    }
    let zone = args.take("tzinfo");
    args.finish("replace")?;
    Ok(wrap(match moment {
        Moment::DateTime(_, offset) => {
            let offset = if zone.is_some_and(|zone| zone.is_none()) { None } else { *offset };
            Moment::DateTime(day.to_datetime(clock), offset)
        }
        Moment::Date(_) => Moment::Date(day),
        _ => Moment::Time(clock),
    }))
}

fn isoformat(moment: &Moment, separator: &str, spec: &str) -> String {
    let Some(clock) = time(moment) else {
        return moment.to_string();
    };
    let micros = clock.subsec_nanosecond() / 1000;
    let mut out = date(moment)
        .map_or_else(String::new, |day| format!("{:04}-{:02}-{:02}{separator}", day.year(), day.month(), day.day()));
    let _ = write!(out, "{:02}", clock.hour());
    if spec != "hours" {
        let _ = write!(out, ":{:02}", clock.minute());
    }
    if !matches!(spec, "hours" | "minutes") {
        let _ = write!(out, ":{:02}", clock.second());
    }
    let _ = match spec {
        "milliseconds" => write!(out, ".{:03}", micros / 1000),
        "microseconds" => write!(out, ".{micros:06}"),
        "auto" if micros != 0 => write!(out, ".{micros:06}"),
        _ => Ok(()),
    };
    if let Moment::DateTime(_, Some(offset)) = moment {
        out += &offset_text(*offset, true);
    }
    out
}

fn offset_text(seconds: i32, colon: bool) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    let colon = if colon { ":" } else { "" };
    format!("{sign}{:02}{colon}{:02}", seconds / 3600, seconds / 60 % 60)
}

/// `strftime(format)` in the C locale.
pub fn strftime(moment: &Moment, format: &str) -> Result<String> {
    if matches!(moment, Moment::Delta(_)) {
        return Err(Error::template("'datetime.timedelta' object has no attribute 'strftime'"));
    }
    let day = date(moment).unwrap_or_else(|| civil::date(1900, 1, 1));
    let clock = time(moment).unwrap_or_default();
    let offset = if let Moment::DateTime(_, offset) = moment { *offset } else { None };
    Ok(pytime::strftime(format, &Broken::datetime(day.to_datetime(clock), offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strftime_knows_the_directives() {
        let at = Moment::DateTime(civil::datetime(2024, 2, 5, 13, 4, 9, 0), Some(0));
        assert_eq!(
            strftime(&at, "%Y-%m-%d %I:%M:%S %p %a %j %U %W %V %z %Z %%").unwrap(),
            "2024-02-05 01:04:09 PM Mon 036 05 06 06 +0000 UTC %"
        );
        assert_eq!(strftime(&at, "%-d %e").unwrap(), "5  5");
    }
}
