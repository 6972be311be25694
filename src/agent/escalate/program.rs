//! Where another user finds our program. What we run lies in a directory only we can enter, so a user who is not root
//! needs a copy that all may read: it holds nothing but the program.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Paths that can stand in a shell line without quotes, and the copy among them (removed when dropped).
#[derive(Debug, Default)]
pub struct Paths {
    /// To be tried in this order.
    pub paths: Vec<String>,
    copy: Option<PathBuf>,
}

impl Paths {
    /// Where root finds it, or everybody (`copied`). `own` is the program, if it is not the running one.
    pub fn new(own: Option<&Path>, copied: bool) -> io::Result<Paths> {
        let running = Path::new("/proc/self/exe");
        let mut paths = Paths::default();
        let link = own.map(Path::to_owned).or_else(|| fs::read_link(running).ok());
        paths.paths.extend(link.as_deref().and_then(plain));
        if own.is_none() {
            paths.paths.push(format!("/proc/{}/exe", std::process::id()));
        }
        if copied {
            let copy = copy(own.unwrap_or(running))?;
            paths.paths.extend(plain(&copy));
            paths.copy = Some(copy);
        }
        Ok(paths)
    }
}

impl Drop for Paths {
    fn drop(&mut self) {
        if let Some(copy) = &self.copy {
            let _ = fs::remove_file(copy);
            let _ = copy.parent().map(fs::remove_dir);
        }
    }
}

/// The path, if no shell sees more in it than itself.
fn plain(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    text.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-+".contains(c)).then(|| text.to_string())
}

/// A copy in a directory that everybody may enter and nobody but us may change, where programs may run.
fn copy(program: &Path) -> io::Result<PathBuf> {
    let mut last = io::Error::other("no directory");
    for parent in ["/tmp", "/var/tmp", "/dev/shm"] {
        match copy_below(program, Path::new(parent)) {
            Ok(path) => return Ok(path),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn copy_below(program: &Path, parent: &Path) -> io::Result<PathBuf> {
    if rustix::fs::statvfs(parent)?.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} is mounted noexec", parent.display())));
    }
    let dir = parent.join(format!(".heliostat-{}", crate::agent::noise::word()));
    DirBuilder::new().mode(0o755).create(&dir)?;
    let path = dir.join("heliostat");
    let filled = File::options().write(true).create_new(true).mode(0o755).open(&path).and_then(|mut file| {
        io::copy(&mut File::open(program)?, &mut file)?;
        // The umask must not keep the other user from it.
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o755))
    });
    if let Err(error) = filled {
        let _ = fs::remove_dir_all(&dir);
        return Err(error);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_copy_is_for_all_to_read_and_goes_with_its_user() {
        let paths = Paths::new(None, true).expect("paths");
        let copy = paths.copy.clone().expect("a copy");
        let data = copy.metadata().expect("metadata");
        assert_eq!(data.permissions().mode() & 0o777, 0o755);
        assert_eq!(data.len(), fs::metadata("/proc/self/exe").expect("metadata").len());
        assert_eq!(
            copy.parent().expect("a directory").metadata().expect("metadata").permissions().mode() & 0o777,
            0o755
        );
        drop(paths);
        assert!(!copy.parent().expect("a directory").exists());
    }
}
