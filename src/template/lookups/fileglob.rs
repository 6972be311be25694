//! `lookup('fileglob', ...)`: the files that a pattern names.

use super::search;
use crate::error::Result;
use crate::template::filters::arg;
use crate::template::{Context, Lookup, pyglob, pypath};
use crate::value::{Dict, Value};

/// The lookup.
pub const LOOKUP: Lookup = Lookup::new("fileglob", run);

fn run(ctx: &mut dyn Context, terms: Vec<Value>, _: Dict) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for term in &terms {
        let term = arg::path(term)?;
        let name = pypath::basename(&term);
        // with a directory only that one is searched, without one every place for files is
        let dirs = if name == term {
            let dirs = search::task_dirs(ctx)?;
            dirs.iter().flat_map(|dir| [pypath::join([dir, "files"]), dir.clone()]).collect()
        } else {
            let dir = Value::str(pypath::dirname(&term));
            Vec::from_iter(search::find_or_warn(ctx, Some("files"), &dir)?)
        };
        let in_dir = |dir: String| {
            let paths = pyglob::glob(&pypath::join([dir.as_str(), name]));
            let files: Vec<_> = paths.into_iter().filter(|path| std::path::Path::new(path).is_file()).collect();
            (!files.is_empty()).then_some(files)
        };
        found.extend(dirs.into_iter().find_map(in_dir).unwrap_or_default().into_iter().map(Value::from));
    }
    Ok(found)
}
