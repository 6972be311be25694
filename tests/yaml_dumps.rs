//! YAML is written as PyYAML with libyaml writes it; `tests/yaml/generate_dumps.py` asks it.

use heliostat::value::{Value, json, literal};
use heliostat::yaml::{DumpOptions, to_yaml};

fn options(given: &Value) -> DumpOptions {
    let flag = |name: &str| given.get(name).is_some_and(Value::truthy);
    let number = |name: &str| given.get(name).and_then(Value::as_i64).map(|number| number as i32);
    DumpOptions {
        default_flow_style: given.get("default_flow_style").filter(|value| !value.is_none()).map(Value::truthy),
        default_style: given.get("default_style").and_then(Value::as_str).and_then(|style| style.chars().next()),
        indent: number("indent"),
        width: number("width"),
        sort_keys: given.get("sort_keys").is_none_or(Value::truthy),
        allow_unicode: flag("allow_unicode"),
        explicit_start: flag("explicit_start"),
        explicit_end: flag("explicit_end"),
        canonical: flag("canonical"),
    }
}

#[test]
fn every_value_is_written_as_pyyaml_writes_it() {
    let cases = json::parse(include_str!("yaml/dumps.json")).expect("the fixture is JSON");
    let cases = cases.as_slice().expect("the fixture is a list");
    let mut wrong = Vec::new();
    for case in cases {
        let text = |name: &str| case.get(name).and_then(Value::as_str).expect("a case has texts");
        let value = literal::parse(text("value")).expect("the value is a literal");
        let options = options(case.get("options").expect("a case has options"));
        let found = to_yaml(&value, &options).unwrap_or_else(|error| error.to_string());
        if found != text("text") {
            wrong.push(format!(
                "{}\n  {options:?}\n  expected {:?}\n  found    {found:?}",
                text("value"),
                text("text")
            ));
        }
    }
    assert!(cases.len() > 1000, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
