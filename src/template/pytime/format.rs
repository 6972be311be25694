//! Times as text, by the directives and flags of the C library.

use super::{MONTHS, WEEKDAYS};
use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write as _;

/// A time taken apart, and what is known of its zone.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Date and time of day.
    pub at: DateTime,
    /// Offset from UTC in seconds, and the zone's short name.
    pub zone: Option<(i32, String)>,
    /// What `%f` gives; `time.strftime` knows no such directive.
    pub microseconds: bool,
}

impl Broken {
    /// `time.localtime`.
    pub fn local(timestamp: Timestamp) -> Broken {
        let zone = TimeZone::system();
        let info = zone.to_offset_info(timestamp);
        let zone_name = (info.offset().seconds(), info.abbreviation().to_string());
        Broken { at: info.offset().to_datetime(timestamp), zone: Some(zone_name), microseconds: false }
    }

    /// `time.gmtime`.
    pub fn utc(timestamp: Timestamp) -> Broken {
        let at = jiff::tz::Offset::UTC.to_datetime(timestamp);
        Broken { at, zone: Some((0, "GMT".into())), microseconds: false }
    }

    /// A `datetime`, with its offset when it knows one.
    pub fn datetime(at: DateTime, offset: Option<i32>) -> Broken {
        let name = |seconds: i32| if seconds == 0 { "UTC".into() } else { format!("UTC{}", colon_offset(seconds)) };
        Broken { at, zone: offset.map(|seconds| (seconds, name(seconds))), microseconds: true }
    }
}

fn colon_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The flags before a directive's letter.
#[derive(Clone, Copy, Default)]
struct Flags {
    pad: Option<char>,
    upper: bool,
    swap: bool,
    width: usize,
}

impl Flags {
    fn number(self, out: &mut String, number: i64, width: usize, pad: char) {
        match self.pad {
            Some('-') => {
                let _ = write!(out, "{number:>0$}", self.width);
            }
            Some('_') => pad_number(out, number, width.max(self.width), ' '),
            Some(_) => pad_number(out, number, width.max(self.width), '0'),
            None => pad_number(out, number, width.max(self.width), pad),
        }
    }

    fn text(self, out: &mut String, text: &str) {
        let text = if self.upper { text.to_uppercase() } else { text.to_string() };
        let pad = if self.pad == Some('0') { '0' } else { ' ' };
        out.extend(std::iter::repeat_n(pad, self.width.saturating_sub(text.chars().count())));
        out.push_str(&text);
    }
}

fn pad_number(out: &mut String, number: i64, width: usize, pad: char) {
    let _ = if pad == '0' { write!(out, "{number:0width$}") } else { write!(out, "{number:width$}") };
}

/// `strftime`: what the C library does not know stays as it stands.
pub fn strftime(format: &str, time: &Broken) -> String {
    let mut out = String::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some(start) = rest.find('%') {
        out.push_str(&rest[..start]);
        let directive = &rest[start + 1..];
        let mut flags = Flags::default();
        let mut used = 0;
        for c in directive.chars() {
            match c {
                '-' | '_' | '0' if flags.width == 0 => flags.pad = Some(c),
                '^' => flags.upper = true,
                '#' => flags.swap = true,
                '1'..='9' | '0' => flags.width = (flags.width * 10 + c as usize - '0' as usize).min(1024),
                'E' | 'O' => {}
                _ => break,
            }
            used += c.len_utf8();
        }
        let letter = directive[used..].chars().next();
        let known = letter.is_some_and(|letter| write_one(letter, flags, time, &mut out));
        let end = start + 1 + used + letter.map_or(0, char::len_utf8);
        if !known {
            out.push_str(&rest[start..end]);
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn write_one(letter: char, flags: Flags, time: &Broken, out: &mut String) -> bool {
    let at = time.at;
    let date = at.date();
    let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
    let weekday_name = WEEKDAYS[weekday];
    let month_name = MONTHS[usize::try_from(date.month() - 1).unwrap_or(0)];
    let hour12 = match at.hour() % 12 {
        0 => 12,
        hour => i64::from(hour),
    };
    let half = if at.hour() < 12 { "AM" } else { "PM" };
    let named = Flags { upper: flags.upper || flags.swap, ..flags };
    let whole = |format: &str, out: &mut String| flags.text(out, &strftime(format, time));
    let day_of_year = i64::from(date.day_of_year());
    let iso = date.iso_week_date();
    match letter {
        'a' => named.text(out, &weekday_name[..3]),
        'A' => named.text(out, weekday_name),
        'b' | 'h' => named.text(out, &month_name[..3]),
        'B' => named.text(out, month_name),
        'c' => whole("%a %b %e %H:%M:%S %Y", out),
        'C' => flags.number(out, i64::from(date.year()).div_euclid(100), 2, '0'),
        'd' => flags.number(out, date.day().into(), 2, '0'),
        'D' | 'x' => whole("%m/%d/%y", out),
        'e' => flags.number(out, date.day().into(), 2, ' '),
        'f' if time.microseconds => {
            let _ = write!(out, "{:06}", at.subsec_nanosecond() / 1000);
        }
        'F' => whole("%Y-%m-%d", out),
        'g' => flags.number(out, i64::from(iso.year()).rem_euclid(100), 2, '0'),
        'G' => flags.number(out, iso.year().into(), 1, '0'),
        'H' => flags.number(out, at.hour().into(), 2, '0'),
        'I' => flags.number(out, hour12, 2, '0'),
        'j' => flags.number(out, day_of_year, 3, '0'),
        'k' => flags.number(out, at.hour().into(), 2, ' '),
        'l' => flags.number(out, hour12, 2, ' '),
        'm' => flags.number(out, date.month().into(), 2, '0'),
        'M' => flags.number(out, at.minute().into(), 2, '0'),
        'n' => out.push('\n'),
        'p' if flags.swap => flags.text(out, &half.to_lowercase()),
        'p' => flags.text(out, half),
        'P' => flags.text(out, &half.to_lowercase()),
        'r' => whole("%I:%M:%S %p", out),
        'R' => whole("%H:%M", out),
        's' => flags.number(out, epoch(time), 1, '0'),
        'S' => flags.number(out, at.second().into(), 2, '0'),
        't' => out.push('\t'),
        'T' | 'X' => whole("%H:%M:%S", out),
        'u' => flags.number(out, weekday as i64 + 1, 1, '0'),
        'U' => flags.number(out, week_of_year(date, Weekday::Sunday), 2, '0'),
        'V' => flags.number(out, iso.week().into(), 2, '0'),
        'w' => flags.number(out, (weekday as i64 + 1) % 7, 1, '0'),
        'W' => flags.number(out, week_of_year(date, Weekday::Monday), 2, '0'),
        'y' => flags.number(out, i64::from(date.year()).rem_euclid(100), 2, '0'),
        'Y' => flags.number(out, date.year().into(), 1, '0'),
        'z' => {
            if let Some((seconds, _)) = &time.zone {
                out.push_str(&colon_offset(*seconds).replace(':', ""));
            }
        }
        'Z' => {
            if let Some((_, name)) = &time.zone {
                flags.text(out, &if flags.swap { name.to_lowercase() } else { name.clone() });
            }
        }
        '%' => out.push('%'),
        _ => return false,
    }
    true
}

/// Weeks begun since the year's first `first`.
fn week_of_year(date: Date, first: Weekday) -> i64 {
    let since = i64::from(first.until(date.weekday()));
    (i64::from(date.day_of_year()) - 1 + 7 - since) / 7
}

/// Seconds since the epoch, reading the clock as local time where no offset is known, as `mktime` does.
fn epoch(time: &Broken) -> i64 {
    TimeZone::system().to_timestamp(time.at).map_or(0, |timestamp| timestamp.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(format: &str) -> String {
        strftime(format, &Broken::utc(Timestamp::from_second(1_600_000_000).unwrap()))
    }

    #[test]
    fn directives_are_the_c_librarys() {
        for (format, text) in [
            ("%j %U %W %a %A %b %B %c", "257 37 36 Sun Sunday Sep September Sun Sep 13 12:26:40 2020"),
            ("%x %X %p %I %y %e %D %F %T", "09/13/20 12:26:40 PM 12 20 13 09/13/20 2020-09-13 12:26:40"),
            ("%Q %% %-m %_m %3d %^a %#p %h%n%t", "%Q % 9  9 013 SUN pm Sep\n\t"),
            ("%G %V %u %w %C %k %l %P %r %R %z %Z", "2020 37 7 0 20 12 12 pm 12:26:40 PM 12:26 +0000 GMT"),
            ("%f %", "%f %"),
        ] {
            assert_eq!(show(format), text);
        }
    }

    #[test]
    fn a_datetime_shows_its_microseconds_and_offset() {
        let at = jiff::civil::datetime(2020, 1, 2, 3, 4, 5, 6000);
        assert_eq!(strftime("%f %z %Z", &Broken::datetime(at, Some(-5400))), "000006 -0130 UTC-01:30");
        assert_eq!(strftime("[%z%Z]", &Broken::datetime(at, None)), "[]");
    }
}
