//! Lists made of lists: `flatten`, `zip`, `zip_longest`, `product`, `permutations`, `combinations`.

use super::arg;
use crate::error::{Error, Result};
use crate::template::{Args, Context, Filter};
use crate::value::Value;

/// The filters of this file.
pub const FILTERS: &[Filter] = &[
    Filter::new("flatten", flatten),
    Filter::new("zip", zip),
    Filter::new("zip_longest", zip_longest),
    Filter::new("product", product),
    Filter::new("permutations", permutations),
    Filter::new("combinations", combinations),
];

/// No playbook can use more; Python would fill the memory.
const MOST: usize = 50_000_000;

fn flatten(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let levels = arg::given(args.take("levels"));
    let skip_nulls = arg::flag(args.take("skip_nulls"), true);
    args.finish("flatten")?;
    let levels = levels.map(|levels| match &levels {
        Value::Str(text) => Err(Error::template(format!(
            "'>=' not supported between instances of '{}' and 'int'",
            if text.is_empty() { "str" } else { levels.type_name() }
        ))),
        other => other.as_f64().map(|levels| levels as i64).ok_or_else(|| {
            Error::template(format!("'>=' not supported between instances of '{}' and 'int'", other.type_name()))
        }),
    });
    let mut out = Vec::new();
    flatten_into(&arg::items(&input)?, levels.transpose()?, skip_nulls, &mut out)?;
    Ok(out.into())
}

fn flatten_into(items: &[Value], levels: Option<i64>, skip_nulls: bool, out: &mut Vec<Value>) -> Result<()> {
    for item in items {
        if skip_nulls && (item.is_none() || matches!(item.as_str(), Some("None" | "null"))) {
            continue;
        }
        if arg::is_sequence(item) && levels.is_none_or(|levels| levels >= 1) {
            flatten_into(&arg::items(item)?, levels.map(|levels| levels - 1), skip_nulls, out)?;
        } else {
            out.push(item.clone());
        }
    }
    Ok(())
}

fn lists(input: &Value, args: &mut Args) -> Result<Vec<Vec<Value>>> {
    std::iter::once(input.clone()).chain(args.rest()).map(|list| arg::items(&list)).collect()
}

fn zip(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let strict = arg::flag(args.take_named("strict"), false);
    let lists = lists(&input, &mut args)?;
    args.finish("zip")?;
    let shortest = lists.iter().map(Vec::len).min().unwrap_or(0);
    let first = lists[0].len();
    if strict && let Some(at) = lists.iter().position(|list| list.len() != first) {
        let how = if lists[at].len() < first { "shorter" } else { "longer" };
        let others = if at == 1 { "argument 1".to_string() } else { format!("arguments 1-{at}") };
        return Err(Error::template(format!("zip() argument {} is {how} than {others}", at + 1)));
    }
    Ok(Value::list((0..shortest).map(|at| Value::tuple(lists.iter().map(|list| list[at].clone())))))
}

fn zip_longest(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let fill = args.take_named("fillvalue").unwrap_or(Value::None);
    let lists = lists(&input, &mut args)?;
    if !args.named.is_empty() {
        return Err(Error::template("zip_longest() got an unexpected keyword argument"));
    }
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |at: usize| Value::tuple(lists.iter().map(|list| list.get(at).unwrap_or(&fill).clone()));
    Ok(Value::list((0..longest).map(row)))
}

fn product(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let repeat = args.take_named("repeat").map_or(Ok(1), |repeat| arg::index(&repeat))?;
    let repeat = usize::try_from(repeat).map_err(|_| Error::template("repeat argument cannot be negative"))?;
    let lists = lists(&input, &mut args)?;
    args.finish("product")?;
    let count = lists.iter().try_fold(1usize, |count, list| count.checked_mul(list.len()));
    let count = count.and_then(|count| count.checked_pow(u32::try_from(repeat).ok()?));
    if count.is_none_or(|count| count > MOST) {
        return Err(Error::template("the product has too many members"));
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in std::iter::repeat_n(&lists, repeat).flatten() {
        rows = rows
            .iter()
            .flat_map(|row| list.iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect()))
            .collect();
    }
    Ok(Value::list(rows.into_iter().map(Value::tuple)))
}

/// `r`, or the length of the list where it may be left out.
fn size(args: &mut Args, function: &str, default: Option<usize>) -> Result<usize> {
    let given = match (args.take("r"), default) {
        (None | Some(Value::None), Some(length)) => return Ok(length),
        (None, None) => {
            return Err(Error::template(format!("{function}() missing required argument 'r' (pos 2)")));
        }
        (Some(given), _) => given,
    };
    let number = match (given.as_i64(), default) {
        (Some(number), _) => number,
        (None, Some(_)) => return Err(Error::template("Expected int as r")),
        (None, None) => arg::index(&given)?,
    };
    usize::try_from(number).map_err(|_| Error::template("r must be non-negative"))
}

fn permutations(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let items = arg::items(&input)?;
    let size = size(&mut args, "permutations", Some(items.len()))?;
    args.finish("permutations")?;
    choose(&items, size, true)
}

fn combinations(_: &mut dyn Context, input: Value, mut args: Args) -> Result<Value> {
    let items = arg::items(&input)?;
    let size = size(&mut args, "combinations", None)?;
    args.finish("combinations")?;
    choose(&items, size, false)
}

fn choose(items: &[Value], size: usize, ordered: bool) -> Result<Value> {
    let mut rows = Vec::new();
    if size <= items.len() {
        choose_into(items, size, ordered, &mut Vec::with_capacity(size), &mut rows)?;
    }
    Ok(rows.into())
}

fn choose_into(
    items: &[Value],
    size: usize,
    ordered: bool,
    chosen: &mut Vec<usize>,
    rows: &mut Vec<Value>,
) -> Result<()> {
    if chosen.len() == size {
        if rows.len() >= MOST {
            return Err(Error::template("there are too many of them"));
        }
        rows.push(Value::tuple(chosen.iter().map(|at| items[*at].clone())));
        return Ok(());
    }
    let first = if ordered { 0 } else { chosen.last().map_or(0, |last| last + 1) };
    for at in first..items.len() {
        if ordered && chosen.contains(&at) {
            continue;
        }
        chosen.push(at);
        choose_into(items, size, ordered, chosen, rows)?;
        chosen.pop();
    }
    Ok(())
}
