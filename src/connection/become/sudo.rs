//! `sudo`.

use super::{Method, Wish, join};
use crate::agent::escalate::Prompt;

/// As Ansible builds its line: without a password sudo must not ask (`-n`), with one it asks with a prompt of ours.
pub fn method(wish: &Wish) -> Method {
    let mut flags = wish.flags("-H -S -n").to_string();
    let mut ask = String::new();
    let mut prompt = None;
    if wish.becoming.password.is_some() {
        flags = may_ask(&flags);
        let line = format!("[sudo via ansible, key={}] password:", wish.id);
        ask = format!("-p \"{line}\"");
        prompt = Some(Prompt::Line(line));
    }
    let user = match wish.becoming.user.as_str() {
        "" => String::new(),
        user => format!("-u {user}"),
    };
    Method {
        name: "sudo",
        command: join(&[wish.exe("sudo"), &flags, &ask, &user, &wish.in_shell()]),
        terminal: false,
        prompt,
        wrong: &["Sorry, try again."],
        missing: &["Sorry, a password is required to run sudo", "sudo: a password is required"],
    }
}

/// The flags without `-n`, alone or among others.
fn may_ask(flags: &str) -> String {
    let Ok(words) = shell_words::split(flags) else { return flags.to_string() };
    let kept = words.into_iter().filter(|word| word != "-n" && word != "--non-interactive").map(|word| {
        let cluster = word.starts_with('-') && !word.starts_with("--");
        if cluster { drop_last_n(&word) } else { word }
    });
    shell_words::join(kept)
}

/// `-HnS` becomes `-HS`; only among letters right after the dash.
fn drop_last_n(word: &str) -> String {
    let letters = word[1..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(word.len(), |at| at + 1);
    match word[..letters].rfind('n') {
        Some(at) => format!("{}{}", &word[..at], &word[at + 1..]),
        None => word.to_string(),
    }
}
