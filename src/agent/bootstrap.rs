//! How the agent gets to a target and is started there, over one channel that runs a command line.
//!
//! The command line is a POSIX shell script on one line. It looks for the program under its hash below `remote_tmp`
//! (ours, mode 0700, of the right size), and starts it; where it is not there yet it asks for it, checks it by its
//! SHA-256, moves it in place and starts it. Answers are told from what login shells print by a random mark.
//!
//! The script stands in single quotes and must mean the same to sh, csh and fish as the login shell that unwraps it: no
//! single quote, no `!`, no newline, and no backslash before a backslash or quote in it.

use super::noise;
use super::program::Program;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// What may come before our mark.
const NOISE: u64 = 1024 * 1024;

/// Why no agent runs at a target that is reached otherwise: `raw`, and what can do without an agent, still works.
#[derive(Debug, thiserror::Error)]
#[error("no agent can run on the host: {why}")]
pub struct Unavailable {
    /// The reason, as a fragment.
    pub why: String,
}

fn unavailable(why: impl Into<String>) -> Unavailable {
    Unavailable { why: why.into() }
}

/// A command line that starts the agent, and the mark it answers with.
#[derive(Debug)]
pub struct Start {
    /// For the login shell at the target.
    pub command: String,
    /// Precedes every answer.
    pub mark: String,
}

impl Start {
    /// Prepares to start this program; its files go below `remote_tmp` (`~` and `$VARS` are the target's).
    pub fn new(program: &Program, remote_tmp: &str, shell: &str) -> Start {
        let mark = format!("HELIOSTAT-{}", noise::word());
        let script = script(&mark, &program.hash, program.size, remote_tmp);
        Start { command: format!("exec {shell} -c '{script}'"), mark }
    }
}

/// `remote_tmp` as a word of the shell: a leading `~` and variables are expanded there, everything else is itself.
pub fn shell_path(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let (head, rest) = path.split_once('/').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let (start, rest) = match head.strip_prefix('~') {
        Some(user) if user.chars().all(plain) => (head.to_string(), rest.map(|rest| format!("/{rest}"))),
        _ => (String::new(), Some(path.to_string())),
    };
    let Some(rest) = rest else { return start };
    let mut word = format!("{start}/\"");
    if !start.is_empty() {
        word.push_str(&quoted(rest.trim_start_matches('/')));
    } else {
        word = format!("\"{}", quoted(&rest));
    }
    word.push('"');
    word
}

/// Text inside double quotes; what could end them, or trouble the login shell, is spelled in octal.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "_-./~$%{}@+,:= ".contains(c) {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            let octal: String = c.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\{byte:03o}")).collect();
            out.push_str(&format!("$(printf \"{octal}\")"));
        }
    }
    out
}

fn script(mark: &str, hash: &str, size: u64, remote_tmp: &str) -> String {
    let tmp = shell_path(remote_tmp);
    let name = format!("heliostat-{hash}");
    // `ls` tells mode and size in one process; `-O` that it is ours; `-x` that the file system lets it run.
    let look = format!(
        "for d in \"$t\" /var/tmp/.heliostat-* /tmp/.heliostat-* /dev/shm/.heliostat-*; do \
         f=$d/{name}; [ -O \"$d\" ] && [ -f \"$f\" ] && [ -O \"$f\" ] && [ -x \"$f\" ] || continue; \
         set -- $(LC_ALL=C ls -ln \"$f\"); \
         case $1:$5 in -rwx------:{size}|-rwx------.:{size}) exec \"$f\" --agent $m --tmp \"$t\";; esac; done"
    );
    // An empty file is enough to learn whether the file system lets a program run.
    let place = "u=$(id -u); g=; for d in \"$t\" /var/tmp/.heliostat-$u /tmp/.heliostat-$u /dev/shm/.heliostat-$u; do \
         mkdir -p \"$d\" 2>/dev/null; [ -d \"$d\" ] && [ -O \"$d\" ] && [ -w \"$d\" ] || continue; \
         p=$d/.probe-$$; : 2>/dev/null > \"$p\" && chmod 700 \"$p\" || continue; \
         if [ -x \"$p\" ]; then g=$d; fi; rm -f \"$p\"; if [ -n \"$g\" ]; then break; fi; done; \
         [ -n \"$g\" ] || { echo \"$m FAIL no directory of $(id -un) lets a program run (tried $t, /var/tmp, /tmp and \
         /dev/shm)\"; exit 1; }";
    let fetch = format!(
        "if command -v gzip >/dev/null 2>&1; then z=\"gzip -dc\"; else z=cat; fi; \
         echo \"$m NEED $(uname -s) $(uname -m) $z\"; read -r n || exit 1; \
         f=$g/{name}; w=$f.$$; head -c \"$n\" | $z > \"$w\"; \
         set -- $(LC_ALL=C ls -ln \"$w\"); \
         [ \"$5\" = {size} ] || {{ rm -f \"$w\"; echo \"$m FAIL ${{5:-no}} of {size} bytes arrived in $g\"; exit 1; }}; \
         if command -v sha256sum >/dev/null 2>&1; then case $(sha256sum < \"$w\") in {hash}*) ;; *) rm -f \"$w\"; \
         echo \"$m FAIL the program arrived damaged in $g\"; exit 1;; esac; fi; \
         chmod 700 \"$w\" && mv -f \"$w\" \"$f\" || {{ echo \"$m FAIL cannot keep the program in $g\"; exit 1; }}; \
         umask $o; exec \"$f\" --agent $m --tmp \"$t\""
    );
    format!("m={mark}; t={tmp}; {look}; o=$(umask); umask 077; {place}; {fetch}")
}

/// Brings the agent up on the stream of a running [`Start::command`]. What follows on the returned stream are frames.
///
/// # Errors
/// The outer error is the stream's: it ended or broke. The inner one says why no agent can run there.
pub async fn run<R: AsyncRead + Unpin>(
    start: &Start,
    program: &Arc<Program>,
    from: R,
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<Result<BufReader<R>, Unavailable>> {
    let mut from = BufReader::with_capacity(64 * 1024, from);
    loop {
        let answer = answer(&start.mark, &mut from).await?;
        let mut words = answer.split(' ');
        match words.next() {
            Some("AGENT") => return Ok(Ok(from)),
            Some("NEED") => {
                let (system, machine) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                if let Some(why) = foreign(system, machine) {
                    return Ok(Err(unavailable(why)));
                }
                if let Err(error) = deliver(program, words.next() == Some("gzip"), to).await {
                    // The target may have said why before it closed its end.
                    tracing::debug!("cannot send the program: {error}");
                }
            }
            Some("FAIL") => return Ok(Err(unavailable(answer.trim_start_matches("FAIL ")))),
            _ => return Ok(Err(unavailable(format!("it answered {answer:?}")))),
        }
    }
}

/// The next line with our mark, without it.
async fn answer(mark: &str, from: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<String> {
    let mut limited = from.take(NOISE);
    let mut line = Vec::new();
    loop {
        line.clear();
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = memchr::memmem::find(&line, mark.as_bytes()) {
            let text = String::from_utf8_lossy(&line[at + mark.len()..]);
            return Ok(text.trim().to_string());
        }
    }
}

/// Why our program cannot run on this system, if so.
fn foreign(system: &str, machine: &str) -> Option<String> {
    let ours = std::env::consts::ARCH;
    let theirs = match machine {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "i386" | "i486" | "i586" | "i686" => "x86",
        other => other,
    };
    if system != "Linux" {
        return Some(format!("it runs {system} and the agent is built for Linux"));
    }
    (theirs != ours).then(|| format!("its processor is {machine} and the agent is built for {ours}"))
}

async fn deliver(program: &Arc<Program>, gzip: bool, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let program = program.clone();
    let (file, length) = tokio::task::spawn_blocking(move || program.packed(gzip)).await??;
    to.write_all(format!("{length}\n").as_bytes()).await?;
    let mut file = tokio::fs::File::from_std(file).take(length);
    tokio::io::copy(&mut file, to).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_safe_in_single_quotes_for_sh_csh_and_fish() {
        let script = script("M", "abc", 5, "~/x'y\\z!\n");
        assert!(!script.contains(['\'', '!', '\n']));
        assert!(!script.contains("\\\\") && !script.contains("\\'"));
    }

    #[test]
    fn the_home_of_the_target_is_meant() {
        assert_eq!(shell_path("~/.ansible/tmp"), "~/\".ansible/tmp\"");
        assert_eq!(shell_path("~bob/x"), "~bob/\"x\"");
        assert_eq!(shell_path("/tmp/a b"), "\"/tmp/a b\"");
        assert_eq!(shell_path("$HOME/.x"), "\"$HOME/.x\"");
        assert_eq!(shell_path("/a\"b"), "\"/a$(printf \"\\042\")b\"");
    }

    #[test]
    fn a_foreign_processor_is_named() {
        assert_eq!(foreign("Linux", std::env::consts::ARCH), None);
        assert!(foreign("Linux", "riscv64").is_some_and(|why| why.contains("riscv64")));
        assert!(foreign("AIX", "ppc").is_some_and(|why| why.contains("AIX")));
    }
}
