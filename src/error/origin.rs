//! Where a value, a keyword or an error comes from.

use std::fmt;
use std::sync::Arc;

/// A place in a source: a file with line and column, or a description such as `<CLI option '-e'>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// Absolute path of the file, or a description in angle brackets.
    pub source: Arc<str>,
    /// 1-based line; 0 when unknown.
    pub line: u32,
    /// 1-based column in characters; 0 when unknown.
    pub column: u32,
}

impl Origin {
    /// A place in a file or described source.
    pub fn new(source: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Origin { source: source.into(), line, column }
    }

    /// A source without lines, such as `<CLI option '-e'>`.
    pub fn described(description: impl Into<Arc<str>>) -> Self {
        Origin { source: description.into(), line: 0, column: 0 }
    }

    /// Whether the source is a file that can be read again for an excerpt.
    pub fn is_file(&self) -> bool {
        !self.source.starts_with('<')
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
