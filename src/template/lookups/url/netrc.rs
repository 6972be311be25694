//! User names and passwords from `~/.netrc`.

/// The login and password for a host, or the default's.
pub(super) fn find(text: &str, host: &str) -> Option<(String, String)> {
    let mut words = words(text).into_iter();
    let mut fallback = None;
    let mut word = words.next();
    while let Some(entry) = word.take() {
        let machine = match entry.as_str() {
            "machine" => words.next(),
            "default" => None,
            _ => {
                word = words.next();
                continue;
            }
        };
        let (mut login, mut password) = (String::new(), String::new());
        word = loop {
            match words.next() {
                Some(key) if key == "login" || key == "user" => login = words.next().unwrap_or_default(),
                Some(key) if key == "password" => password = words.next().unwrap_or_default(),
                Some(key) if key == "account" => drop(words.next()),
                next => break next,
            }
        };
        match machine {
            Some(machine) if machine == host => return Some((login, password)),
            None => fallback = Some((login, password)),
            _ => {}
        }
    }
    fallback
}

/// Words between blanks; double quotes keep blanks, a hash that begins a word comments the line.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in text.lines() {
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                continue;
            }
            if c == '#' {
                break;
            }
            let quoted = c == '"';
            let mut word = if quoted { String::new() } else { c.to_string() };
            while let Some(c) = chars.next_if(|c| if quoted { *c != '"' } else { !c.is_whitespace() }) {
                word.push(c);
            }
            if quoted {
                chars.next();
            }
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_goes_before_the_default() {
        let text = "# mine\nmachine a login x password \"p q\"\ndefault login any password none\nmachine b login y account z password w";
        let pair = |host| find(text, host).map(|(login, password)| format!("{login}/{password}"));
        assert_eq!(pair("a").as_deref(), Some("x/p q"));
        assert_eq!(pair("b").as_deref(), Some("y/w"));
        assert_eq!(pair("c").as_deref(), Some("any/none"));
        assert!(find("machine a login x password y", "b").is_none());
    }
}
