//! Lookups that reshape lists: `items`, `list`, `indexed_items`, `nested`, `together`, `dict`, `random_choice`.

use crate::error::{Error, Result};
use crate::template::filters::arg;
use crate::template::pyrandom::Random;
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// Lists flattened by one level.
pub const ITEMS: Lookup = Lookup::new("items", |_, terms, _| Ok(flatten(&terms)));

/// What it is given.
pub const LIST: Lookup = Lookup::new("list", |_, terms, _| Ok(terms));

/// Items with their positions.
pub const INDEXED_ITEMS: Lookup = Lookup::new("indexed_items", |_, terms, _| {
    let pair = |(at, item)| Value::tuple([Value::from(at), item]);
    Ok(flatten(&terms).into_iter().enumerate().map(pair).collect())
});

/// Every combination of one item from each list.
pub const NESTED: Lookup = Lookup::new("nested", nested);

/// Lists side by side, the shorter ones filled up with None.
pub const TOGETHER: Lookup = Lookup::new("together", together);

/// Keys and values.
pub const DICT: Lookup = Lookup::new("dict", dict);

/// One of the terms.
pub const RANDOM_CHOICE: Lookup = Lookup::new("random_choice", |_, terms, _| match terms.len() {
    0 => Ok(terms),
    many => Ok(vec![terms[Random::system().below(many as u128) as usize].clone()]),
});

fn flatten(terms: &[Value]) -> Vec<Value> {
    let mut flat = Vec::with_capacity(terms.len());
    for term in terms {
        match term.as_slice() {
            Some(items) => flat.extend_from_slice(items),
            None => flat.push(term.clone()),
        }
    }
    flat
}

fn nested(_: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let Some((first, others)) = terms.split_first() else {
        return Err(Error::template("with_nested requires at least one element in the nested list"));
    };
    let mut rows = arg::items(first)?;
    for other in others {
        let other = arg::items(other)?;
        let row = |item: &Value| other.iter().map(|next| Value::list(flatten(&[item.clone(), next.clone()]))).collect();
        rows = rows.iter().flat_map::<Vec<Value>, _>(row).collect();
    }
    rows.iter().map(|row| Ok(Value::list(flatten(&arg::items(row)?)))).collect()
}

fn together(_: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    if terms.is_empty() {
        return Err(Error::template("with_together requires at least one element in each list"));
    }
    let lists = terms.iter().map(arg::items).collect::<Result<Vec<_>>>()?;
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row =
        |at: usize| -> Vec<Value> { lists.iter().map(|list| list.get(at).cloned().unwrap_or_default()).collect() };
    Ok((0..longest).map(|at| Value::list(flatten(&row(at)))).collect())
}

fn dict(_: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for term in &terms {
        let Some(dict) = arg::mapping(term) else {
            return Err(Error::template(format!(
                "the 'dict' lookup plugin expects a dictionary, got '{}' of type {})",
                term.to_text(),
                arg::class_of(term)
            )));
        };
        let item = |(key, value): (&Value, &Value)| {
            Value::dict([("key", key.clone()), ("value", value.clone())].into_iter().collect())
        };
        items.extend(dict.iter().map(item));
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_top_level_is_flattened() {
        let inner = Value::list([Value::Int(2), Value::list([Value::Int(3)])]);
        assert_eq!(Value::list(flatten(&[Value::Int(1), inner])).repr(), "[1, 2, [3]]");
    }
}
