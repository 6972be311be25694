//! Checks a module's arguments against its [`Spec`], in the order and with the messages of Ansible's modules.

use super::convert::{convert, kind_name};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Failure, Run};
use crate::value::{Dict, Value};

/// What modules with `file_arguments` accept beside their own.
pub const FILE_ARGUMENTS: &[Arg] = &[
    Arg::new("mode", Kind::Raw),
    Arg::new("owner", Kind::Str),
    Arg::new("group", Kind::Str),
    Arg::new("seuser", Kind::Str),
    Arg::new("serole", Kind::Str),
    Arg::new("selevel", Kind::Str),
    Arg::new("setype", Kind::Str),
    Arg::new("attributes", Kind::Str).aliases(&["attr"]),
    Arg::new("unsafe_writes", Kind::Bool).default("no"),
];

const RAW_PARAMS: Arg = Arg::new("_raw_params", Kind::Str);

/// All arguments of a module: its own, free text, the file arguments.
pub fn arguments(spec: &Spec) -> Vec<Arg> {
    let mut args = spec.args.to_vec();
    let extra = spec.free_form.then_some(&RAW_PARAMS).into_iter();
    let extra = extra.chain(if spec.file_arguments { FILE_ARGUMENTS } else { &[] });
    for arg in extra {
        if !args.iter().any(|own| own.name == arg.name) {
            args.push(*arg);
        }
    }
    args
}

/// The arguments, checked and converted: every argument of the spec is there. What `no_log` arguments hold is added to
/// `run.secrets`, also when the check fails.
pub fn check(spec: &Spec, given: &Dict, run: &mut Run) -> Result<Params, Failure> {
    let mut checked = Checked { params: collect(given), unsupported: None, failure: None };
    checked.check(spec, run);
    match checked.failure {
        None => Ok(Params(checked.params)),
        Some(message) => Err(Failure::new(message)),
    }
}

/// As [`check`], and hands out what is known of the parameters when the check fails, for `invocation`.
pub(super) fn check_all(spec: &Spec, given: &Dict, run: &mut Run) -> (Params, Option<Failure>) {
    let mut checked = Checked { params: collect(given), unsupported: None, failure: None };
    checked.check(spec, run);
    (Params(checked.params), checked.failure.map(Failure::new))
}

/// The arguments as they were given, as data.
fn collect(given: &Dict) -> Dict {
    given.iter().map(|(key, value)| (key.untrusted(), value.untrusted())).collect()
}

struct Checked {
    params: Dict,
    unsupported: Option<String>,
    failure: Option<String>,
}

/// Where nested arguments stand, for messages: the names of the options above.
type Context<'a> = &'a [&'a str];

impl Checked {
    fn check(&mut self, spec: &Spec, run: &mut Run) {
        let args = arguments(spec);
        if !self.params.contains("unsafe_writes")
            && args.iter().any(|arg| arg.name == "unsafe_writes")
            && let Some(value) = run.var("ANSIBLE_UNSAFE_WRITES")
        {
            self.params.insert("unsafe_writes", value);
        }
        let mut params = std::mem::take(&mut self.params);
        resolve_aliases(&args, &mut params, "", run);
        collect_secrets(&args, &params, run);
        self.find_unsupported(&args, &params, &[]);
        self.note(mutually_exclusive(spec.mutually_exclusive, &params));
        set_defaults(&args, &mut params);
        self.check_values(&args, &mut params, &[], run);
        self.note(required_together(spec.required_together, &params));
        self.note(required_one_of(spec.required_one_of, &params));
        self.note(required_if(spec, &args, &params, run));
        self.note(required_by(spec.required_by, &params));
        fill_missing(&args, &mut params);
        self.check_options(&args, &mut params, "", &[], run);
        if let Some(unsupported) = self.unsupported.take() {
            let name = if run.name.is_empty() { format!("ansible.legacy.{}", spec.name) } else { run.name.clone() };
            self.note(Some(format!("Unsupported parameters for ({name}) module: {unsupported}")));
        }
        self.params = params;
    }

    /// Keeps the first failure: it is the one that is told.
    fn note(&mut self, failure: Option<String>) {
        if self.failure.is_none() {
            self.failure = failure;
        }
    }

    fn find_unsupported(&mut self, args: &[Arg], params: &Dict, context: Context) {
        let known = |name: &str| args.iter().any(|arg| arg.name == name || arg.aliases.contains(&name));
        let mut strangers: Vec<String> = params
            .keys()
            .map(Value::to_text)
            .filter(|name| !known(name))
            .map(|name| context.iter().map(|parent| format!("{parent}.")).collect::<String>() + &name)
            .collect();
        if strangers.is_empty() || self.unsupported.is_some() {
            return;
        }
        strangers.sort();
        let shown = || args.iter().filter(|arg| !arg.hidden);
        let mut names: Vec<&str> = shown().map(|arg| arg.name).collect();
        names.sort_unstable();
        let mut aliases: Vec<&str> = shown().flat_map(|arg| arg.aliases.iter().copied()).collect();
        aliases.sort_unstable();
        let mut supported = names.join(", ");
        if !aliases.is_empty() {
            supported = format!("{supported} ({})", aliases.join(", "));
        }
        self.unsupported = Some(format!("{}. Supported parameters include: {supported}.", strangers.join(", ")));
    }

    /// Required arguments, types, choices.
    fn check_values(&mut self, args: &[Arg], params: &mut Dict, context: Context, run: &Run) {
        let mut missing: Vec<&str> =
            args.iter().filter(|arg| arg.required && !params.contains(arg.name)).map(|arg| arg.name).collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            self.note(Some(format!("missing required arguments: {}{}", missing.join(", "), found_in(context))));
        }
        for arg in args {
            if let Some(value) = params.get(arg.name).cloned()
                && let Some(converted) = self.convert(arg, &value, context, run)
            {
                params.insert(arg.name, converted);
            }
        }
        for arg in args.iter().filter(|arg| !arg.choices.is_empty()) {
            if let Some(value) = params.get(arg.name).cloned() {
                params.insert(arg.name, self.choose(arg, value, context));
            }
        }
    }

    fn convert(&mut self, arg: &Arg, value: &Value, context: Context, run: &Run) -> Option<Value> {
        if value.is_none() && !arg.required && arg.default.is_none() {
            return None;
        }
        let converted = match convert(&arg.kind, value, run) {
            Ok(converted) => converted,
            Err(why) => {
                let place = if context.is_empty() { String::new() } else { format!(" found in '{}'.", path(context)) };
                self.note(Some(format!(
                    "argument '{}' is of type {}{place} and we were unable to convert to {}: {why}",
                    arg.name,
                    value.type_name(),
                    kind_name(&arg.kind)
                )));
                return None;
            }
        };
        let items = match arg.kind {
            Kind::List(items) => items,
            Kind::OptionsList(_) => &Kind::Dict,
            _ => return Some(converted),
        };
        let mut list = Vec::new();
        for item in converted.as_slice().unwrap_or(&[]) {
            match convert(items, item, run) {
                Ok(item) => list.push(item),
                Err(why) => {
                    let place =
                        if context.is_empty() { String::new() } else { format!(" found in '{}'", path(context)) };
                    self.note(Some(format!(
                        "Elements value for option '{}'{place} is of type {} and we were unable to convert to {}: {why}",
                        arg.name,
                        item.type_name(),
                        kind_name(items)
                    )));
                }
            }
        }
        Some(Value::list(list))
    }

    fn choose(&mut self, arg: &Arg, value: Value, context: Context) -> Value {
        let allowed = |value: &Value| !value.is_none() && arg.choices.contains(&&*value.to_text());
        if let Value::List(items) = &value {
            let strangers: Vec<_> = items.iter().filter(|item| !allowed(item)).map(Value::to_text).collect();
            if !strangers.is_empty() {
                self.note(Some(format!(
                    "value of {} must be one or more of: {}. Got no match for: {}{}",
                    arg.name,
                    arg.choices.join(", "),
                    strangers.join(", "),
                    found_in(context)
                )));
            }
            return value;
        }
        if allowed(&value) {
            return value;
        }
        // YAML made a boolean of a word such as `no`: back to the word, where only one can be meant
        let words: &[&str] = match &*value.to_text() {
            "False" => &["n", "no", "off", "0", "false", "f"],
            "True" => &["y", "yes", "on", "1", "true", "t"],
            _ => &[],
        };
        let mut meant = arg.choices.iter().filter(|choice| words.contains(choice));
        if let (Some(word), None) = (meant.next(), meant.next()) {
            return Value::str(*word);
        }
        self.note(Some(format!(
            "value of {} must be one of: {}, got: {}{}",
            arg.name,
            arg.choices.join(", "),
            value.to_text(),
            found_in(context)
        )));
        value
    }

    /// Arguments within arguments.
    fn check_options(&mut self, args: &[Arg], params: &mut Dict, prefix: &str, context: Context, run: &mut Run) {
        for arg in args {
            let (Kind::Options(options) | Kind::OptionsList(options)) = arg.kind else { continue };
            let Some(value) = params.get(arg.name).filter(|value| !value.is_none()).cloned() else { continue };
            let context = [context, &[arg.name]].concat();
            let checked = match &value {
                Value::List(items) => Value::list(items.iter().enumerate().map(|(at, item)| {
                    self.check_option(options, item, &format!("{prefix}{}[{at}].", arg.name), &context, run)
                })),
                item => self.check_option(options, item, &format!("{prefix}{}.", arg.name), &context, run),
            };
            params.insert(arg.name, checked);
        }
    }

    fn check_option(&mut self, args: &[Arg], value: &Value, prefix: &str, context: Context, run: &mut Run) -> Value {
        let Some(dict) = value.as_dict() else {
            let name = context.last().copied().unwrap_or_default();
            self.note(Some(format!("value of '{name}' must be of type dict or list of dicts")));
            return value.clone();
        };
        let mut params = dict.clone();
        resolve_aliases(args, &mut params, prefix, run);
        self.find_unsupported(args, &params, context);
        set_defaults(args, &mut params);
        self.check_values(args, &mut params, context, run);
        fill_missing(args, &mut params);
        self.check_options(args, &mut params, prefix, context, run);
        Value::dict(params)
    }
}

fn path(context: Context) -> String {
    context.join(" -> ")
}

fn found_in(context: Context) -> String {
    if context.is_empty() { String::new() } else { format!(" found in {}", path(context)) }
}

/// An alias sets its argument, and stays.
fn resolve_aliases(args: &[Arg], params: &mut Dict, prefix: &str, run: &mut Run) {
    for arg in args {
        for alias in arg.aliases {
            let Some(value) = params.get(alias).cloned() else { continue };
            if params.contains(arg.name) {
                run.warn(format!("Both option {prefix}{} and its alias {prefix}{alias} are set.", arg.name));
            }
            params.insert(arg.name, value);
        }
    }
}

fn collect_secrets(args: &[Arg], params: &Dict, run: &mut Run) {
    for arg in args {
        let Some(value) = params.get(arg.name) else { continue };
        if arg.no_log {
            add_secrets(value, run);
        }
        if let Kind::Options(options) | Kind::OptionsList(options) = arg.kind {
            let items = value.as_slice().unwrap_or(std::slice::from_ref(value));
            for item in items {
                let mut dict = item.clone();
                if matches!(item, Value::Str(_)) {
                    dict = convert(&Kind::Dict, item, run).unwrap_or_default();
                }
                if let Some(dict) = dict.as_dict() {
                    // a secret may be given by an alias
                    let mut dict = dict.clone();
                    resolve_aliases(options, &mut dict, "", &mut Run::default());
                    collect_secrets(options, &dict, run);
                }
            }
        }
    }
}

/// Every text and number in a value, as Ansible collects what must not be shown.
fn add_secrets(value: &Value, run: &mut Run) {
    match value {
        Value::Str(text) if !text.is_empty() => run.secrets.push(text.to_string()),
        Value::Bytes(bytes) if !bytes.is_empty() => run.secrets.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => run.secrets.push(value.to_text().into_owned()),
        Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| add_secrets(item, run)),
        Value::Set(items) => items.iter().for_each(|item| add_secrets(item, run)),
        Value::Dict(dict) => dict.values().for_each(|item| add_secrets(item, run)),
        _ => {}
    }
}

fn set_defaults(args: &[Arg], params: &mut Dict) {
    for arg in args {
        if let Some(default) = arg.default
            && !params.contains(arg.name)
        {
            let empty_list = matches!(arg.kind, Kind::List(_) | Kind::OptionsList(_)) && matches!(default, "" | "[]");
            let value = if empty_list { Value::list([]) } else { Value::str(default) };
            params.insert(arg.name, value);
        }
    }
}

fn fill_missing(args: &[Arg], params: &mut Dict) {
    for arg in args {
        if !params.contains(arg.name) {
            params.insert(arg.name, Value::None);
        }
    }
}

fn given<'a>(group: &'a [&'a str], params: &'a Dict) -> impl Iterator<Item = &'a str> {
    group.iter().copied().filter(|name| params.contains(name))
}

fn mutually_exclusive(groups: &[&[&str]], params: &Dict) -> Option<String> {
    let broken: Vec<String> =
        groups.iter().filter(|group| given(group, params).count() > 1).map(|group| group.join("|")).collect();
    (!broken.is_empty()).then(|| format!("parameters are mutually exclusive: {}", broken.join(", ")))
}

fn required_together(groups: &[&[&str]], params: &Dict) -> Option<String> {
    let broken = groups.iter().find(|group| {
        let count = given(group, params).count();
        count > 0 && count < group.len()
    })?;
    Some(format!("parameters are required together: {}", broken.join(", ")))
}

fn required_one_of(groups: &[&[&str]], params: &Dict) -> Option<String> {
    let broken = groups.iter().find(|group| given(group, params).next().is_none())?;
    Some(format!("one of the following is required: {}", broken.join(", ")))
}

fn required_if(spec: &Spec, args: &[Arg], params: &Dict, run: &Run) -> Option<String> {
    spec.required_if.iter().find_map(|rule| {
        let kind = args.iter().find(|arg| arg.name == rule.name).map_or(Kind::Raw, |arg| arg.kind);
        let wanted = convert(&kind, &Value::str(rule.value), run).unwrap_or_default();
        if params.get(rule.name)? != &wanted {
            return None;
        }
        let missing: Vec<&str> = rule.needs.iter().copied().filter(|name| !params.contains(name)).collect();
        if missing.is_empty() || (rule.any && missing.len() < rule.needs.len()) {
            return None;
        }
        Some(format!(
            "{} is {} but {} of the following are missing: {}",
            rule.name,
            wanted.to_text(),
            if rule.any { "any" } else { "all" },
            missing.join(", ")
        ))
    })
}

fn required_by(rules: &[(&str, &[&str])], params: &Dict) -> Option<String> {
    let is_set = |name: &str| params.get(name).is_some_and(|value| !value.is_none());
    rules.iter().filter(|(name, _)| is_set(name)).find_map(|(name, needs)| {
        let missing: Vec<&str> = needs.iter().copied().filter(|need| !is_set(need)).collect();
        (!missing.is_empty()).then(|| format!("missing parameter(s) required by '{name}': {}", missing.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::super::spec::RequiredIf;
    use super::*;
    use crate::value::json;

    const SPEC: Spec = Spec {
        args: &[
            Arg::new("path", Kind::Path).required().aliases(&["dest", "name"]),
            Arg::new("state", Kind::Str).default("file").choices(&["file", "link", "no"]),
            Arg::new("src", Kind::Path),
            Arg::new("count", Kind::Int),
            Arg::new("items", Kind::List(&Kind::Int)).default("1,2"),
            Arg::new("password", Kind::Str).no_log(),
            Arg::new(
                "part",
                Kind::OptionsList(&[
                    Arg::new("key", Kind::Str).required(),
                    Arg::new("token", Kind::Str).no_log(),
                    Arg::new("on", Kind::Bool).default("yes"),
                ]),
            ),
            Arg::new("_secret_door", Kind::Bool).hidden(),
        ],
        mutually_exclusive: &[&["src", "count"]],
        required_if: &[RequiredIf { name: "state", value: "link", needs: &["src"], any: false }],
        required_by: &[("count", &["password"])],
        ..Spec::new("thing")
    };

    fn run(arguments: &str) -> (Result<String, String>, Run) {
        let mut run = Run::default();
        let given = json::parse(arguments).unwrap();
        let checked = check(&SPEC, given.as_dict().unwrap(), &mut run);
        let checked = checked
            .map(|params| json::to_string(&Value::dict(params.0), &json::Style::COMPACT))
            .map_err(|failure| failure.message);
        (checked, run)
    }

    fn failure(arguments: &str) -> String {
        run(arguments).0.unwrap_err()
    }

    #[test]
    fn values_are_converted_and_defaults_set() {
        let (checked, _) = run(r#"{"path": "/a", "count": "3", "password": 12, "part": ["key=1"]}"#);
        let expected = r#"{"path":"/a","count":3,"password":"12","part":[{"key":"1","on":true,"token":null}],
            "state":"file","items":[1,2],"src":null,"_secret_door":null}"#;
        assert_eq!(json::parse(&checked.unwrap()).unwrap(), json::parse(expected).unwrap());
    }

    #[test]
    fn an_alias_sets_its_argument_and_warns_beside_it() {
        let (checked, run) = run(r#"{"path": "/a", "dest": "/b"}"#);
        assert!(checked.unwrap().starts_with(r#"{"path":"/b","dest":"/b""#));
        assert_eq!(run.warnings, ["Both option path and its alias dest are set."]);
    }

    #[test]
    fn messages_are_ansibles() {
        for (arguments, message) in [
            (
                r#"{"path": "/a", "foo": 1, "bar": 1}"#,
                "Unsupported parameters for (ansible.legacy.thing) module: bar, foo. Supported parameters include: \
                 count, items, part, password, path, src, state (dest, name).",
            ),
            ("{}", "missing required arguments: path"),
            (r#"{"path": "/a", "state": "x"}"#, "value of state must be one of: file, link, no, got: x"),
            (r#"{"path": "/a", "state": "link"}"#, "state is link but all of the following are missing: src"),
            (r#"{"path": "/a", "src": "b", "count": 1}"#, "parameters are mutually exclusive: src|count"),
            (r#"{"path": "/a", "count": 1}"#, "missing parameter(s) required by 'count': password"),
            (
                r#"{"path": "/a", "count": {}}"#,
                "argument 'count' is of type dict and we were unable to convert to int: \"{}\" cannot be converted to an int",
            ),
            (
                r#"{"path": "/a", "items": ["a"]}"#,
                "Elements value for option 'items' is of type str and we were unable to convert to int: \
                 \"'a'\" cannot be converted to an int",
            ),
            (r#"{"path": "/a", "part": [{}]}"#, "missing required arguments: key found in part"),
            (
                r#"{"path": "/a", "part": [{"key": 1, "kay": 2}]}"#,
                "Unsupported parameters for (ansible.legacy.thing) module: part.kay. Supported parameters include: \
                 key, on, token.",
            ),
        ] {
            assert_eq!(failure(arguments), message);
        }
    }

    #[test]
    fn secrets_are_collected_even_when_the_check_fails() {
        let (checked, run) =
            run(r#"{"password": ["p1", {"a": 5}], "part": [{"key": "k", "token": "t1"}, "key=k token=t2"]}"#);
        assert!(checked.is_err());
        assert_eq!(run.secrets, ["p1", "5", "t1", "t2"]);
    }

    #[test]
    fn a_boolean_goes_back_to_the_one_word_it_can_mean() {
        let (checked, _) = run(r#"{"path": "/a", "state": false}"#);
        assert!(checked.unwrap().contains(r#""state":"no""#));
    }
}
