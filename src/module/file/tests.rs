use super::super::invoke::invoke;
use super::super::registry::Module;
use super::*;
use crate::value::json;
use std::os::unix::fs::{PermissionsExt, symlink};

fn call_in(run: &mut Run, arguments: &[(&str, &str)]) -> Dict {
    let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
    let mut result = invoke(&Module { spec: &SPEC, run: super::run }, &arguments, run);
    result.remove("invocation");
    result
}

fn call(arguments: &[(&str, &str)]) -> Dict {
    call_in(&mut Run { diff: true, ..Run::default() }, arguments)
}

fn changed(arguments: &[(&str, &str)]) -> bool {
    let result = call(arguments);
    assert!(!result.contains("failed"), "{result:?}");
    result.get("changed").unwrap().truthy()
}

fn message(arguments: &[(&str, &str)]) -> String {
    let result = call(arguments);
    assert_eq!(result.get("failed"), Some(&Value::Bool(true)), "{result:?}");
    result.get("msg").unwrap().to_text().into_owned()
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_string()
    }
}

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn directories_are_made_with_their_parents_and_mode() {
    let place = Place::new();
    let path = place.path("a/b/c");
    let wish = [("path", path.as_str()), ("state", "directory"), ("mode", "0750")];
    assert!(changed(&wish));
    assert_eq!((mode(&path), mode(&place.path("a"))), (0o750, 0o750));
    assert!(!changed(&wish));
}

#[test]
fn recursion_reaches_everything_below() {
    let place = Place::new();
    let root = place.path("r");
    std::fs::create_dir_all(place.path("r/x/y")).unwrap();
    std::fs::write(place.path("r/x/f"), "").unwrap();
    std::fs::write(place.path("outside"), "").unwrap();
    symlink("../outside", place.path("r/link")).unwrap();
    symlink("..", place.path("r/x/circle")).unwrap();
    let wish = [("path", root.as_str()), ("state", "directory"), ("recurse", "yes"), ("mode", "u=rwX,go=")];
    assert!(changed(&wish));
    assert_eq!(
        [mode(&root), mode(&place.path("r/x/y")), mode(&place.path("r/x/f")), mode(&place.path("outside"))],
        [0o700, 0o700, 0o600, 0o600]
    );
    assert!(!changed(&wish));
}

#[test]
fn touch_makes_and_dates() {
    let place = Place::new();
    let path = place.path("f");
    assert!(changed(&[("path", &path), ("state", "touch"), ("mode", "0600")]));
    assert_eq!(mode(&path), 0o600);
    let dated = [
        ("path", path.as_str()),
        ("state", "touch"),
        ("modification_time", "202001020304.05"),
        ("access_time", "preserve"),
    ];
    assert!(changed(&dated));
    assert!(!changed(&dated));
    assert!(message(&[("path", &path), ("state", "touch"), ("access_time", "x")]).starts_with("Error while obtaining"));
    let refused = place.path("g");
    let failed = message(&[("path", &refused), ("state", "touch"), ("mode", "u=z")]);
    assert_eq!(failed, "mode must be in octal or symbolic form");
    assert!(!Path::new(&refused).exists());
}

#[test]
fn removal_takes_whole_trees_and_tells_what_they_held() {
    let place = Place::new();
    let path = place.path("d");
    std::fs::create_dir_all(place.path("d/e")).unwrap();
    std::fs::write(place.path("d/f"), "").unwrap();
    let result = call(&[("path", &path), ("state", "absent")]);
    let content = result.get("diff").unwrap().get("before").unwrap().get("path_content").unwrap().repr();
    assert_eq!(content, format!("{{'directories': ['{path}/e'], 'files': ['{path}/f']}}"));
    assert!(!Path::new(&path).exists());
    assert!(!changed(&[("path", &path), ("state", "absent")]));
}

#[test]
fn links_are_made_changed_and_forced() {
    let place = Place::new();
    let (link, file, other) = (place.path("l"), place.path("f"), place.path("other"));
    std::fs::write(&file, "").unwrap();
    std::fs::write(&other, "").unwrap();
    assert!(changed(&[("path", &link), ("src", "f"), ("state", "link")]));
    assert!(!changed(&[("path", &link), ("src", "f"), ("state", "link")]));
    assert!(changed(&[("path", &link), ("src", "other"), ("state", "link")]));
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("other"));
    assert_eq!(
        message(&[("path", &file), ("src", "other"), ("state", "link")]),
        format!("refusing to convert from file to symlink for {file}")
    );
    assert!(changed(&[("path", &file), ("src", "gone"), ("state", "link"), ("force", "yes"), ("follow", "no")]));
    assert_eq!(std::fs::read_link(&file).unwrap(), Path::new("gone"));
    assert!(
        message(&[("path", &link), ("src", "nope"), ("state", "link")]).starts_with("src file does not exist, use")
    );
}

#[test]
fn hard_links_share_the_inode() {
    let place = Place::new();
    let (hard, file) = (place.path("h"), place.path("f"));
    std::fs::write(&file, "").unwrap();
    let wish = [("path", hard.as_str()), ("src", file.as_str()), ("state", "hard")];
    assert!(changed(&wish));
    assert_eq!(std::fs::metadata(&hard).unwrap().ino(), std::fs::metadata(&file).unwrap().ino());
    assert!(!changed(&wish));
    let third = place.path("t");
    std::fs::write(&third, "").unwrap();
    assert_eq!(
        message(&[("path", &third), ("src", &file), ("state", "hard")]),
        "Cannot link, file exists at destination"
    );
    assert!(changed(&[("path", &third), ("src", &file), ("state", "hard"), ("force", "yes")]));
    assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 3);
}

#[test]
fn state_file_follows_links_and_makes_nothing() {
    let place = Place::new();
    let (link, file) = (place.path("l"), place.path("f"));
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink("f", &link).unwrap();
    let result = call(&[("path", &link), ("state", "file"), ("mode", "0644")]);
    assert_eq!(result.get("path").unwrap().to_text(), place.path("f"));
    assert_eq!(mode(&file), 0o644);
    let missing = place.path("none");
    assert_eq!(
        message(&[("path", &missing), ("mode", "0644")]),
        format!("file ({missing}) is absent, cannot continue")
    );
}

#[test]
fn check_mode_changes_nothing() {
    let place = Place::new();
    let path = place.path("f");
    for (state, expected) in [("touch", true), ("directory", true), ("absent", false)] {
        let mut run = Run { check: true, ..Run::default() };
        let result = call_in(&mut run, &[("path", &path), ("state", state), ("owner", "no-such-user")]);
        assert_eq!(result.get("changed"), Some(&Value::Bool(expected)), "{state}");
        assert_eq!(run.warnings.len(), usize::from(state != "absent"));
    }
    assert!(!Path::new(&path).exists());
}

#[test]
fn the_result_describes_the_file() {
    let place = Place::new();
    let path = place.path("f");
    std::fs::write(&path, "abc").unwrap();
    let result = call(&[("path", &path), ("mode", "0640")]);
    let text = json::to_string(&Value::dict(result), &json::Style { sort_keys: true, ..json::Style::COMPACT });
    let meta = std::fs::metadata(&path).unwrap();
    let owner = super::super::result::user_name(meta.uid());
    let group = super::super::result::group_name(meta.gid());
    assert_eq!(
        text,
        format!(
            r#"{{"changed":true,"diff":{{"after":{{"mode":"0640","path":"{path}"}},"before":{{"mode":"0644","path":"{path}"}}}},"gid":{},"group":"{group}","mode":"0640","owner":"{owner}","path":"{path}","size":3,"state":"file","uid":{}}}"#,
            meta.gid(),
            meta.uid()
        )
    );
}
