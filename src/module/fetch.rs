//! `_fetch`: the far end of `fetch`. Internal; no task names it.
//!
//! Arguments: `src`, and `_have`: the SHA-1 of what the controller has already. The result: `checksum`, `size`,
//! `source` (expanded), and `sent`, true when the content is the reply's blob 0. A file that cannot be read fails in
//! `slurp`'s words.

use super::digest::{self, Algorithm};
use super::spec::{Arg, Kind, Params, Spec};
use super::{Blob, Failure, Outcome, Run, slurp};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// What it accepts.
pub const SPEC: Spec =
    Spec { args: &[Arg::new("src", Kind::Path).required(), Arg::new("_have", Kind::Str)], ..Spec::new("_fetch") };

/// Files up to this size are read at once, so that checksum and content are of one moment.
const IN_MEMORY: u64 = 4 << 20;

/// Does it.
pub fn run(run: &mut Run, params: &Params) -> Result<Outcome, Failure> {
    let source = params.str("src").unwrap_or_default();
    let fail = |error: std::io::Error| slurp::unreadable(&error, source);
    let mut content = Vec::new();
    let mut file = File::open(source).map_err(fail)?;
    file.by_ref().take(IN_MEMORY + 1).read_to_end(&mut content).map_err(fail)?;
    let (sum, size, blob) = if content.len() as u64 <= IN_MEMORY {
        let size = content.len() as u64;
        (digest::of_bytes(&content, Algorithm::Sha1), size, Blob::Memory(content))
    } else {
        let [sum] = digest::of_file(source.as_ref(), [Algorithm::Sha1]).map_err(fail)?;
        let size = file.metadata().map_err(fail)?.len();
        (sum, size, Blob::File(PathBuf::from(source)))
    };
    let sent = params.str("_have") != Some(sum.as_str());
    if sent {
        run.reply_blobs.push(blob);
    }
    Ok(Outcome::new(false).with("source", source).with("checksum", sum).with("size", size).with("sent", sent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn content_is_sent_unless_the_controller_has_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let fetch = |have: &str| {
            let mut context = Run::default();
            let src = Value::from(file.path().to_string_lossy());
            let params = Params([("src", src), ("_have", Value::from(have))].into_iter().collect());
            let outcome = run(&mut context, &params).unwrap();
            (outcome.result.get("sent").cloned(), context.reply_blobs)
        };
        let (sent, blobs) = fetch("1");
        assert_eq!(sent, Some(Value::Bool(true)));
        assert!(matches!(&blobs[..], [Blob::Memory(bytes)] if bytes == b"abc"));
        let (sent, blobs) = fetch("a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!((sent, blobs.len()), (Some(Value::Bool(false)), 0));
    }
}
