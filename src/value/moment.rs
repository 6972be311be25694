//! Dates, times and the spans between them, as Python's `datetime` has them.

use jiff::civil;
use std::cmp::Ordering;
use std::fmt;

/// A point in time, at one of Python's grains, or a difference.
#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    /// `datetime.date`.
    Date(civil::Date),
    /// `datetime.datetime`; the offset from UTC in seconds when it knows one.
    DateTime(civil::DateTime, Option<i32>),
    /// `datetime.time`.
    Time(civil::Time),
    /// `datetime.timedelta`.
    Delta(TimeDelta),
}

/// A signed span of time in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeDelta {
    /// The whole span.
    pub microseconds: i128,
}

impl TimeDelta {
    /// Python's normalised parts: days (may be negative), seconds and microseconds (never negative).
    pub fn parts(self) -> (i128, i128, i128) {
        let day = 86_400_000_000;
        let rest = self.microseconds.rem_euclid(day);
        (self.microseconds.div_euclid(day), rest / 1_000_000, rest % 1_000_000)
    }

    /// Seconds with fraction.
    pub fn total_seconds(self) -> f64 {
        self.microseconds as f64 / 1e6
    }
}

impl Moment {
    /// Python's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Moment::Date(_) => "date",
            Moment::DateTime(..) => "datetime",
            Moment::Time(_) => "time",
            Moment::Delta(_) => "timedelta",
        }
    }

    /// Python's truth: only an empty span is false.
    pub fn truthy(&self) -> bool {
        !matches!(self, Moment::Delta(TimeDelta { microseconds: 0 }))
    }

    /// Microseconds since the epoch, as if the clock showed UTC where no offset is known.
    pub fn microseconds(&self) -> Option<i128> {
        let (date_time, offset) = match self {
            Moment::DateTime(date_time, offset) => (*date_time, offset.unwrap_or(0)),
            Moment::Date(date) => (date.at(0, 0, 0, 0), 0),
            _ => return None,
        };
        let zoned = date_time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(i128::from(zoned.timestamp().as_microsecond()) - i128::from(offset) * 1_000_000)
    }

    /// Python's `repr()`.
    pub fn repr(&self) -> String {
        match self {
            Moment::Date(date) => format!("datetime.date({}, {}, {})", date.year(), date.month(), date.day()),
            Moment::DateTime(at, offset) => {
                let mut parts = vec![
                    i64::from(at.year()),
                    at.month().into(),
                    at.day().into(),
                    at.hour().into(),
                    at.minute().into(),
                ];
                let micro = i64::from(at.subsec_nanosecond() / 1000);
                if at.second() > 0 || micro > 0 {
                    parts.push(at.second().into());
                }
                if micro > 0 {
                    parts.push(micro);
                }
                let parts: Vec<String> = parts.iter().map(i64::to_string).collect();
                let zone = match offset {
                    None => String::new(),
                    Some(0) => ", tzinfo=datetime.timezone.utc".into(),
                    Some(seconds) => {
                        let delta = TimeDelta { microseconds: i128::from(*seconds) * 1_000_000 };
                        format!(", tzinfo=datetime.timezone({})", Moment::Delta(delta).repr())
                    }
                };
                format!("datetime.datetime({}{zone})", parts.join(", "))
            }
            Moment::Time(time) => format!("datetime.time({}, {})", time.hour(), time.minute()),
            Moment::Delta(delta) => {
                let (days, seconds, micro) = delta.parts();
                let parts: Vec<String> = [("days", days), ("seconds", seconds), ("microseconds", micro)]
                    .iter()
                    .filter(|(_, n)| *n != 0)
                    .map(|(name, n)| format!("{name}={n}"))
                    .collect();
                if parts.is_empty() {
                    "datetime.timedelta(0)".into()
                } else {
                    format!("datetime.timedelta({})", parts.join(", "))
                }
            }
        }
    }

    /// `isoformat()`, with `T` between date and time.
    pub fn iso(&self) -> String {
        match self {
            Moment::DateTime(..) => self.to_string().replacen(' ', "T", 1),
            other => other.to_string(),
        }
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Moment) -> Option<Ordering> {
        match (self, other) {
            (Moment::Time(a), Moment::Time(b)) => Some(a.cmp(b)),
            (Moment::Delta(a), Moment::Delta(b)) => Some(a.cmp(b)),
            (Moment::Date(a), Moment::Date(b)) => Some(a.cmp(b)),
            (Moment::DateTime(..), Moment::DateTime(..)) => Some(self.microseconds()?.cmp(&other.microseconds()?)),
            _ => None,
        }
    }
}

/// Python's `str()`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Date(date) => write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day()),
            Moment::Time(time) => write_time(f, *time),
            Moment::DateTime(at, offset) => {
                write!(f, "{:04}-{:02}-{:02} ", at.year(), at.month(), at.day())?;
                write_time(f, at.time())?;
                match offset {
                    None => Ok(()),
                    Some(seconds) => {
                        let sign = if *seconds < 0 { '-' } else { '+' };
                        let seconds = seconds.abs();
                        write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)
                    }
                }
            }
            Moment::Delta(delta) => {
                let (days, seconds, micro) = delta.parts();
                if days != 0 {
                    write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
                }
                write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
                if micro != 0 { write!(f, ".{micro:06}") } else { Ok(()) }
            }
        }
    }
}

fn write_time(f: &mut fmt::Formatter<'_>, time: civil::Time) -> fmt::Result {
    write!(f, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
    match time.subsec_nanosecond() / 1000 {
        0 => Ok(()),
        micro => write!(f, ".{micro:06}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_span_is_normalised_as_pythons() {
        let delta = Moment::Delta(TimeDelta { microseconds: -1_000_000 });
        assert_eq!(delta.to_string(), "-1 day, 23:59:59");
    }

    #[test]
    fn a_datetime_prints_its_offset() {
        let at = Moment::DateTime(civil::datetime(2020, 1, 2, 3, 4, 5, 0), Some(3600));
        assert_eq!(at.to_string(), "2020-01-02 03:04:05+01:00");
        assert_eq!(at.iso(), "2020-01-02T03:04:05+01:00");
    }
}
