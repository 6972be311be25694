//! Jinja2's `map`, `select`, `reject` and their like: a filter, test or attribute applied to each item.

use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::registry::Filter;
use crate::value::Value;

pub const FILTERS: &[Filter] = &[
    Filter::new("map", map).lazy(),
    Filter::new("select", select).lazy(),
    Filter::new("reject", reject).lazy(),
    Filter::new("selectattr", selectattr).lazy(),
    Filter::new("rejectattr", rejectattr).lazy(),
];

/// The way to a value inside an item: `a.b.0`.
#[derive(Clone, Debug, Default)]
pub struct Path {
    parts: Vec<Value>,
    default: Option<Value>,
}

impl Path {
    /// Dots separate names, numbers are indexes; anything but a text is one key.
    pub fn new(attribute: &Value) -> Path {
        let parts = match attribute {
            Value::None => Vec::new(),
            Value::Str(text) => text.split('.').map(part).collect(),
            other => vec![other.clone()],
        };
        Path { parts, default: None }
    }

    /// Several ways with commas between them.
    pub fn several(attribute: &Value) -> Vec<Path> {
        match attribute {
            Value::Str(text) => text.split(',').map(|path| Path::new(&Value::str(path))).collect(),
            other => vec![Path::new(other)],
        }
    }

    /// What stands where the way ends in nothing.
    pub fn with_default(mut self, default: Option<Value>) -> Path {
        self.default = default.filter(|default| !default.is_none());
        self
    }

    /// The value at the end of the way, which must not lead into nothing, whatever the default: only `map` and its like accept
    /// undefined values on their way.
    pub fn defined(&self, ctx: &mut dyn Context, item: &Value) -> Result<Value> {
        let mut value = item.clone();
        for part in &self.parts {
            value = ctx.item(&value, part)?;
            super::jinja_sequence::check(&value)?;
        }
        Ok(value)
    }

    /// The value at the end of the way; undefined when there is none.
    pub fn of(&self, ctx: &mut dyn Context, item: &Value) -> Result<Value> {
        let mut value = item.clone();
        for part in &self.parts {
            value = ctx.item(&value, part)?;
            if let (Value::Undefined(_), Some(default)) = (&value, &self.default) {
                value = default.clone();
            }
        }
        Ok(value)
    }
}

fn part(text: &str) -> Value {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).map_or_else(|| Value::str(text), Value::Int)
}

/// Whether a value is there to go through: an empty one is skipped without a look at the rest.
fn anything(value: &Value) -> bool {
    value.truthy()
}

/// The items, each rendered; undefined ones stay as they are.
fn touched(ctx: &mut dyn Context, value: &Value) -> Result<Vec<Value>> {
    if anything(value) { ctx.items(value) } else { Ok(Vec::new()) }
}

fn map(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let items = touched(ctx, &input)?;
    if items.is_empty() && !anything(&input) {
        return Ok(Value::list([]));
    }
    if args.positional.is_empty()
        && let Some(attribute) = args.take_named("attribute")
    {
        let default = args.take_named("default");
        if let Some((unknown, _)) = args.named.first() {
            return Err(Error::template(format!("Unexpected keyword argument '{unknown}'")));
        }
        let path = Path::new(&ctx.resolve(&attribute)?).with_default(default);
        let mut mapped = Vec::with_capacity(items.len());
        for item in &items {
            mapped.push(path.of(ctx, item)?);
        }
        return Ok(Value::list(mapped));
    }
    if args.positional.is_empty() {
        return Err(Error::template("map requires a filter argument"));
    }
    let name = ctx.resolve(&args.positional.remove(0))?.to_text().into_owned();
    let mut mapped = Vec::with_capacity(items.len());
    for item in items {
        mapped.push(ctx.filter(&name, item, args.clone())?);
    }
    Ok(Value::list(mapped))
}

fn pick(ctx: &mut dyn Context, input: &Value, mut args: Args, keep: bool, by_attribute: bool) -> Result<Value> {
    let items = touched(ctx, input)?;
    if items.is_empty() && !anything(input) {
        return Ok(Value::list([]));
    }
    let path = if by_attribute {
        if args.positional.is_empty() {
            return Err(Error::template("Missing parameter for attribute name"));
        }
        Path::new(&ctx.resolve(&args.positional.remove(0))?)
    } else {
        Path::default()
    };
    let test = if args.positional.is_empty() {
        None
    } else {
        Some(ctx.resolve(&args.positional.remove(0))?.to_text().into_owned())
    };
    let mut picked = Vec::new();
    for item in items {
        let value = path.of(ctx, &item)?;
        let holds = match (&test, &value) {
            (Some(test), _) => ctx.test(test, value, args.clone())?,
            (None, Value::Undefined(undefined)) if !undefined.lenient => return Err(undefined.error()),
            (None, value) => value.truthy(),
        };
        if holds == keep {
            picked.push(item);
        }
    }
    Ok(Value::list(picked))
}

fn select(ctx: &mut dyn Context, input: Value, args: Args) -> Result<Value> {
    pick(ctx, &input, args, true, false)
}

fn reject(ctx: &mut dyn Context, input: Value, args: Args) -> Result<Value> {
    pick(ctx, &input, args, false, false)
}

fn selectattr(ctx: &mut dyn Context, input: Value, args: Args) -> Result<Value> {
    pick(ctx, &input, args, true, true)
}

fn rejectattr(ctx: &mut dyn Context, input: Value, args: Args) -> Result<Value> {
    pick(ctx, &input, args, false, true)
}
