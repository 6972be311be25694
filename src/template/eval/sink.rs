//! Where a template's output goes: a single value keeps its type, several become text.

use super::{Interp, Mode};
use crate::error::Result;
use crate::value::Value;

#[derive(Default)]
pub struct Sink {
    first: Option<Value>,
    text: Option<String>,
    /// Output is dropped: what a template prints beside the blocks of the parent it extends.
    pub muted: bool,
}

impl Sink {
    /// Takes the next piece; None leaves no trace.
    pub fn push(&mut self, interp: &mut Interp, value: Value) -> Result<()> {
        if self.muted || value.is_none() {
            return Ok(());
        }
        match (&mut self.text, self.first.take()) {
            (Some(text), _) => interp.append_text(&value, text),
            (None, None) => {
                self.first = Some(value);
                Ok(())
            }
            (None, Some(first)) => {
                let mut text = String::new();
                interp.append_text(&first, &mut text)?;
                interp.append_text(&value, &mut text)?;
                self.text = Some(text);
                Ok(())
            }
        }
    }

    /// Takes literal text.
    pub fn push_text(&mut self, interp: &mut Interp, piece: &crate::value::Text) -> Result<()> {
        if let (Some(text), false) = (&mut self.text, self.muted) {
            text.push_str(piece);
            return Ok(());
        }
        self.push(interp, Value::Str(piece.clone()))
    }

    /// The first piece, when it is an undefined value that stands alone so far: its error goes before later ones.
    pub fn pending_undefined(&self) -> Option<crate::error::Error> {
        match &self.first {
            Some(Value::Undefined(undefined)) if !undefined.lenient => Some(undefined.error()),
            _ => None,
        }
    }

    /// What came out.
    pub fn finish(self) -> Value {
        match self.text {
            Some(text) => Value::from(text),
            None => self.first.unwrap_or_default(),
        }
    }
}

impl Interp {
    /// Appends a value as text, as it is joined with others in the output of a template.
    pub(super) fn append_text(&mut self, value: &Value, text: &mut String) -> Result<()> {
        match value {
            Value::Str(piece) if !piece.is_template() => text.push_str(piece),
            Value::Int(_) | Value::Bool(_) | Value::Float(_) => text.push_str(&value.to_text()),
            Value::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
            other => {
                let value = self.finalized(other, Mode::Concat)?;
                if super::objects::is_omit(&value) {
                    return Ok(());
                }
                match &value {
                    Value::Str(piece) => text.push_str(piece),
                    Value::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
                    Value::Object(object) => match object.as_any().downcast_ref::<super::objects::Module>() {
                        Some(module) => text.push_str(&module.body.to_text()),
                        None => text.push_str(&value.to_text()),
                    },
                    value => text.push_str(&value.to_text()),
                }
            }
        }
        Ok(())
    }
}
