//! Texts: shared, immutable, with the place they come from and whether they may be rendered.

use crate::error::Origin;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// Whether a text may be rendered as a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// From a playbook, an inventory or a vars file: `{{ }}` in it is rendered.
    Template,
    /// From anywhere else (a target, a program, a rendered template, `!unsafe`): plain data.
    Data,
}

/// What is known of a text beside its characters.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Where it stands.
    pub origin: Option<Origin>,
    /// Whether it may be rendered.
    pub trust: Trust,
}

/// A text. Equality, order and hash see the characters only.
#[derive(Clone)]
pub struct Text {
    chars: Arc<str>,
    tag: Option<Arc<Tag>>,
}

impl Text {
    /// Data without a known origin.
    pub fn plain(text: impl Into<Arc<str>>) -> Text {
        Text { chars: text.into(), tag: None }
    }

    /// A text that may be a template, from `origin`.
    pub fn trusted(text: impl Into<Arc<str>>, origin: Option<Origin>) -> Text {
        Text { chars: text.into(), tag: Some(Arc::new(Tag { origin, trust: Trust::Template })) }
    }

    /// A text with a tag that is shared with others.
    pub fn tagged(text: impl Into<Arc<str>>, tag: Option<Arc<Tag>>) -> Text {
        Text { chars: text.into(), tag }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.chars
    }

    /// The characters, shared.
    pub fn shared(&self) -> Arc<str> {
        self.chars.clone()
    }

    /// The tag, shared.
    pub fn tag(&self) -> Option<&Arc<Tag>> {
        self.tag.as_ref()
    }

    /// Where it stands.
    pub fn origin(&self) -> Option<&Origin> {
        self.tag.as_ref().and_then(|tag| tag.origin.as_ref())
    }

    /// Whether it may be rendered.
    pub fn is_trusted(&self) -> bool {
        self.tag.as_ref().is_some_and(|tag| tag.trust == Trust::Template)
    }

    /// Whether rendering could change it: trusted, and with a delimiter in it.
    pub fn is_template(&self) -> bool {
        self.is_trusted() && has_delimiter(&self.chars)
    }

    /// The same text as data, its origin kept.
    pub fn untrusted(&self) -> Text {
        let tag = self
            .tag
            .as_ref()
            .and_then(|tag| tag.origin.clone())
            .map(|origin| Arc::new(Tag { origin: Some(origin), trust: Trust::Data }));
        Text { chars: self.chars.clone(), tag }
    }
}

/// Whether a text holds one of Jinja's opening delimiters.
pub fn has_delimiter(text: &str) -> bool {
    memchr::memchr_iter(b'{', text.as_bytes()).any(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.chars
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.chars == other.chars
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.chars.hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chars)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.chars, f)
    }
}
