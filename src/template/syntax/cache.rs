//! What was parsed once is not parsed again: one cache for the whole process, shared by all threads.

use super::ast::Template;
use super::lexer::SyntaxError;
use super::overrides::SyntaxOverrides;
use super::parser::{self, Extensions};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, LazyLock, RwLock};

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source<'s> {
    /// Delimiters and blanks.
    pub syntax: &'s SyntaxOverrides,
    /// A bare expression instead of a document.
    pub expression: bool,
    /// Backslashes in strings between `{{ }}` stand for themselves.
    pub escape_backslashes: bool,
    /// Tags turned on.
    pub extensions: Extensions,
}

type Parsed = Result<Arc<Template>, SyntaxError>;
type Entry = (Arc<str>, SyntaxOverrides, Parsed);
type Shard = RwLock<HashMap<u64, Entry, foldhash::fast::RandomState>>;

const SHARDS: usize = 16;
const SHARD_ENTRIES: usize = 4096;

static HASHER: LazyLock<foldhash::fast::RandomState> = LazyLock::new(Default::default);
static CACHE: LazyLock<Vec<Shard>> = LazyLock::new(|| (0..SHARDS).map(|_| Shard::default()).collect());

/// The tree of `text`, parsed now or earlier. Errors say what is wrong as Jinja2 words it.
pub fn parse(text: &str, source: Source<'_>) -> Result<Arc<Template>, SyntaxError> {
    let key = HASHER.hash_one((text, source));
    let shard = &CACHE[key as usize % SHARDS];
    if let Ok(entries) = shard.read()
        && let Some((known, syntax, parsed)) = entries.get(&key)
        && **known == *text
        && syntax == source.syntax
    {
        return parsed.clone();
    }
    let parsed = parse_fresh(text, source);
    if let Ok(mut entries) = shard.write() {
        // a run has few distinct templates; one that makes them up endlessly must not fill the memory
        if entries.len() >= SHARD_ENTRIES {
            entries.clear();
        }
        entries.insert(key, (Arc::from(text), source.syntax.clone(), parsed.clone()));
    }
    parsed
}

fn parse_fresh(text: &str, source: Source<'_>) -> Parsed {
    let parsed = if source.expression {
        parser::expression(text, source.extensions)
    } else {
        parser::document(text, source.syntax, source.escape_backslashes, source.extensions)
    };
    parsed.map(Arc::new)
}
