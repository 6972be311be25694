//! Shell patterns for names, as Python's `fnmatch` reads them.

/// Whether a name fits a shell pattern: `*`, `?`, `[abc]`, `[!a-z]`. Case counts.
pub fn fnmatch(name: &str, pattern: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut n, mut p) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(_) => match_one(name[n], &pattern[p..]),
            None => None,
        };
        match (step, star) {
            (Some(length), _) => (n, p) = (n + 1, p + length),
            (None, Some((at, from))) => {
                star = Some((at, from + 1));
                (n, p) = (from + 1, at + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How many pattern characters one character of a name uses up, if it fits.
fn match_one(c: char, pattern: &[char]) -> Option<usize> {
    match pattern[0] {
        '?' => Some(1),
        '[' => match set_end(pattern) {
            Some(end) => in_set(c, &pattern[1..end]).then_some(end + 1),
            None => (c == '[').then_some(1),
        },
        literal => (literal == c).then_some(1),
    }
}

/// Where the `]` of a set is; a `]` right at its start belongs to it.
fn set_end(pattern: &[char]) -> Option<usize> {
    let first = if pattern.get(1) == Some(&'!') { 3 } else { 2 };
    (first..pattern.len()).find(|&at| pattern[at] == ']')
}

fn in_set(c: char, set: &[char]) -> bool {
    let (negated, mut set) = match set.split_first() {
        Some(('!', rest)) => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    while let Some(&low) = set.first() {
        if set.len() >= 3 && set[1] == '-' {
            found |= (low..=set[2]).contains(&c);
            set = &set[3..];
        } else {
            found |= low == c;
            set = &set[1..];
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        for (name, pattern, fits) in [
            ("web1", "web*", true),
            ("web1", "we?1", true),
            ("web1", "web[0-2]", true),
            ("web1", "web[!1]", false),
            ("web1", "web", false),
            ("a]b", "a[]]b", true),
        ] {
            assert_eq!(fnmatch(name, pattern), fits, "{name} {pattern}");
        }
    }
}
