//! Templates, expressions and conditions give what ansible-core gives: `templates/answers.txt` holds its answers.

use heliostat::error::{Error, Origin};
use heliostat::template::{Environment, SyntaxOverrides, Templar, Variables};
use heliostat::value::{Dict, Text, Value};
use heliostat::yaml;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn templar(folder: &Path) -> Templar {
    let text = read(folder, "variables.yml");
    let variables = yaml::parse_value(&text, "/variables.yml", &yaml::Options::default()).unwrap();
    let Value::Dict(variables) = variables else { panic!("variables.yml is no mapping") };
    let env = Environment { playbook_dir: folder.to_path_buf(), ..Environment::default() };
    let variables: Arc<dyn Variables> = variables;
    Templar::new(Arc::new(env), variables)
}

fn answer(templar: &Templar, folder: &Path, mode: &str, text: &str) -> String {
    let text = Text::trusted(text.replace('␤', "\n"), Some(Origin::new("/case.yml", 1, 1)));
    let result: Result<Value, Error> = match mode {
        "t" => templar.template(&Value::Str(text)),
        "e" => templar.evaluate(&text),
        "d" => templar
            .template_document(&text, &SyntaxOverrides::DEFAULT, Arc::new(Dict::new()), &[folder.join("parts")])
            .map(Value::from),
        _ => templar.conditional(&Value::Str(text)).map(Value::Bool),
    };
    match result {
        Ok(value) if heliostat::template::is_omit(&value) => "err\tA template was resolved to an Omit scalar.".into(),
        Ok(value) => format!("ok\t{}\t{}", value.type_name().to_lowercase(), value.repr()),
        Err(error) => format!("err\t{}", error.one_line().replace('\n', "␤")),
    }
}

fn compare(folder: &Path, least: usize) {
    let templar = templar(folder);
    let (cases, answers) = (read(folder, "cases.txt"), read(folder, "answers.txt"));
    let cases = cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (case, expected) in cases.zip(answers.lines()) {
        let (mode, text) = case.split_once(' ').unwrap_or((case, ""));
        let got = answer(&templar, folder, mode, text).replace(&*folder.to_string_lossy(), "/HERE");
        count += 1;
        if got != expected {
            wrong.push(format!("{case}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(count > least, "cases are missing");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn answers_are_ansibles() {
    compare(&folder("templates"), 1500);
}

#[test]
fn filters_tests_and_lookups_answer_as_ansibles() {
    compare(&folder("plugins"), 400);
}

#[test]
fn a_loop_cannot_nest_values_without_end() {
    let text = "{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}";
    let folder = folder("templates");
    let error = answer(&templar(&folder), &folder, "t", text);
    assert_eq!(error, "err\tError rendering template: the value is nested too deeply");
}

#[test]
fn recursion_ends_with_an_error() {
    let folder = folder("templates");
    let templar = templar(&folder);
    for text in [
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% include 'parts/loop.j2' %}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
        "{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}",
        "{% macro f(x) %}{% call f(x) %}{{ caller() }}{% endcall %}{% endmacro %}{{ f(1) }}",
    ] {
        assert!(answer(&templar, &folder, "t", text).contains("Recursive loop detected in template"), "{text}");
    }
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(answer(&templar, &folder, "t", &deep).contains("too many nested expressions"));
    let long = format!("{{{{ 1{} }}}}", " + 1".repeat(5000));
    assert!(answer(&templar, &folder, "t", &long).contains("too many nested expressions"));
}

mod any_input {
    use super::*;
    use proptest::prelude::*;

    /// Pieces that random templates are made of.
    const PIECES: &[&str] = &[
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{%-",
        "-%}",
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "~",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "=",
        ".",
        ":",
        "|",
        ",",
        ";",
        "'",
        "\"",
        "\\",
        "\n",
        " ",
        "a",
        "s",
        "l",
        "d",
        "users",
        "nope",
        "bad",
        "u",
        "0",
        "1",
        "2.5",
        "9999999999999999999999",
        "'x'",
        "'%s %d'",
        "''",
        "none",
        "true",
        "not",
        "and",
        "or",
        "in",
        "is",
        "if",
        "else",
        "elif",
        "endif",
        "for",
        "endfor",
        "x",
        "set",
        "endset",
        "macro",
        "endmacro",
        "call",
        "endcall",
        "filter",
        "endfilter",
        "with",
        "endwith",
        "raw",
        "endraw",
        "block",
        "endblock",
        "include",
        "import",
        "as",
        "from",
        "extends",
        "recursive",
        "loop",
        "super()",
        "self",
        "caller()",
        "varargs",
        "namespace(x=1)",
        "range(3)",
        "dict(a=1)",
        "upper",
        "default('q')",
        "map('upper')",
        "list",
        "join(',')",
        "length",
        "sort",
        "groupby('age')",
        "defined",
        "first",
        "append(1)",
        "update({'k': l})",
        "pop()",
        "items()",
        "format(1, 2)",
        "split()",
        "omit",
        "lookup('items', l)",
        "é",
        "\u{1f600}",
        "__class__",
        "[::-1]",
        "[1:]",
        "{'k': a}",
        "[a, s]",
        "autoescape",
        "endautoescape",
        "*l",
        "**d",
        "#jinja2:",
        "cycle(1,2)",
    ];

    fn template() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(PIECES).prop_map(str::to_string);
        let spaced = prop::collection::vec((piece, any::<bool>()), 0..24).prop_map(|pieces| {
            pieces.into_iter().map(|(piece, blank)| if blank { piece + " " } else { piece }).collect::<String>()
        });
        prop_oneof![
            spaced.clone(),
            spaced.clone().prop_map(|body| format!("{{{{ {body} }}}}")),
            spaced.prop_map(|body| format!("{{% for x in l %}}{{{{ {body} }}}}{{% endfor %}}")),
            any::<String>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_panics(text in template()) {
            let folder = folder("templates");
    let templar = templar(&folder);
            answer(&templar, &folder, "t", &text);
            answer(&templar, &folder, "e", &text);
            answer(&templar, &folder, "c", &text);
        }
    }
}
