//! Jinja2's filters that compare items: sorting, grouping, extremes, sums.

use super::jinja_select::Path;
use super::jinja_sequence::{check, defined, undefined};
use crate::error::{Error, Result};
use crate::template::context::{Args, Context};
use crate::template::eval::{objects::GroupTuple, ops, sort_by_key};
use crate::template::registry::Filter;
use crate::template::syntax::ast::BinOp;
use crate::value::Value;
use std::cmp::Ordering;
use std::sync::Arc;

pub const FILTERS: &[Filter] = &[
    Filter::new("sort", sort).lazy(),
    Filter::new("dictsort", dictsort).lazy(),
    Filter::new("groupby", groupby).lazy(),
    Filter::new("min", min).lazy(),
    Filter::new("max", max).lazy(),
    Filter::new("sum", sum).lazy(),
];

/// What an item is compared by: rendered through and through, defined, small letters unless case matters.
fn key(ctx: &mut dyn Context, value: &Value, case_sensitive: bool) -> Result<Value> {
    check(value)?;
    let value = ctx.resolve(value)?;
    Ok(match value {
        Value::Str(text) if !case_sensitive => Value::from(text.to_lowercase()),
        other => other,
    })
}

fn flag(value: Option<Value>) -> bool {
    value.is_some_and(|value| value.truthy())
}

fn sort(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let reverse = flag(args.take("reverse"));
    let case_sensitive = flag(args.take("case_sensitive"));
    let attribute = args.take("attribute").unwrap_or_default();
    args.finish("do_sort")?;
    let paths = Path::several(&ctx.resolve(&attribute)?);
    let mut keyed = Vec::new();
    for item in defined(ctx, &input)? {
        let mut keys = Vec::with_capacity(paths.len());
        for path in &paths {
            let value = path.defined(ctx, &item)?;
            keys.push(key(ctx, &value, case_sensitive)?);
        }
        keyed.push((Value::list(keys), item));
    }
    sort_by_key(&mut keyed, reverse)?;
    Ok(Value::list(keyed.into_iter().map(|(_, item)| item)))
}

fn dictsort(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let case_sensitive = flag(args.take("case_sensitive"));
    let by = args.take("by").unwrap_or_else(|| Value::str("key"));
    let reverse = flag(args.take("reverse"));
    args.finish("do_dictsort")?;
    let by_value = match by.as_str() {
        Some("key") => false,
        Some("value") => true,
        _ => return Err(Error::template("You can only sort by either \"key\" or \"value\"")),
    };
    let is_mapping = matches!(&input, Value::Dict(_)) || matches!(&input, Value::Object(o) if o.keys().is_some());
    if !is_mapping {
        return Err(Error::template(format!("'{}' object has no attribute 'items'", input.type_name())));
    }
    let mut keyed = Vec::new();
    for (name, value) in crate::template::eval::dict_entries(ctx, &input)? {
        let value = ctx.touch(&value)?;
        check(&value)?;
        let sort_key = key(ctx, if by_value { &value } else { &name }, case_sensitive)?;
        keyed.push((sort_key, Value::tuple([name, value])));
    }
    sort_by_key(&mut keyed, reverse)?;
    Ok(Value::list(keyed.into_iter().map(|(_, pair)| pair)))
}

fn groupby(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let attribute = args.require("sync_do_groupby", "attribute")?;
    args.take("default");
    let case_sensitive = flag(args.take("case_sensitive"));
    args.finish("sync_do_groupby")?;
    let path = Path::new(&ctx.resolve(&attribute)?);
    let mut keyed = Vec::new();
    for item in defined(ctx, &input)? {
        let value = path.defined(ctx, &item)?;
        keyed.push((key(ctx, &value, case_sensitive)?, item));
    }
    sort_by_key(&mut keyed, false)?;
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in keyed {
        match groups.last_mut() {
            Some((last, items)) if *last == key => items.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    let mut made = Vec::with_capacity(groups.len());
    for (key, items) in groups {
        // the group is called as its first item is, not by the small letters it was sorted by
        let grouper = match items.first() {
            Some(item) if !case_sensitive => path.defined(ctx, item)?,
            _ => key,
        };
        made.push(Value::Object(Arc::new(GroupTuple { grouper, list: Value::list(items) })));
    }
    Ok(Value::list(made))
}

fn extreme(ctx: &mut dyn Context, input: &Value, mut args: Args, wanted: Ordering) -> Result<Value> {
    let name = if wanted == Ordering::Less { "do_min" } else { "do_max" };
    let case_sensitive = flag(args.take("case_sensitive"));
    let attribute = args.take("attribute").unwrap_or_default();
    args.finish(name)?;
    let path = Path::new(&ctx.resolve(&attribute)?);
    let symbol = if wanted == Ordering::Less { "<" } else { ">" };
    let mut best: Option<(Value, Value)> = None;
    for item in defined(ctx, input)? {
        let value = path.defined(ctx, &item)?;
        let item_key = key(ctx, &value, case_sensitive)?;
        let better = match &best {
            Some((best, _)) => ops::order(symbol, &item_key, best)? == Some(wanted),
            None => true,
        };
        if better {
            best = Some((item_key, item));
        }
    }
    Ok(best.map_or_else(|| undefined("No aggregated item, sequence was empty."), |(_, item)| item))
}

fn min(ctx: &mut dyn Context, input: Value, args: Args) -> Result<Value> {
    extreme(ctx, &input, args, Ordering::Less)
}

fn max(ctx: &mut dyn Context, input: Value, args: Args) -> Result<Value> {
    extreme(ctx, &input, args, Ordering::Greater)
}

fn sum(ctx: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let attribute = args.take("attribute").filter(|attribute| !attribute.is_none());
    let start = args.take("start").unwrap_or(Value::Int(0));
    args.finish("sync_do_sum")?;
    let path = match attribute {
        Some(attribute) => Path::new(&ctx.resolve(&attribute)?),
        None => Path::default(),
    };
    let mut total = ctx.resolve(&start)?;
    if matches!(total, Value::Str(_)) {
        return Err(Error::template("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in defined(ctx, &input)? {
        let value = path.defined(ctx, &item)?;
        check(&value)?;
        let value = ctx.resolve(&value)?;
        total = ops::binary(BinOp::Add, &total, &value)?;
    }
    Ok(total)
}
