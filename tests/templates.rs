//! Templates, expressions and conditions give what ansible-core gives: `templates/answers.txt` holds its answers.

use heliostat::error::{Error, Origin};
use heliostat::template::{Environment, Templar, Variables};
use heliostat::value::{Text, Value};
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

fn answer(templar: &Templar, mode: &str, text: &str) -> String {
    let text = Text::trusted(text.replace('␤', "\n"), Some(Origin::new("/case.yml", 1, 1)));
    let result: Result<Value, Error> = match mode {
        "t" => templar.template(&Value::Str(text)),
        "e" => templar.evaluate(&text),
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
        let got = answer(&templar, mode, text).replace(&*folder.to_string_lossy(), "/HERE");
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
    compare(&folder("templates"), 200);
}

#[test]
fn filters_tests_and_lookups_answer_as_ansibles() {
    compare(&folder("plugins"), 400);
}
