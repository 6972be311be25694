//! Events to a graph of nodes: anchors and aliases resolved, nothing built yet.

use super::events::Events;
use super::problem::Problem;
use super::resolve::{self, Tag};
use libyaml_safer::{Event, EventData};
use std::collections::HashMap;

/// Index of a node in its [`Graph`].
pub(super) type Id = usize;

/// Deeper nesting than any real document has, and far from the end of the stack.
const MAX_DEPTH: usize = 512;

/// A node as it was written.
pub(super) struct Raw {
    pub tag: Tag,
    pub content: Content,
    /// Zero-based line and column.
    pub mark: (u32, u32),
}

pub(super) enum Content {
    Scalar(String),
    Seq(Vec<Id>),
    Map(Vec<(Id, Id)>),
}

impl Content {
    /// The name errors use.
    pub fn name(&self) -> &'static str {
        match self {
            Content::Scalar(_) => "scalar",
            Content::Seq(_) => "sequence",
            Content::Map(_) => "mapping",
        }
    }
}

/// The nodes of all documents of a stream.
#[derive(Default)]
pub(super) struct Graph {
    pub nodes: Vec<Raw>,
    /// The root of each document, and where the document starts.
    pub roots: Vec<(Id, (u32, u32))>,
}

/// Reads the whole stream.
pub(super) fn compose(events: Events<'_>) -> Result<Graph, Problem> {
    let mut composer = Composer { events, graph: Graph::default(), anchors: HashMap::new(), depth: 0 };
    while let Some(event) = composer.events.next()? {
        if let EventData::DocumentStart { .. } = event.data {
            composer.anchors.clear();
            let first = composer.expect()?;
            let root = composer.node(first)?;
            composer.graph.roots.push((root, mark(&event)));
        }
    }
    Ok(composer.graph)
}

struct Composer<'a> {
    events: Events<'a>,
    graph: Graph,
    anchors: HashMap<String, Id>,
    depth: usize,
}

fn mark(event: &Event) -> (u32, u32) {
    (event.start_mark.line as u32, event.start_mark.column as u32)
}

/// The tag as written; a missing one and `!` leave the choice to the resolver.
fn explicit(tag: Option<String>) -> Option<Tag> {
    tag.filter(|tag| tag != "!").map(Tag::named)
}

impl Composer<'_> {
    fn expect(&mut self) -> Result<Event, Problem> {
        self.events.next()?.ok_or_else(|| Problem::unmarked("unexpected end of the document".into()))
    }

    fn node(&mut self, event: Event) -> Result<Id, Problem> {
        let mark = mark(&event);
        match event.data {
            EventData::Alias { anchor } => {
                self.anchors.get(&anchor).copied().ok_or_else(|| Problem::marked("", "found undefined alias", mark))
            }
            EventData::Scalar { anchor, tag, value, plain_implicit, .. } => {
                let tag =
                    explicit(tag).unwrap_or_else(|| if plain_implicit { resolve::plain(&value) } else { Tag::Str });
                self.add(anchor, Raw { tag, content: Content::Scalar(value), mark })
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let tag = explicit(tag).unwrap_or(Tag::Seq);
                let id = self.add(anchor, Raw { tag, content: Content::Seq(Vec::new()), mark })?;
                let items = self.nested(mark, Self::items)?;
                self.graph.nodes[id].content = Content::Seq(items);
                Ok(id)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                let tag = explicit(tag).unwrap_or(Tag::Map);
                let id = self.add(anchor, Raw { tag, content: Content::Map(Vec::new()), mark })?;
                let entries = self.nested(mark, Self::entries)?;
                self.graph.nodes[id].content = Content::Map(entries);
                Ok(id)
            }
            _ => Err(Problem::marked("", "found an unexpected event", mark)),
        }
    }

    fn add(&mut self, anchor: Option<String>, raw: Raw) -> Result<Id, Problem> {
        let id = self.graph.nodes.len();
        if let Some(anchor) = anchor
            && self.anchors.insert(anchor, id).is_some()
        {
            let context = "found duplicate anchor; first occurrence";
            return Err(Problem::marked(context, "second occurrence", raw.mark));
        }
        self.graph.nodes.push(raw);
        Ok(id)
    }

    fn nested<T>(&mut self, mark: (u32, u32), read: fn(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::marked("", "found too deep a nesting", mark));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn items(&mut self) -> Result<Vec<Id>, Problem> {
        let mut items = Vec::new();
        loop {
            let event = self.expect()?;
            if event.data == EventData::SequenceEnd {
                return Ok(items);
            }
            items.push(self.node(event)?);
        }
    }

    fn entries(&mut self) -> Result<Vec<(Id, Id)>, Problem> {
        let mut entries = Vec::new();
        loop {
            let event = self.expect()?;
            if event.data == EventData::MappingEnd {
                return Ok(entries);
            }
            let key = self.node(event)?;
            let event = self.expect()?;
            entries.push((key, self.node(event)?));
        }
    }
}

/// Reads the whole stream from its text.
pub(super) fn compose_text(text: &str) -> Result<Graph, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let input = super::events::terminated(text);
    let lent = input.len() > text.len();
    compose(Events::new(text, &mut input.as_bytes(), lent))
}
