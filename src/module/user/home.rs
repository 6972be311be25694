//! Home directories where the tools make none.

use super::super::{Failure, oserror};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Makes a home of the skeleton, with the mode that login.defs has for it.
pub(super) fn create(path: &Path, skeleton: Option<&str>) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    let skeleton = Path::new(skeleton.unwrap_or("/etc/skel"));
    let made = if skeleton.is_dir() { copy(skeleton, path) } else { directories(path) };
    made.map_err(|error| Failure::new(oserror::text(&error, path)))?;
    let Ok(defs) = std::fs::read_to_string("/etc/login.defs") else { return Ok(()) };
    let mode = std::fs::Permissions::from_mode(mode(&defs));
    std::fs::set_permissions(path, mode).map_err(|error| Failure::new(oserror::text(&error, path)))
}

/// Parents may be entered by all; the home itself by nobody else until its mode is known.
fn directories(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    directories(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&source)?, &target)?;
        } else if kind.is_dir() {
            copy(&source, &target)?;
            std::fs::set_permissions(&target, entry.metadata()?.permissions())?;
        } else {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// `HOME_MODE`, else what `UMASK` leaves, else 0755.
fn mode(defs: &str) -> u32 {
    let value = |name: &str| {
        let words = defs.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut values = words.filter_map(|words| match words[..] {
            [key, value] if key == name => u32::from_str_radix(value, 8).ok(),
            _ => None,
        });
        values.next()
    };
    value("HOME_MODE").or_else(|| value("UMASK").map(|umask| 0o777 & !umask)).unwrap_or(0o755)
}

/// Gives a directory and all in it to a user; links themselves stay.
pub(super) fn give(path: &Path, uid: u32, gid: u32) -> Result<(), Failure> {
    for entry in walkdir::WalkDir::new(path) {
        let given = entry.map_err(io::Error::from).and_then(|entry| {
            if entry.path_is_symlink() {
                return Ok(());
            }
            std::os::unix::fs::lchown(entry.path(), Some(uid), Some(gid))
        });
        given.map_err(|error| Failure::new(oserror::text(&error, path)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_login_defs() {
        assert_eq!(mode("UMASK\t022\n#HOME_MODE 0700\n"), 0o755);
        assert_eq!(mode("UMASK 022\nHOME_MODE\t0700\n"), 0o700);
        assert_eq!(mode(""), 0o755);
    }

    #[test]
    fn a_skeleton_is_copied_with_its_links() {
        let dir = tempfile::tempdir().unwrap();
        let skeleton = dir.path().join("skel");
        std::fs::create_dir_all(skeleton.join("sub")).unwrap();
        std::fs::write(skeleton.join("sub/file"), "x").unwrap();
        std::os::unix::fs::symlink("sub", skeleton.join("link")).unwrap();
        let home = dir.path().join("a/b/home");
        create(&home, skeleton.to_str()).unwrap();
        assert_eq!(std::fs::read_to_string(home.join("link/file")).unwrap(), "x");
        assert!(home.join("link").is_symlink());
    }
}
