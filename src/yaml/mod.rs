//! YAML as Ansible reads it: YAML 1.1 scalars, merge keys, `!vault`, `!unsafe`, and the place of every value.
//!
//! A text becomes events, events a graph of nodes (anchors resolved), and the graph a tree of [`Node`]s that knows where each
//! key and value stands. Texts of a trusted document may be rendered as templates; what is below `!unsafe` never.

mod compose;
mod construct;
mod events;
mod file;
mod node;
mod problem;
mod resolve;
mod scalar;
pub mod write;

pub use file::{json_value, load, parse_file, read_text};
pub use node::{Node, NodeKind};

use crate::error::{Error, Kind, Result, Warning};
use crate::value::Value;
use problem::Problem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Opens an encrypted text; what was in it may be anything.
pub type Decrypt = Arc<dyn Fn(&str) -> Result<Vec<u8>> + Send + Sync>;

/// The same, where only text will do: in templates.
pub fn decrypt_text(decrypt: &Decrypt) -> Arc<dyn Fn(&str) -> Result<String> + Send + Sync> {
    let decrypt = decrypt.clone();
    Arc::new(move |text| {
        let no_text = |_| Error::new(Kind::Vault, "The decrypted content is no UTF-8 text.");
        String::from_utf8(decrypt(text)?).map_err(no_text)
    })
}

/// What becomes of a key that a mapping has twice (`DUPLICATE_YAML_DICT_KEY`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// A warning; the last value counts.
    #[default]
    Warn,
    /// An error.
    Error,
    /// The last value counts.
    Ignore,
}

/// How to read.
#[derive(Clone)]
pub struct Options {
    /// Whether texts may be rendered as templates.
    pub trusted: bool,
    /// What becomes of duplicate keys.
    pub duplicates: Duplicates,
    /// The line of the source at which the text starts.
    pub first_line: u32,
    /// Opens encrypted files.
    pub decrypt: Option<Decrypt>,
}

impl Default for Options {
    /// A trusted file.
    fn default() -> Options {
        Options { trusted: true, duplicates: Duplicates::Warn, first_line: 1, decrypt: None }
    }
}

impl Options {
    /// Texts that are data, whatever they look like.
    pub fn untrusted() -> Options {
        Options { trusted: false, ..Options::default() }
    }
}

/// What was read.
#[derive(Debug)]
pub struct Parsed<T> {
    /// The document or documents.
    pub content: T,
    /// Duplicate keys and deprecated tags, in the order Ansible reports them.
    pub warnings: Vec<Warning>,
}

/// Reads all documents of a text. `source` is a file's absolute path, or a description in angle brackets.
pub fn parse_all(text: &str, source: impl Into<Arc<str>>, options: &Options) -> Result<Parsed<Vec<Node>>> {
    let source = source.into();
    let read = || -> Result<Parsed<Vec<Node>>, Problem> {
        let graph = compose::compose_text(text)?;
        construct_all(graph, source.clone(), options)
    };
    caught(read).map_err(|problem| problem.into_error(&source, text, options.first_line.max(1)))
}

/// Reads a text that holds one document; `None` when it is empty.
pub fn parse(text: &str, source: impl Into<Arc<str>>, options: &Options) -> Result<Parsed<Option<Node>>> {
    let source = source.into();
    let read = || -> Result<Parsed<Option<Node>>, Problem> {
        let graph = compose::compose_text(text)?;
        if let Some((_, mark)) = graph.roots.get(1) {
            let context = "expected a single document in the stream";
            return Err(Problem::marked(context, "but found another document", *mark));
        }
        let parsed = construct_all(graph, source.clone(), options)?;
        Ok(Parsed { content: parsed.content.into_iter().next(), warnings: parsed.warnings })
    };
    caught(read).map_err(|problem| problem.into_error(&source, text, options.first_line.max(1)))
}

/// Reads a text that holds one document, as a value; an empty one is null. Warnings are dropped.
pub fn parse_value(text: &str, source: impl Into<Arc<str>>, options: &Options) -> Result<Value> {
    let parsed = parse(text, source, options)?;
    Ok(parsed.content.map_or(Value::None, |node| node.to_value()))
}

fn construct_all(graph: compose::Graph, source: Arc<str>, options: &Options) -> Result<Parsed<Vec<Node>>, Problem> {
    let mut constructor = construct::Constructor::new(graph, source, options);
    let content = constructor.documents()?;
    Ok(Parsed { content, warnings: constructor.into_warnings() })
}

/// The event parser is known to panic on rare input; that must not end the run.
fn caught<T>(read: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    std::panic::catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Problem::unmarked("the YAML parser gave up on this text".into())))
}

#[cfg(test)]
mod tests;
