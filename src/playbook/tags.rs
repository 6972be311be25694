//! Which tasks `--tags` and `--skip-tags` choose, with the special words all, always, never, tagged and untagged.

use std::collections::HashSet;

/// The choice of a command line.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--tags`; empty means `all`.
    pub only: Vec<String>,
    /// `--skip-tags`.
    pub skip: Vec<String>,
}

impl Selection {
    /// Whether a task with these tags runs.
    pub fn includes(&self, tags: &[String]) -> bool {
        let untagged = ["untagged".to_string()];
        let tags: HashSet<&str> =
            if tags.is_empty() { &untagged[..] } else { tags }.iter().map(String::as_str).collect();
        let has = |words: &[String]| words.iter().any(|word| tags.contains(word.as_str()));
        let names = |words: &[String], word: &str| words.iter().any(|known| known == word);
        let all = ["all".to_string()];
        let only = if self.only.is_empty() { &all[..] } else { &self.only };
        let chosen = tags.contains("always")
            || (names(only, "all") && !tags.contains("never"))
            || has(only)
            || (names(only, "tagged") && !tags.contains("untagged") && !tags.contains("never"));
        if !chosen {
            return false;
        }
        let skipped = if names(&self.skip, "all") {
            !tags.contains("always")
        } else {
            has(&self.skip) || (names(&self.skip, "tagged") && !tags.contains("untagged"))
        };
        if names(&self.skip, "all") && names(&self.skip, "always") {
            return false;
        }
        !skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(only: &str, skip: &str, tags: &str) -> bool {
        let list = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        Selection { only: list(only), skip: list(skip) }.includes(&list(tags))
    }

    #[test]
    fn without_a_choice_all_but_never_run() {
        assert!(runs("", "", ""));
        assert!(runs("", "", "a"));
        assert!(!runs("", "", "never"));
        assert!(!runs("", "", "never a"));
    }

    #[test]
    fn a_choice_brings_its_tags_and_always() {
        assert!(runs("a", "", "a b"));
        assert!(!runs("a", "", "b"));
        assert!(!runs("a", "", ""));
        assert!(runs("a", "", "always"));
        assert!(runs("a", "", "never a"));
        assert!(runs("tagged", "", "x"));
        assert!(!runs("tagged", "", ""));
        assert!(runs("untagged", "", ""));
    }

    #[test]
    fn skipping_wins() {
        assert!(!runs("", "a", "a"));
        assert!(!runs("a", "b", "a b"));
        assert!(runs("", "all", "always"));
        assert!(!runs("", "all", "x"));
        assert!(!runs("", "always", "always"));
        assert!(!runs("", "tagged", "x"));
        assert!(runs("", "tagged", ""));
    }
}
