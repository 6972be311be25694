//! `ping`: answers, or crashes when told so.

use super::{Arg, Failure, Kind, Outcome, Params, Run, Spec};

/// Its arguments.
pub const SPEC: Spec = Spec { args: &[Arg::new("data", Kind::Str).default("pong")], ..Spec::new("ping") };

/// Gives `data` back; `crash` fails.
pub fn run(_: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    match params.str("data") {
        Some("crash") => Err(Failure::new("boom")),
        data => Ok(Outcome::new(false).with("ping", data.unwrap_or("pong"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn it_echoes_and_crashes() {
        let ping = |data: &str| run(&mut Run::default(), &Params([("data", Value::str(data))].into_iter().collect()));
        assert_eq!(ping("pong").unwrap().result.get("ping"), Some(&"pong".into()));
        assert_eq!(ping("crash").unwrap_err().message, "boom");
    }
}
