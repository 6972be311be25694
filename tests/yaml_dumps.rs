//! YAML is written as PyYAML with libyaml writes it; `tests/yaml/generate_dumps.py` asks it.

use heliostat::value::{Value, json, literal};
use heliostat::yaml::write::{self, Style};

fn style(given: &Value) -> Style {
    let flag = |name: &str| given.get(name).is_some_and(Value::truthy);
    let number = |name: &str| given.get(name).and_then(Value::as_i64).map(|number| number as i32);
    let usual = Style::default();
    Style {
        flow: given.get("default_flow_style").filter(|value| !value.is_none()).map(Value::truthy),
        scalar: given.get("default_style").and_then(Value::as_str).and_then(|style| style.chars().next()),
        indent: number("indent").unwrap_or(usual.indent),
        width: number("width").unwrap_or(usual.width),
        sort_keys: given.get("sort_keys").is_none_or(Value::truthy),
        unicode: flag("allow_unicode"),
        explicit_start: flag("explicit_start"),
        explicit_end: flag("explicit_end"),
        canonical: flag("canonical"),
        ..usual
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
        let style = style(case.get("options").expect("a case has options"));
        let found = write::to_string(&value, &style).unwrap_or_else(|error| error.to_string());
        if found != text("text") {
            wrong.push(format!("{}\n  {style:?}\n  expected {:?}\n  found    {found:?}", text("value"), text("text")));
        }
    }
    assert!(cases.len() > 1000, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
