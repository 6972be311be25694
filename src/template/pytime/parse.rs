//! Texts as times.

use super::{MONTHS, WEEKDAYS};
use crate::error::{Error, Result};
use crate::pyregex::{self, Flags, Match};
use crate::value::{Moment, Value};
use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};

/// `datetime.datetime.strptime`.
pub fn strptime(text: &str, format: &str) -> Result<Moment> {
    let (pattern, letters) = pattern_of(format, &mut Vec::new(), 0)?;
    let regex = pyregex::compile(&pattern, Flags { ignore_case: true, ..Flags::default() })?;
    let quoted = |text: &str| Value::str(text).repr();
    let Some(found) = regex.match_start(text)? else {
        let message = format!("time data {} does not match format {}", quoted(text), quoted(format));
        return Err(Error::template(message));
    };
    let rest = &text[found.span().1..];
    if !rest.is_empty() {
        return Err(Error::template(format!("unconverted data remains: {rest}")));
    }
    Fields::read(&letters, &found, text)?.moment()
}

/// The pattern for a format, and the letters of its groups in order.
fn pattern_of(format: &str, letters: &mut Vec<char>, depth: usize) -> Result<(String, Vec<char>)> {
    let mut pattern = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            while chars.peek().is_some_and(|c| c.is_whitespace()) {
                chars.next();
            }
            pattern.push_str(r"\s+");
            continue;
        }
        if c != '%' {
            pattern.push_str(&pyregex::escape(&c.to_string()));
            continue;
        }
        let shown = || Value::str(format).repr();
        let letter = chars.next().ok_or_else(|| Error::template(format!("stray % in format {}", shown())))?;
        let part = match letter {
            '%' => "%".to_string(),
            'c' | 'x' | 'X' if depth == 0 => {
                let long = match letter {
                    'c' => "%a %b %d %H:%M:%S %Y",
                    'x' => "%m/%d/%y",
                    _ => "%H:%M:%S",
                };
                pattern_of(long, letters, 1)?.0
            }
            letter => {
                let part = directive(letter)
                    .ok_or_else(|| Error::template(format!("'{letter}' is a bad directive in format {}", shown())))?;
                letters.push(letter);
                format!("({part})")
            }
        };
        pattern.push_str(&part);
    }
    Ok((pattern, letters.clone()))
}

fn directive(letter: char) -> Option<String> {
    let names = |names: &[&str], length: usize| {
        names.iter().map(|name| name.get(..length).unwrap_or(name)).collect::<Vec<_>>().join("|")
    };
    Some(match letter {
        'd' => r"3[01]|[12]\d|0[1-9]|[1-9]| [1-9]".into(),
        'f' => r"[0-9]{1,6}".into(),
        'H' => r"2[0-3]|[01]\d|\d".into(),
        'I' => r"1[0-2]|0[1-9]|[1-9]".into(),
        'G' | 'Y' => r"\d\d\d\d".into(),
        'j' => r"36[0-6]|3[0-5]\d|[12]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9]".into(),
        'm' => r"1[0-2]|0[1-9]|[1-9]".into(),
        'M' => r"[0-5]\d|\d".into(),
        'S' => r"6[01]|[0-5]\d|\d".into(),
        'U' | 'W' => r"5[0-3]|[0-4]\d|\d".into(),
        'w' => r"[0-6]".into(),
        'u' => r"[1-7]".into(),
        'V' => r"5[0-3]|0[1-9]|[1-4]\d|\d".into(),
        'y' => r"\d\d".into(),
        'z' => r"[+-]\d\d:?[0-5]\d(?::?[0-5]\d(?:\.\d{1,6})?)?|(?-i:Z)".into(),
        'A' => names(&WEEKDAYS, usize::MAX),
        'a' => names(&WEEKDAYS, 3),
        'B' => names(&MONTHS, usize::MAX),
        'b' => names(&MONTHS, 3),
        'p' => "am|pm".into(),
        'Z' => "utc|gmt".into(),
        _ => return None,
    })
}

#[derive(Default)]
struct Fields {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: i8,
    half: Option<bool>,
    minute: i8,
    second: i8,
    micro: i32,
    day_of_year: Option<i16>,
    weekday: Option<Weekday>,
    /// Week of the year, counted from the first Sunday or Monday.
    week: Option<(i16, Weekday)>,
    iso_year: Option<i16>,
    iso_week: Option<i8>,
    offset: Option<i32>,
}

impl Fields {
    fn read(letters: &[char], found: &Match, text: &str) -> Result<Fields> {
        let mut fields = Fields::default();
        for (at, letter) in letters.iter().enumerate() {
            fields.set(*letter, found.group(text, at + 1).unwrap_or(""))?;
        }
        Ok(fields)
    }

    fn set(&mut self, letter: char, text: &str) -> Result<()> {
        let number: i32 = text.trim().parse().unwrap_or(0);
        let small = number as i8;
        let place = |names: &[&str]| {
            names.iter().position(|name| name.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text)))
        };
        match letter {
            'Y' => self.year = Some(number as i16),
            'y' => self.year = Some((number + if number <= 68 { 2000 } else { 1900 }) as i16),
            'm' => self.month = Some(small),
            'b' | 'B' => self.month = place(&MONTHS).map(|at| at as i8 + 1),
            'd' => self.day = Some(small),
            'H' => self.hour = small,
            'I' => {
                self.hour = small;
                self.half = self.half.or(Some(false));
            }
            'p' => self.half = Some(text.eq_ignore_ascii_case("pm")),
            'M' => self.minute = small,
            'S' => self.second = small,
            'f' => self.micro = format!("{text:0<6}").parse().unwrap_or(0),
            'j' => self.day_of_year = Some(number as i16),
            'a' | 'A' => self.weekday = place(&WEEKDAYS).and_then(monday_based),
            'w' => self.weekday = monday_based((number as usize + 6) % 7),
            'u' => self.weekday = monday_based(number as usize - 1),
            'U' => self.week = Some((number as i16, Weekday::Sunday)),
            'W' => self.week = Some((number as i16, Weekday::Monday)),
            'G' => self.iso_year = Some(number as i16),
            'V' => self.iso_week = Some(small),
            'z' => self.set_offset(text)?,
            _ => {}
        }
        Ok(())
    }

    fn set_offset(&mut self, text: &str) -> Result<()> {
        if text.eq_ignore_ascii_case("z") {
            self.offset = Some(0);
            return Ok(());
        }
        if text.contains(':') && text.len() > 6 && text.as_bytes().get(6) != Some(&b':') {
            return Err(Error::template(format!("Inconsistent use of : in {text}")));
        }
        let whole = text.split('.').next().unwrap_or("");
        let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
        let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| pair.parse::<i32>().ok()).unwrap_or(0);
        let seconds = pair(0) * 3600 + pair(2) * 60 + pair(4);
        self.offset = Some(if text.starts_with('-') { -seconds } else { seconds });
        Ok(())
    }

    fn date(&self) -> Result<Date> {
        let out_of_range = || Error::template("day is out of range for month");
        if let (Some(year), Some(week), Some(weekday)) = (self.iso_year, self.iso_week, self.weekday) {
            let date = ISOWeekDate::new(year, week, weekday);
            return date.map(Date::from).map_err(|_| Error::template(format!("Invalid week: {week}")));
        }
        if self.iso_week.is_some() || self.iso_year.is_some() {
            return Err(Error::template(
                "ISO year directive '%G' must be used with the ISO week directive '%V' and a weekday directive ('%A', \
                 '%a', '%w', or '%u').",
            ));
        }
        let year = self.year.unwrap_or(1900);
        let first = Date::new(year, 1, 1).map_err(|_| Error::template(format!("year {year} is out of range")))?;
        let plus = |days: i64| {
            first.checked_add(jiff::Span::new().days(days)).map_err(|_| Error::template("date value out of range"))
        };
        if let Some(day) = self.day_of_year {
            return plus(i64::from(day) - 1);
        }
        if let (Some((week, begins)), Some(weekday), Some(_)) = (self.week, self.weekday, self.year)
            && self.month.is_none()
            && self.day.is_none()
        {
            // the days before the year's first `begins` are week 0
            let lead = i64::from(first.weekday().until(begins));
            let days = lead + (i64::from(week) - 1) * 7 + i64::from(begins.until(weekday));
            return plus(days);
        }
        Date::new(year, self.month.unwrap_or(1), self.day.unwrap_or(1)).map_err(|_| out_of_range())
    }

    fn moment(self) -> Result<Moment> {
        let hour = match self.half {
            None => self.hour,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        if self.second > 59 {
            return Err(Error::template("second must be in 0..59"));
        }
        let time = Time::new(hour, self.minute, self.second, self.micro * 1000)
            .map_err(|why| Error::template(why.to_string()))?;
        Ok(Moment::DateTime(DateTime::from_parts(self.date()?, time), self.offset))
    }
}

fn monday_based(at: usize) -> Option<Weekday> {
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: &str) -> String {
        strptime(text, format).map_or_else(|why| why.message().to_string(), |moment| moment.to_string())
    }

    #[test]
    fn times_are_read_by_their_format() {
        for (text, format, time) in [
            ("2020-02-03 04:05:06", "%Y-%m-%d %H:%M:%S", "2020-02-03 04:05:06"),
            ("2020 FEB 3  3PM", "%Y %b %d %I%p", "2020-02-03 15:00:00"),
            ("2020-02-03T00:00:00.12+02:00", "%Y-%m-%dT%H:%M:%S.%f%z", "2020-02-03 00:00:00.120000+02:00"),
            ("Sun Sep 13 12:26:40 2020", "%c", "2020-09-13 12:26:40"),
            ("2020 257", "%Y %j", "2020-09-13 00:00:00"),
            ("2020 37 Sun", "%Y %U %a", "2020-09-13 00:00:00"),
            ("2020 36 Sun", "%Y %W %a", "2020-09-13 00:00:00"),
            ("2020-W37-7", "%G-W%V-%u", "2020-09-13 00:00:00"),
            ("12 AM", "%I %p", "1900-01-01 00:00:00"),
        ] {
            assert_eq!(read(text, format), time, "{text} {format}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(read("2020", "%Y-%m"), "time data '2020' does not match format '%Y-%m'");
        assert_eq!(read("2020-02-30", "%Y-%m-%d"), "day is out of range for month");
        assert_eq!(read("2020x", "%Y"), "unconverted data remains: x");
        assert_eq!(read("2020", "%Q"), "'Q' is a bad directive in format '%Q'");
    }
}
