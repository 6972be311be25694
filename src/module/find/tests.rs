use super::super::{invoke::invoke, registry};
use super::*;
use crate::value::json;
use std::os::unix::fs::{PermissionsExt, symlink};

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Tree {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("d/e")).unwrap();
        for (name, content) in
            [("a.txt", "one\ntwo\n"), ("b.log", "x"), (".h", ""), ("d/c.txt", "two\n"), ("d/e/f.txt", "three")]
        {
            std::fs::write(root.join(name), content).unwrap();
            std::fs::set_permissions(root.join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        std::fs::set_permissions(root.join("b.log"), std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink("d", root.join("l")).unwrap();
        Tree(dir)
    }

    fn call(&self, arguments: &str) -> Dict {
        let root = self.0.path().to_str().unwrap();
        let text = format!(r#"{{"paths": "{root}"{}{arguments}}}"#, if arguments.is_empty() { "" } else { ", " });
        let arguments = json::parse(&text).unwrap();
        let mut run = Run::default();
        invoke(registry::find("find").unwrap(), arguments.as_dict().unwrap(), &mut run)
    }

    /// The names found, sorted.
    fn names(&self, arguments: &str) -> String {
        let result = self.call(arguments);
        let files = result.get("files").and_then(Value::as_slice).unwrap_or_else(|| panic!("{result:?}"));
        let root = format!("{}/", self.0.path().display());
        let mut names: Vec<String> =
            files.iter().map(|file| file.get("path").unwrap().to_text().replace(&root, "")).collect();
        names.sort();
        names.join(" ")
    }
}

#[test]
fn names_kinds_and_depth_choose() {
    let tree = Tree::new();
    for (arguments, expected) in [
        ("", "a.txt b.log"),
        (r#""hidden": true"#, ".h a.txt b.log"),
        (r#""recurse": true, "patterns": "*.txt""#, "a.txt d/c.txt d/e/f.txt"),
        (r#""recurse": true, "patterns": "*.txt", "depth": 2"#, "a.txt d/c.txt"),
        (r#""recurse": true, "patterns": ["*.txt"], "excludes": "c*""#, "a.txt d/e/f.txt"),
        (r#""recurse": true, "patterns": "^[ab].*", "use_regex": true"#, "a.txt b.log"),
        (r#""recurse": true, "file_type": "directory""#, "d d/e"),
        (r#""file_type": "link""#, "l"),
        (r#""file_type": "any""#, "a.txt b.log d l"),
        (r#""recurse": true, "follow": true, "patterns": "c.txt""#, "d/c.txt l/c.txt"),
    ] {
        assert_eq!(tree.names(arguments), expected, "{arguments}");
    }
}

#[test]
fn size_age_mode_and_content_choose() {
    let tree = Tree::new();
    for (arguments, expected) in [
        (r#""size": "2""#, "a.txt"),
        (r#""size": "-1b""#, "b.log"),
        (r#""age": "1d""#, ""),
        (r#""age": "-1d""#, "a.txt b.log"),
        (r#""mode": "0600""#, "b.log"),
        (r#""mode": "g=r", "exact_mode": false"#, "a.txt"),
        (r#""contains": "tw", "recurse": true"#, "a.txt d/c.txt"),
        (r#""contains": "one\ntwo", "read_whole_file": true"#, "a.txt"),
    ] {
        assert_eq!(tree.names(arguments), expected, "{arguments}");
    }
}

#[test]
fn a_match_is_described() {
    let tree = Tree::new();
    let result = tree.call(r#""patterns": "b.log", "get_checksum": true, "checksum_algorithm": "md5""#);
    let file = &result.get("files").unwrap().as_slice().unwrap()[0];
    assert_eq!(file.get("checksum"), Some(&Value::str("9dd4e461268c8034f5c8564e155c67a6")));
    assert_eq!((file.get("mode"), file.get("isreg")), (Some(&Value::str("0600")), Some(&Value::Bool(true))));
    assert_eq!((result.get("matched"), result.get("examined")), (Some(&Value::Int(1)), Some(&Value::Int(5))));
}

#[test]
fn limits_and_mistakes_are_told() {
    let tree = Tree::new();
    let limited = tree.call(r#""recurse": true, "limit": 2"#);
    assert_eq!(limited.get("matched"), Some(&Value::Int(2)));
    assert_eq!(limited.get("msg"), Some(&Value::str("Limit of matches reached")));
    assert_eq!(tree.call(r#""age": "x""#).get("msg"), Some(&Value::str("failed to process age")));
    assert_eq!(
        tree.call(r#""mode": 384"#).get("msg"),
        Some(&Value::str("argument 'mode' is not a string and conversion is not allowed, value is of type int"))
    );
    let elsewhere = tree.call(r#""paths": "/no/such""#);
    assert_eq!(
        elsewhere.get("warnings").unwrap().repr(),
        r#"["Skipped '/no/such' path due to this access issue: '/no/such' is not a directory\n"]"#
    );
}
