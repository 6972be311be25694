//! `su`: asks at a terminal, in the words of the target's language.

use super::{Method, Wish, join, quote};
use crate::agent::escalate::Prompt;

/// How su asks, where it is told apart by nothing but its words.
pub const PROMPTS: [&str; 32] = [
    "Password",
    "암호",
    "パスワード",
    "Adgangskode",
    "Contraseña",
    "Contrasenya",
    "Hasło",
    "Heslo",
    "Jelszó",
    "Lösenord",
    "Mật khẩu",
    "Mot de passe",
    "Parola",
    "Parool",
    "Pasahitza",
    "Passord",
    "Passwort",
    "Salasana",
    "Sandi",
    "Senha",
    "Wachtwoord",
    "ססמה",
    "Лозинка",
    "Парола",
    "Пароль",
    "गुप्तशब्द",
    "शब्दकूट",
    "సంకేతపదము",
    "හස්පදය",
    "密码",
    "密碼",
    "口令",
];

/// As Ansible builds its line.
pub fn method(wish: &Wish) -> Method {
    let command = wish.in_shell();
    let words = match wish.becoming.prompts.as_slice() {
        [] => PROMPTS.iter().map(|word| word.to_string()).collect(),
        own => own.to_vec(),
    };
    Method {
        name: "su",
        command: join(&[wish.exe("su"), wish.flags(""), &wish.becoming.user, "-c", &quote(&command)]),
        terminal: true,
        prompt: Some(Prompt::Words(words)),
        wrong: &["Authentication failure"],
        missing: &[],
    }
}
