//! Reads what a become method's program prints until it let us through or refused, and knows when to answer.

use super::{Plan, Prompt};

/// What is kept of the output, for messages and for marks that come in pieces.
const KEPT: usize = 64 * 1024;

/// What was seen.
#[derive(Debug, PartialEq, Eq)]
pub enum Sight {
    /// Nothing that matters yet.
    Nothing,
    /// It asks: answer with the password.
    Ask,
    /// We are through.
    Through,
    /// It refused; Ansible's words for it.
    Refused(String),
}

/// Watches one stream of the program. The streams share what was answered.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Vec<u8>,
    /// Where the part begins that was not judged yet.
    from: usize,
}

impl Watch {
    /// Takes what was printed and says what it means. `answered` tells whether the password was given already.
    pub fn take(&mut self, plan: &Plan, piece: &[u8], answered: bool) -> Sight {
        self.seen.extend_from_slice(piece);
        let excess = self.seen.len().saturating_sub(KEPT);
        self.seen.drain(..excess);
        self.from = self.from.saturating_sub(excess);
        let fresh = &self.seen[self.from..];
        if contains(fresh, &plan.success) {
            return Sight::Through;
        }
        if plan.wrong.iter().any(|text| contains(fresh, text)) {
            return Sight::Refused(format!("Incorrect {} password", plan.method));
        }
        if plan.missing.iter().any(|text| contains(fresh, text)) {
            return Sight::Refused(format!("Missing {} password", plan.method));
        }
        if !plan.prompt.as_ref().is_some_and(|prompt| asks(prompt, fresh)) {
            return Sight::Nothing;
        }
        self.from = self.seen.len();
        match (&plan.password, answered) {
            (None, _) => Sight::Refused(format!("Missing {} password", plan.method)),
            (Some(_), true) => Sight::Refused(format!("Incorrect {} password", plan.method)),
            (Some(_), false) => Sight::Ask,
        }
    }

    /// What was printed, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace("\r\n", "\n").trim().to_string()
    }
}

fn contains(text: &[u8], what: &str) -> bool {
    !what.is_empty() && memchr::memmem::find(text, what.as_bytes()).is_some()
}

fn asks(prompt: &Prompt, text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    match prompt {
        Prompt::Line(line) => text.lines().any(|printed| printed.trim().starts_with(line.trim())),
        Prompt::Words(words) => {
            let text = text.to_lowercase();
            words.iter().any(|word| {
                let word = word.to_lowercase();
                text.match_indices(&word).any(|(at, _)| text[at + word.len()..].trim_start().starts_with([':', '：']))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn a_prompt_in_pieces_is_answered_once() {
        let plan = plan("", Some("p"));
        let mut watch = Watch::default();
        assert_eq!(watch.take(&plan, b"Pass", false), Sight::Nothing);
        assert_eq!(watch.take(&plan, b"word: ", false), Sight::Ask);
        assert_eq!(watch.take(&plan, b"\r\n", true), Sight::Nothing);
        assert_eq!(watch.take(&plan, b"BECOME-SUCCESS-x\n", true), Sight::Through);
    }

    #[test]
    fn refusals_are_ansibles() {
        let refused =
            |password, printed: &[u8], answered| match Watch::default().take(&plan("", password), printed, answered) {
                Sight::Refused(why) => why,
                other => panic!("{other:?}"),
            };
        assert_eq!(refused(Some("p"), b"su: Authentication failure\r\n", true), "Incorrect su password");
        assert_eq!(refused(Some("p"), b"password :", true), "Incorrect su password");
        assert_eq!(refused(None, b"Password:", false), "Missing su password");
        assert_eq!(refused(None, b"sudo: a password is required\n", false), "Missing su password");
    }

    #[test]
    fn a_prompt_of_our_own_must_start_its_line() {
        let plan =
            Plan { prompt: Some(Prompt::Line("[sudo via ansible, key=k] password:".into())), ..plan("", Some("p")) };
        assert_eq!(Watch::default().take(&plan, b"echo [sudo via ansible, key=k] password:", false), Sight::Nothing);
        assert_eq!(Watch::default().take(&plan, b"lecture\n[sudo via ansible, key=k] password:", false), Sight::Ask);
    }
}
