use super::super::{invoke::invoke, registry};
use super::*;
use crate::value::{Dict, Value};

fn call(run: &mut Run, arguments: &[(&str, &str)]) -> Dict {
    let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
    let mut result = invoke(registry::find("lineinfile").unwrap(), &arguments, run);
    result.remove("invocation");
    result
}

/// The content after the call, and the message; a second call must change nothing.
fn edit(before: &[u8], arguments: &[(&str, &str)]) -> (Vec<u8>, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), before).unwrap();
    let mut arguments = arguments.to_vec();
    arguments.push(("path", file.path().to_str().unwrap()));
    let result = call(&mut Run::default(), &arguments);
    let after = std::fs::read(file.path()).unwrap();
    assert_eq!(result.get("changed").unwrap().truthy(), after != before, "{result:?}");
    let again = call(&mut Run::default(), &arguments);
    assert_eq!(again.get("changed"), Some(&Value::Bool(false)), "{again:?}");
    (after, result.get("msg").unwrap().to_text().into_owned())
}

fn text(before: &str, arguments: &[(&str, &str)]) -> String {
    String::from_utf8(edit(before.as_bytes(), arguments).0).unwrap()
}

#[test]
fn the_last_match_is_replaced_or_the_first() {
    let wish = [("regexp", "^a"), ("line", "A")];
    assert_eq!(text("a1\nb\na2\n", &[("regexp", "^a."), ("line", "a!")]), "a1\nb\na!\n");
    assert_eq!(text("a1\nb\na2\n", &[("regexp", "^a."), ("line", "a!"), ("firstmatch", "yes")]), "a!\nb\na2\n");
    assert_eq!(text("b", &wish), "b\nA\n");
    assert_eq!(text("x=1\n", &[("search_string", "x="), ("line", "x=2")]), "x=2\n");
}

#[test]
fn a_line_goes_where_it_is_told_to() {
    let file = "one\ntwo\nthree\n";
    for (arguments, expected) in [
        (&[("insertafter", "^two")][..], "one\ntwo\nNEW\nthree\n"),
        (&[("insertafter", "^three")], "one\ntwo\nthree\nNEW\n"),
        (&[("insertbefore", "^two")], "one\nNEW\ntwo\nthree\n"),
        (&[("insertbefore", "BOF")], "NEW\none\ntwo\nthree\n"),
        (&[("insertafter", "BOF")], "NEW\none\ntwo\nthree\n"),
        (&[("insertafter", "EOF")], "one\ntwo\nthree\nNEW\n"),
        (&[("insertafter", "nowhere")], "one\ntwo\nthree\nNEW\n"),
        (&[("insertafter", "^t"), ("firstmatch", "yes")], "one\ntwo\nNEW\nthree\n"),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.push(("line", "NEW"));
        assert_eq!(text(file, &arguments), expected, "{arguments:?}");
    }
}

#[test]
fn back_references_are_filled_in_and_nothing_is_added_without_a_match() {
    let wish = [("regexp", r"^(\w+)=(\d+)$"), ("line", r"\1: \g<2>"), ("backrefs", "yes")];
    assert_eq!(text("x=1\n", &wish), "x: 1\n");
    assert_eq!(text("nothing\n", &wish), "nothing\n");
}

#[test]
fn lines_are_removed() {
    assert_eq!(
        edit(b"a\nb\na\n", &[("state", "absent"), ("line", "a")]),
        (b"b\n".to_vec(), "2 line(s) removed".into())
    );
    assert_eq!(text("a1\nb\n", &[("state", "absent"), ("regexp", "^a")]), "b\n");
    assert_eq!(text("a1\nb\n", &[("state", "absent"), ("search_string", "1")]), "b\n");
}

#[test]
fn bytes_that_are_no_text_stay() {
    let (after, _) = edit(b"\xff\xfe=1\r\nk=2\r\n", &[("regexp", "^k="), ("line", "k=é")]);
    assert_eq!(after, b"\xff\xfe=1\r\nk=\xc3\xa9\n");
}

#[test]
fn a_file_is_created_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/f");
    let mut arguments = vec![("path", path.to_str().unwrap()), ("line", "x")];
    let refused = call(&mut Run::default(), &arguments);
    assert_eq!(refused.get("rc"), Some(&Value::Int(257)));
    arguments.extend([("create", "yes"), ("mode", "0640")]);
    let told = call(&mut Run { check: true, ..Run::default() }, &arguments);
    assert_eq!((told.get("changed"), path.exists()), (Some(&Value::Bool(true)), false));
    let made = call(&mut Run::default(), &arguments);
    assert_eq!(made.get("msg").unwrap().to_text(), "line added and ownership, perms or SE linux context changed");
    assert_eq!(std::fs::read(&path).unwrap(), b"x\n");
    assert_eq!(call(&mut Run::default(), &arguments).get("changed"), Some(&Value::Bool(false)));
}

#[test]
fn a_backup_a_validation_and_the_link_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("f"), dir.path().join("l"));
    std::fs::write(&file, "a\n").unwrap();
    std::os::unix::fs::symlink("f", &link).unwrap();
    let mut run = Run { tmpdir: dir.path().to_path_buf(), diff: true, ..Run::default() };
    let path = link.to_str().unwrap();
    let bad = call(&mut run, &[("path", path), ("line", "b"), ("validate", "grep -q nope %s")]);
    assert_eq!(bad.get("msg").unwrap().to_text(), "failed to validate: rc:1 error:");
    let good = call(&mut run, &[("path", path), ("line", "b"), ("validate", "grep -q b %s"), ("backup", "yes")]);
    assert_eq!(std::fs::read(good.get("backup").unwrap().as_str().unwrap()).unwrap(), b"a\n");
    assert!(link.is_symlink());
    assert_eq!(std::fs::read(&file).unwrap(), b"a\nb\n");
    let diff = good.get("diff").unwrap().as_slice().unwrap();
    assert_eq!(diff[0].get("after"), Some(&Value::str("a\nb\n")));
    assert_eq!(diff[1].get("before_header"), Some(&Value::from(format!("{path} (file attributes)"))));
}

#[test]
fn a_bad_pattern_is_told_in_pythons_words() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let result = call(&mut Run::default(), &[("path", path), ("regexp", "("), ("line", "x")]);
    let message = result.get("msg").unwrap().to_text().into_owned();
    assert_eq!(message, "Task failed: Module failed: missing ), unterminated subpattern at position 0");
}
