//! How to become another user: what is run, how it asks, and what it says when it refuses.

use crate::error::{Error, Result};
use crate::value::{Dict, Value, json};

/// How a program asks for the password.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// With a line that starts so: a prompt that we chose.
    Line(String),
    /// With one of these words and a colon, anywhere.
    Words(Vec<String>),
}

/// See the module. `Debug` shows no password.
#[derive(Clone, PartialEq)]
pub struct Plan {
    /// The method's name, for messages.
    pub method: String,
    /// The user to become.
    pub user: String,
    /// The shell line; [`Plan::PROGRAMS`] in it stands for the paths where our program may be, [`Plan::OPTIONS`] for
    /// how it is called.
    pub command: String,
    /// The method's program must see a terminal as its standard input.
    pub terminal: bool,
    /// How it asks.
    pub prompt: Option<Prompt>,
    /// What is answered.
    pub password: Option<String>,
    /// What is printed when it worked.
    pub success: String,
    /// What is said of a wrong password.
    pub wrong: Vec<String>,
    /// What is said when a password would be needed.
    pub missing: Vec<String>,
    /// The new agent's mark.
    pub mark: String,
    /// Seconds to wait for all that.
    pub timeout: u64,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("method", &self.method).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Plan {
    /// Stands in the command for the paths of our program.
    pub const PROGRAMS: &str = "@PROGRAMS@";
    /// Stands in the command for our program's further options.
    pub const OPTIONS: &str = "@OPTIONS@";

    /// As JSON, for the wire.
    pub fn to_json(&self) -> String {
        let texts = |texts: &[String]| Value::list(texts.iter().map(Value::from));
        let mut plan = Dict::new();
        plan.insert("method", self.method.as_str());
        plan.insert("user", self.user.as_str());
        plan.insert("command", self.command.as_str());
        plan.insert("terminal", self.terminal);
        match &self.prompt {
            Some(Prompt::Line(line)) => plan.insert("prompt", line.as_str()),
            Some(Prompt::Words(words)) => plan.insert("prompt", texts(words)),
            None => None,
        };
        plan.insert("password", self.password.as_deref());
        plan.insert("success", self.success.as_str());
        plan.insert("wrong", texts(&self.wrong));
        plan.insert("missing", texts(&self.missing));
        plan.insert("mark", self.mark.as_str());
        plan.insert("timeout", self.timeout);
        json::to_string(&Value::dict(plan), &json::Style::COMPACT)
    }

    /// From JSON.
    pub fn from_json(text: &str) -> Result<Plan> {
        let plan = json::parse(text)?;
        let word = |value: &Value| value.as_str().map(String::from);
        let optional = |name: &str| plan.get(name).and_then(word);
        let needed = |name: &str| optional(name).ok_or_else(|| Error::general(format!("a plan without `{name}`")));
        let texts = |value: &Value| value.as_slice().map(|texts| texts.iter().filter_map(word).collect::<Vec<_>>());
        Ok(Plan {
            method: needed("method")?,
            user: needed("user")?,
            command: needed("command")?,
            terminal: plan.get("terminal").is_some_and(Value::truthy),
            prompt: plan
                .get("prompt")
                .and_then(|prompt| texts(prompt).map(Prompt::Words).or_else(|| word(prompt).map(Prompt::Line))),
            password: optional("password"),
            success: needed("success")?,
            wrong: plan.get("wrong").and_then(texts).unwrap_or_default(),
            missing: plan.get("missing").and_then(texts).unwrap_or_default(),
            mark: needed("mark")?,
            timeout: plan.get("timeout").and_then(Value::as_i64).and_then(|t| u64::try_from(t).ok()).unwrap_or(12),
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A plan that runs this command, which asks with `Password:`.
    pub fn plan(command: &str, password: Option<&str>) -> Plan {
        Plan {
            method: "su".into(),
            user: "bob".into(),
            command: command.into(),
            terminal: true,
            prompt: Some(Prompt::Words(vec!["Password".into()])),
            password: password.map(String::from),
            success: "BECOME-SUCCESS-x".into(),
            wrong: vec!["Authentication failure".into()],
            missing: vec!["a password is required".into()],
            mark: "MARK".into(),
            timeout: 12,
        }
    }

    #[test]
    fn a_plan_survives_the_journey_and_is_not_shown() {
        let words = plan("su", Some("hush"));
        assert_eq!(Plan::from_json(&words.to_json()).expect("a plan"), words);
        let line = Plan { prompt: Some(Prompt::Line("[sudo]".into())), password: None, ..words.clone() };
        assert_eq!(Plan::from_json(&line.to_json()).expect("a plan"), line);
        assert!(!format!("{words:?}").contains("hush"));
    }
}
