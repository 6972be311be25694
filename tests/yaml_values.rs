//! YAML means what PyYAML says it means; `tests/yaml/generate.py` asks it.

use heliostat::value::{Value, json};
use heliostat::yaml::{Options, parse_value};

#[test]
fn every_text_reads_as_pyyaml_reads_it() {
    let cases = json::parse(include_str!("yaml/cases.json")).expect("the fixture is JSON");
    let cases = cases.as_slice().expect("the fixture is a list");
    let mut wrong = Vec::new();
    for case in cases {
        let text = case.get("text").and_then(Value::as_str).expect("a case has a text");
        let expected = expectation(case);
        let found = match parse_value(text, "<fixture>", &Options::default()) {
            Ok(value) => value.repr(),
            Err(error) => {
                let place = error.origin().filter(|origin| origin.line > 0);
                let place = place.map(|origin| format!(" @{}:{}", origin.line, origin.column)).unwrap_or_default();
                let message = error.message().trim_start_matches("YAML parsing failed: ").trim_end_matches('.');
                format!("{message}{place}").to_lowercase()
            }
        };
        if found != expected {
            wrong.push(format!("{text:?}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(cases.len() > 1000, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn expectation(case: &Value) -> String {
    if let Some(value) = case.get("value").and_then(Value::as_str) {
        return value.to_string();
    }
    let problem = case.get("problem").and_then(Value::as_str).unwrap_or_default();
    let place = match (case.get("line"), case.get("column")) {
        (Some(line), Some(column)) => format!(" @{}:{}", line.to_text(), column.to_text()),
        _ => String::new(),
    };
    format!("{}{place}", problem.trim_end_matches('.')).to_lowercase()
}
