//! Runs one module here, to try it or to compare it: `cargo run --example module -- [--check] [--diff] [--blob FILE]
//! NAME '{"argument": "value"}'`. Prints the result as JSON.

use heliostat::module::{Blob, Run, invoke::invoke, registry};
use heliostat::value::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let mut run = Run { tmpdir: std::env::temp_dir(), ..Run::default() };
    let mut rest = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--check" => run.check = true,
            "--diff" => run.diff = true,
            "--blob" => run.blobs.extend(words.next().map(|path| Blob::File(PathBuf::from(path)))),
            _ => rest.push(word),
        }
    }
    let name = rest.first().map(String::as_str).unwrap_or_default();
    let Some(module) = registry::find(name) else {
        eprintln!("no module {name:?}");
        return ExitCode::from(2);
    };
    let arguments = match json::parse(rest.get(1).map_or("{}", String::as_str)) {
        Ok(Value::Dict(arguments)) => arguments,
        _ => {
            eprintln!("the arguments are no JSON object");
            return ExitCode::from(2);
        }
    };
    run.name = name.to_string();
    let result = invoke(module, &arguments, &mut run);
    println!("{}", json::to_string(&Value::dict(result), &json::Style::PRETTY));
    ExitCode::SUCCESS
}
