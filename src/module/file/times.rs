//! `access_time` and `modification_time`.

use super::super::attributes::Diff;
use super::super::oserror;
use super::super::spec::Params;
use super::super::{Failure, Run};
use super::State;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// One time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Preserve,
    Now,
    At(i64),
}

/// Both times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    access: When,
    modification: When,
}

impl Times {
    pub(super) fn new(params: &Params, state: State) -> Result<Times, Failure> {
        let time = |name: &str, format: &str| {
            let text = params.str(name).unwrap_or(if state == State::Touch { "now" } else { "preserve" });
            parse(text, params.str(format).unwrap_or_default())
        };
        // what is to go has no times to set, and no say in whether they make sense
        if state == State::Absent {
            return Ok(Times { access: When::Preserve, modification: When::Preserve });
        }
        Ok(Times {
            modification: time("modification_time", "modification_time_format")?,
            access: time("access_time", "access_time_format")?,
        })
    }

    /// Sets the times of what the path leads to, if they differ.
    pub(super) fn apply(&self, path: &Path, run: &Run, diff: Option<&mut Diff>) -> Result<bool, Failure> {
        if *self == (Times { access: When::Preserve, modification: When::Preserve }) {
            return Ok(false);
        }
        let fail = |error: std::io::Error| {
            let why = oserror::bytes(&error, path);
            Failure::new(format!("Error while updating modification or access time: {why}"))
                .with("path", path.to_string_lossy())
        };
        let meta = std::fs::metadata(path).map_err(fail)?;
        let before = (timespec(meta.atime(), meta.atime_nsec()), timespec(meta.mtime(), meta.mtime_nsec()));
        let after = (self.access.resolve(before.0), self.modification.resolve(before.1));
        if after == before {
            return Ok(false);
        }
        if !run.check {
            // "now" for both needs no ownership, only the right to write
            let wanted = |when: When, time: Timespec| match when {
                When::Now => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
                When::Preserve => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
                When::At(_) => time,
            };
            let times = Timestamps {
                last_access: wanted(self.access, after.0),
                last_modification: wanted(self.modification, after.1),
            };
            rustix::fs::utimensat(CWD, path, &times, AtFlags::empty()).map_err(|error| fail(error.into()))?;
        }
        if let Some(diff) = diff {
            if after.1 != before.1 {
                diff.note("mtime", seconds(before.1), seconds(after.1));
            }
            if after.0 != before.0 {
                diff.note("atime", seconds(before.0), seconds(after.0));
            }
        }
        Ok(true)
    }
}

impl PartialEq for Times {
    fn eq(&self, other: &Times) -> bool {
        self.access == other.access && self.modification == other.modification
    }
}

impl When {
    fn resolve(self, before: Timespec) -> Timespec {
        match self {
            When::Preserve => before,
            When::At(seconds) => timespec(seconds, 0),
            When::Now => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                timespec(now.as_secs() as i64, i64::from(now.subsec_nanos()))
            }
        }
    }
}

fn timespec(seconds: i64, nanoseconds: i64) -> Timespec {
    Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ }
}

fn seconds(time: Timespec) -> f64 {
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn parse(text: &str, format: &str) -> Result<When, Failure> {
    match text {
        "preserve" => return Ok(When::Preserve),
        "now" => return Ok(When::Now),
        _ => {}
    }
    let parsed = jiff::fmt::strtime::parse(format, text).ok().and_then(|broken| {
        let year = broken.year().unwrap_or(1900);
        let month = broken.month().unwrap_or(1);
        let date = match (broken.day(), broken.day_of_year()) {
            (None, Some(day)) => jiff::civil::Date::new(year, 1, 1).ok()?.with().day_of_year(day).build().ok()?,
            (day, _) => jiff::civil::Date::new(year, month, day.unwrap_or(1)).ok()?,
        };
        let time = jiff::civil::Time::new(
            broken.hour().unwrap_or(0),
            broken.minute().unwrap_or(0),
            broken.second().unwrap_or(0),
            0,
        );
        let at = date.to_datetime(time.ok()?).to_zoned(jiff::tz::TimeZone::system()).ok()?;
        Some(at.timestamp().as_second())
    });
    parsed.map(When::At).ok_or_else(|| {
        let quoted = |text: &str| crate::value::Value::str(text).repr();
        Failure::new(format!(
            "Error while obtaining timestamp for time {text} using format {format}: time data {} does not match format {}",
            quoted(text),
            quoted(format)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_by_their_format() {
        let local = |text: &str| {
            let at: jiff::civil::DateTime = text.parse().unwrap();
            When::At(at.to_zoned(jiff::tz::TimeZone::system()).unwrap().timestamp().as_second())
        };
        assert_eq!(parse("202001020304.05", "%Y%m%d%H%M.%S").unwrap(), local("2020-01-02T03:04:05"));
        assert_eq!(parse("2020-060", "%Y-%j").unwrap(), local("2020-02-29T00:00:00"));
        assert_eq!(
            parse("yesterday", "%Y").unwrap_err().message,
            "Error while obtaining timestamp for time yesterday using format %Y: time data 'yesterday' does not match format '%Y'"
        );
    }
}
