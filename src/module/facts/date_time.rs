//! `date_time`: one moment in the host's time zone and in UTC.

use super::gather::Gather;
use super::small::one;
use crate::value::Dict;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Collects it.
pub fn collect(_: &mut Gather<'_>) -> Dict {
    one("date_time", at(&Timestamp::now().to_zoned(TimeZone::system())))
}

fn at(now: &Zoned) -> Dict {
    let utc = now.timestamp().to_zoned(TimeZone::UTC);
    let local = |format: &str| now.strftime(format).to_string();
    let epoch = now.timestamp().as_second().to_string();
    let mut fact = Dict::new();
    for (key, format) in [
        ("year", "%Y"),
        ("month", "%m"),
        ("weekday", "%A"),
        ("weekday_number", "%w"),
        ("weeknumber", "%W"),
        ("day", "%d"),
        ("hour", "%H"),
        ("minute", "%M"),
        ("second", "%S"),
    ] {
        fact.insert(key, local(format));
    }
    fact.insert("epoch", epoch.as_str());
    fact.insert("epoch_int", epoch);
    fact.insert("date", local("%Y-%m-%d"));
    fact.insert("time", local("%H:%M:%S"));
    let micro = format!("{:06}", now.subsec_nanosecond() / 1000);
    fact.insert("iso8601_micro", format!("{}.{micro}Z", utc.strftime("%Y-%m-%dT%H:%M:%S")));
    fact.insert("iso8601", utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    fact.insert("iso8601_basic", format!("{}{micro}", local("%Y%m%dT%H%M%S")));
    fact.insert("iso8601_basic_short", local("%Y%m%dT%H%M%S"));
    fact.insert("tz", local("%Z"));
    fact.insert("tz_dst", summer_name(now));
    fact.insert("tz_offset", local("%z"));
    fact
}

/// The zone's name while its clocks are ahead, or its only one: January's against July's, as Python finds it.
fn summer_name(now: &Zoned) -> String {
    let first_of = |month| now.with().month(month).day(1).build().ok();
    let (Some(january), Some(july)) = (first_of(1), first_of(7)) else { return now.strftime("%Z").to_string() };
    let ahead = if january.offset() > july.offset() { january } else { july };
    ahead.strftime("%Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_both_clocks() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let fact = at(&Timestamp::from_microsecond(1_795_247_385_321_977).unwrap().to_zoned(zone));
        let text = |key| fact.get(key).unwrap().to_text().into_owned();
        assert_eq!(text("iso8601_micro"), "2026-11-21T07:49:45.321977Z");
        assert_eq!(text("iso8601_basic"), "20261121T084945321977");
        assert_eq!(
            (text("weekday"), text("weekday_number"), text("weeknumber")),
            ("Saturday".into(), "6".into(), "46".into())
        );
        assert_eq!((text("tz"), text("tz_dst"), text("tz_offset")), ("CET".into(), "CEST".into(), "+0100".into()));
        assert_eq!(text("epoch_int"), "1795247385");
    }
}
