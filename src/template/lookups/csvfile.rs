//! `lookup('csvfile', ...)`: a cell of a table in a file.

use super::options::Options;
use super::{kv, search};
use crate::error::{Error, Result};
use crate::template::{Context, Lookup};
use crate::value::{Dict, Value};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("csvfile", run);

const OPTIONS: [&str; 6] = ["col", "keycol", "default", "delimiter", "file", "encoding"];

fn run(ctx: &mut dyn Context, terms: Vec<Value>, options: Dict) -> Result<Vec<Value>> {
    let no_key = || Error::template("Search key is required but was not found");
    if terms.is_empty() {
        return Err(no_key());
    }
    let mut options = Options::new("csvfile", options);
    let mut cells = Vec::new();
    for term in &terms {
        let words = kv::parse(&term.to_text())?;
        let key = words.raw.ok_or_else(no_key)?;
        for (name, value) in words.options {
            if !OPTIONS.contains(&name.as_str()) {
                return Err(Error::template(format!("'{name}' is not a valid option")));
            }
            options.set(&name, value.into());
        }
        match cell(ctx, &key, &options)? {
            Some(Value::List(items)) => cells.extend(items.iter().cloned()),
            cell => cells.extend(cell),
        }
    }
    Ok(cells)
}

fn cell(ctx: &mut dyn Context, key: &str, options: &Options) -> Result<Option<Value>> {
    let delimiter = match options.text("delimiter", "TAB") {
        name if name == "TAB" || name == "\\t" => '\t',
        text => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => c,
                _ => return Err(Error::template("\"delimiter\" must be a 1-character string")),
            }
        }
    };
    let column = options.int("col", "int")?.unwrap_or(1);
    let key_column = options.int("keycol", "int")?.unwrap_or(0);
    let file = Value::from(options.text("file", "ansible.csv"));
    let path = search::find_or_warn(ctx, Some("files"), &file)?
        .ok_or_else(|| Error::template("expected str, bytes or os.PathLike object, not NoneType"))?;
    let bytes = std::fs::read(&path).map_err(|why| {
        let why = crate::template::filters::paths::os_error(&why);
        Error::template(format!("{why}: {}", Value::str(path.as_str()).repr()))
    })?;
    let text = crate::template::pycodec::decode(&bytes, &options.text("encoding", "utf-8"), true)?;
    for row in rows(&text, delimiter) {
        let at = |column: i64| {
            let column = if column < 0 { column + row.len() as i64 } else { column };
            let cell = usize::try_from(column).ok().and_then(|column| row.get(column));
            cell.ok_or_else(|| Error::template("list index out of range"))
        };
        if !row.is_empty() && at(key_column)? == key {
            return Ok(Some(at(column)?.as_str().into()));
        }
    }
    Ok(options.get("default").cloned())
}

/// The rows of a table as spreadsheets write it: cells in double quotes may hold delimiters, newlines and doubled quotes.
fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    // whether anything of a row was read: a line without anything is a row without cells
    let mut begun = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if quoted {
            match c {
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => quoted = false,
                '\r' if chars.peek() == Some(&'\n') => {}
                c => cell.push(c),
            }
            continue;
        }
        match c {
            '\n' | '\r' => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                if begun {
                    row.push(std::mem::take(&mut cell));
                }
                rows.push(std::mem::take(&mut row));
                begun = false;
                continue;
            }
            c if c == delimiter => row.push(std::mem::take(&mut cell)),
            '"' if cell.is_empty() => quoted = true,
            c => cell.push(c),
        }
        begun = true;
    }
    if begun {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_cells_hold_anything() {
        let table = rows("a,\"b,\"\"c\"\"\nd\",e\n\nx\"y,,\r\nlast", ',');
        assert_eq!(table[0], ["a", "b,\"c\"\nd", "e"]);
        assert!(table[1].is_empty());
        assert_eq!(table[2], ["x\"y", "", ""]);
        assert_eq!(table[3], ["last"]);
    }
}
