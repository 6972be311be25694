//! Runs a module from its raw arguments to the complete result, as Ansible's modules return it.

use super::registry::Module;
use super::spec::{Params, Spec};
use super::{Failure, Outcome, Run, masking, params, result};
use crate::value::{Dict, Value};

/// The key of a failed result that holds the chain of messages, outermost first, where the failure has causes that
/// `msg` does not tell; whoever shows the failure shows the chain and removes the key.
pub const CHAIN: &str = "_ansible_chain";

/// Runs the module and gives back its result: what the module tells, `changed`, `failed` and `msg` when it failed,
/// what is known of the `path` or `dest` it speaks of, `invocation`, `warnings`, `deprecations`, and no secrets.
pub fn invoke(module: &Module, arguments: &Dict, run: &mut Run) -> Dict {
    let spec = module.spec;
    let (params, failure) = params::check_all(spec, arguments, run);
    let done = match failure {
        Some(failure) => Err(failure),
        None if run.check && !spec.check_mode => Ok(skipped(&module_name(spec, run))),
        None => (module.run)(run, &params),
    };
    let (mut result, bare) = match done {
        Ok(outcome) => (outcome.result, false),
        Err(failure) => (failed(&failure), failure.raised),
    };
    if !bare {
        result::add_path_info(&mut result);
        if !result.contains("invocation") {
            result.insert("invocation", invocation(spec, params));
        }
    }
    add_messages(&mut result, run);
    masking::mask(&result, &run.secrets)
}

fn module_name(spec: &Spec, run: &Run) -> String {
    if run.name.is_empty() { spec.name.to_string() } else { run.name.clone() }
}

fn skipped(name: &str) -> Outcome {
    let message = format!("remote module ({name}) does not support check mode");
    Outcome { result: Dict::new() }.with("skipped", true).with("msg", message)
}

fn failed(failure: &Failure) -> Dict {
    let chain = || std::iter::once(&failure.message).chain(failure.cause.as_ref());
    let mut result = (*failure.result).clone();
    result.insert("failed", true);
    if !result.contains("changed") {
        result.insert("changed", false);
    }
    if failure.raised {
        let joined: Vec<&str> = chain().map(|message| message.trim_end_matches(['.', ' '])).collect();
        result.insert("msg", format!("Task failed: Module failed: {}", joined.join(": ")));
    } else {
        result.insert("msg", failure.message.as_str());
    }
    if failure.raised || failure.cause.is_some() {
        result.insert(CHAIN, Value::list(chain().map(Value::from)));
    }
    result
}

fn invocation(spec: &Spec, params: Params) -> Value {
    let hidden = |name: &str| spec.args.iter().any(|arg| arg.hidden && arg.name == name);
    let mut arguments = params.0;
    arguments.retain(|key, _| !key.as_str().is_some_and(hidden));
    Value::dict([("module_args", Value::dict(arguments))].into_iter().collect())
}

fn add_messages(result: &mut Dict, run: &Run) {
    if !run.warnings.is_empty() {
        result.insert("warnings", Value::list(run.warnings.iter().map(Value::from)));
    }
    if !run.deprecations.is_empty() {
        let entries = run.deprecations.iter().map(|(message, version)| {
            Value::dict([("msg", Value::from(message)), ("version", Value::from(version))].into_iter().collect())
        });
        result.insert("deprecations", Value::list(entries));
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Arg, Kind};
    use super::*;
    use crate::value::json;

    const SPEC: Spec = Spec {
        args: &[
            Arg::new("word", Kind::Str).no_log(),
            Arg::new("fail", Kind::Bool).default("no"),
            Arg::new("_inner", Kind::Bool).hidden(),
        ],
        check_mode: false,
        ..Spec::new("echo")
    };

    fn echo(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
        run.warn("careful");
        let said = params.str("word").unwrap_or_default();
        if params.bool("fail") {
            return Err(Failure::raised(format!("cannot say {said}.")).because("the cause").with("rc", 1));
        }
        Ok(Outcome::new(true).with("said", format!("<{said}>")))
    }

    fn call(arguments: &str, run: &mut Run) -> String {
        let module = Module { spec: &SPEC, run: echo };
        let arguments = json::parse(arguments).unwrap();
        json::to_string(&Value::dict(invoke(&module, arguments.as_dict().unwrap(), run)), &json::Style::COMPACT)
    }

    #[test]
    fn a_result_is_complete_and_without_secrets() {
        let result = call(r#"{"word": "hush", "_inner": true}"#, &mut Run::default());
        let expected = r#"{"changed":true,"said":"<********>","invocation":{"module_args":{"word":"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER","fail":false}},"warnings":["careful"]}"#;
        assert_eq!(result, expected);
    }

    #[test]
    fn a_raised_failure_is_bare_and_tells_its_chain() {
        let result = call(r#"{"word": "hush", "fail": true}"#, &mut Run::default());
        let expected = r#"{"rc":1,"failed":true,"changed":false,"msg":"Task failed: Module failed: cannot say ********: the cause","_ansible_chain":["cannot say ********.","the cause"],"warnings":["careful"]}"#;
        assert_eq!(result, expected);
    }

    #[test]
    fn check_mode_skips_a_module_that_cannot() {
        let result = call(r#"{"word": "a"}"#, &mut Run { check: true, ..Run::default() });
        assert!(result.starts_with(r#"{"skipped":true,"msg":"remote module (echo) does not support check mode""#));
    }
}
