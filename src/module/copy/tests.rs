use super::super::invoke::invoke;
use super::super::{Blob, Run, digest, registry};
use crate::value::{Dict, Value};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_string()
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self) -> Run {
        Run { tmpdir: self.0.path().to_path_buf(), diff: true, ..Run::default() }
    }
}

fn call(run: &mut Run, arguments: &[(&str, &str)]) -> Dict {
    let arguments: Dict = arguments.iter().map(|(key, value)| (*key, Value::str(*value))).collect();
    let mut result = invoke(registry::find("copy").unwrap(), &arguments, run);
    result.remove("invocation");
    result
}

/// As the controller's half calls it, with the content.
fn send(mut run: Run, content: &str, arguments: &[(&str, &str)]) -> Dict {
    let sum = digest::of_bytes(content.as_bytes(), digest::Algorithm::Sha1);
    let mut arguments = arguments.to_vec();
    arguments.extend([("_checksum", sum.as_str()), ("_original_basename", "source.conf")]);
    run.blobs = vec![Blob::Memory(content.as_bytes().to_vec())];
    call(&mut run, &arguments)
}

fn text(result: &Dict, key: &str) -> String {
    result.get(key).unwrap_or_else(|| panic!("no {key} in {result:?}")).to_text().into_owned()
}

fn changed(result: &Dict) -> bool {
    assert!(!result.contains("failed"), "{result:?}");
    result.get("changed").unwrap().truthy()
}

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn content_is_put_in_place_once() {
    let place = Place::new();
    let dest = place.path("f");
    let first = send(place.run(), "hello\n", &[("dest", &dest), ("mode", "0640")]);
    assert!(changed(&first));
    assert_eq!(place.read("f"), "hello\n");
    assert_eq!(mode(&dest), 0o640);
    assert_eq!(text(&first, "checksum"), "f572d396fae9206628714fb2ce00f72e94f2258f");
    assert_eq!(text(&first, "md5sum"), "b1946ac92492d2347c6235b4d2611184");
    let diff = first.get("diff").unwrap().repr();
    assert_eq!(diff, format!("[{{'before': '', 'after_header': '{dest}', 'after': 'hello\\n'}}]"));
    let second = send(place.run(), "hello\n", &[("dest", &dest), ("mode", "0640")]);
    assert!(!changed(&second));
    assert_eq!((text(&second, "path"), text(&second, "dest")), (dest.clone(), dest.clone()));
    assert!(changed(&send(place.run(), "hello\n", &[("dest", &dest), ("mode", "0600")])));
    assert_eq!(mode(&dest), 0o600);
}

#[test]
fn a_directory_takes_the_sources_name() {
    let place = Place::new();
    std::fs::create_dir(place.path("d")).unwrap();
    assert!(changed(&send(place.run(), "x", &[("dest", &place.path("d"))])));
    assert_eq!(place.read("d/source.conf"), "x");
    assert!(!changed(&send(place.run(), "x", &[("dest", &place.path("d/"))])));
    let result = send(place.run(), "x", &[("dest", &place.path("new/deep/")), ("directory_mode", "0711")]);
    assert!(changed(&result));
    assert_eq!((mode(&place.path("new")), mode(&place.path("new/deep"))), (0o711, 0o711));
    let refused = send(place.run(), "x", &[("dest", &place.path("d")), ("_content", "yes")]);
    assert_eq!(text(&refused, "msg"), "can not use content with a dir as dest");
    let missing = send(place.run(), "x", &[("dest", &place.path("nope/f"))]);
    assert_eq!(text(&missing, "msg"), format!("Destination directory {} does not exist", place.path("nope")));
    assert!(missing.contains("checksum") && missing.contains("diff"));
}

#[test]
fn a_probe_asks_for_content_only_when_it_is_needed() {
    let place = Place::new();
    let dest = place.write("f", "hello\n");
    let sum = "f572d396fae9206628714fb2ce00f72e94f2258f";
    let probe = |sum: &str, run: &mut Run| {
        let dest = dest.as_str();
        call(run, &[("dest", dest), ("_checksum", sum), ("_probe", "yes"), ("mode", "0640")])
    };
    assert_eq!(probe(&sum.replace('f', "0"), &mut place.run()).get("_needed"), Some(&Value::Bool(true)));
    assert!(changed(&probe(sum, &mut place.run())));
    assert!(!changed(&probe(sum, &mut place.run())));
    let mut check = Run { check: true, ..place.run() };
    let result = probe(&sum.replace('f', "0"), &mut check);
    assert!(changed(&result) && !result.contains("_needed"));
    assert_eq!(result.get("diff").unwrap().repr(), format!("[{{'before_header': '{dest}', 'before': 'hello\\n'}}]"));
}

#[test]
fn check_mode_writes_nothing() {
    let place = Place::new();
    let dest = place.path("f");
    let result = send(Run { check: true, diff: false, ..place.run() }, "x", &[("dest", &dest)]);
    assert_eq!(Value::dict(result).repr(), "{'changed': True}");
    assert!(!Path::new(&dest).exists());
}

#[test]
fn validation_decides_and_leaves_no_trace() {
    let place = Place::new();
    let dest = place.write("a b.conf", "old");
    let fine = send(place.run(), "new", &[("dest", &dest), ("validate", "grep -q new %s")]);
    assert!(changed(&fine));
    assert_eq!(place.read("a b.conf"), "new");
    let bad = send(place.run(), "worse", &[("dest", &dest), ("validate", "sh -c 'cat %s >&2; exit 3'")]);
    assert_eq!(
        (text(&bad, "msg"), text(&bad, "exit_status"), text(&bad, "stderr")),
        ("failed to validate".into(), "3".into(), "worse".into())
    );
    let missing = send(place.run(), "worse", &[("dest", &dest), ("validate", "true")]);
    assert_eq!(text(&missing, "msg"), "validate must contain %s: true");
    assert_eq!(place.read("a b.conf"), "new");
    assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 1);
}

#[test]
fn a_backup_keeps_what_was() {
    let place = Place::new();
    let dest = place.write("f", "old");
    let result = send(place.run(), "new", &[("dest", &dest), ("backup", "yes")]);
    assert_eq!(std::fs::read_to_string(text(&result, "backup_file")).unwrap(), "old");
    assert!(!send(place.run(), "new", &[("dest", &dest), ("backup", "yes")]).contains("backup_file"));
}

#[test]
fn links_are_replaced_or_followed() {
    let place = Place::new();
    let target = place.write("target", "old");
    let link = place.path("link");
    symlink("target", &link).unwrap();
    assert!(changed(&send(place.run(), "new", &[("dest", &link), ("follow", "yes")])));
    assert_eq!((place.read("target"), Path::new(&link).is_symlink()), ("new".into(), true));
    let same = send(place.run(), "new", &[("dest", &link), ("follow", "yes")]);
    assert!(!changed(&same));
    assert_eq!(text(&same, "path"), std::fs::canonicalize(&target).unwrap().to_str().unwrap());
    assert!(changed(&send(place.run(), "new", &[("dest", &link)])));
    assert_eq!((place.read("link"), Path::new(&link).is_symlink()), ("new".into(), false));
}

#[test]
fn without_force_what_is_there_stays() {
    let place = Place::new();
    let dest = place.write("f", "old");
    let kept = send(place.run(), "new", &[("dest", &dest), ("force", "no")]);
    assert_eq!(kept.get("_kept"), Some(&Value::Bool(true)));
    assert_eq!(place.read("f"), "old");
}

#[test]
fn binary_and_large_files_are_not_shown() {
    let place = Place::new();
    let dest = place.write("f", "a\0b");
    let large = "x".repeat(50);
    let result = send(place.run(), &large, &[("dest", &dest), ("_diff_max_size", "40")]);
    assert_eq!(result.get("diff").unwrap().repr(), "[{'dst_binary': 1, 'src_larger': 40}]");
    let result = send(place.run(), "a\0c", &[("dest", &dest), ("_diff_max_size", "40")]);
    assert_eq!(result.get("diff").unwrap().repr(), "[{'dst_larger': 40, 'src_binary': 1}]");
}

#[test]
fn a_wrong_checksum_stops_the_copy() {
    let place = Place::new();
    let result = send(place.run(), "x", &[("dest", &place.path("f")), ("checksum", "123")]);
    assert_eq!(text(&result, "msg"), "Copied file does not match the expected checksum. Transfer failed.");
    assert_eq!(text(&result, "expected_checksum"), "123");
    assert!(!Path::new(&place.path("f")).exists());
}

fn remote(place: &Place, src: &str, dest: &str, more: &[(&str, &str)]) -> Dict {
    let mut arguments = vec![("src", src), ("dest", dest), ("remote_src", "yes")];
    arguments.extend(more);
    call(&mut place.run(), &arguments)
}

#[test]
fn a_file_is_copied_within_the_host() {
    let place = Place::new();
    let (src, dest) = (place.write("src", "x"), place.path("dest"));
    std::fs::set_permissions(&src, std::fs::Permissions::from_mode(0o750)).unwrap();
    let result = remote(&place, &src, &dest, &[("mode", "preserve")]);
    assert!(changed(&result));
    assert_eq!((place.read("dest"), mode(&dest)), ("x".into(), 0o750));
    assert!(!changed(&remote(&place, &src, &dest, &[("mode", "preserve")])));
    let missing = place.path("none");
    assert_eq!(text(&remote(&place, &missing, &dest, &[]), "msg"), format!("Source {missing} not found"));
}

#[test]
fn a_tree_is_copied_within_the_host() {
    let place = Place::new();
    for (name, content) in [("src/a", "A"), ("src/s/b", "B"), ("src/.git/c", "C")] {
        place.write(name, content);
    }
    symlink("a", place.path("src/l")).unwrap();
    let (src, dest) = (place.path("src"), place.path("dest"));
    std::fs::create_dir(&dest).unwrap();
    assert!(changed(&remote(&place, &src, &dest, &[])));
    assert_eq!((place.read("dest/src/s/b"), place.read("dest/src/.git/c")), ("B".into(), "C".into()));
    assert_eq!(std::fs::read_link(place.path("dest/src/l")).unwrap(), Path::new("a"));
    assert!(!changed(&remote(&place, &src, &dest, &[])));
    place.write("src/s/b", "BB");
    let content = format!("{src}/");
    assert!(changed(&remote(&place, &content, &dest, &[("local_follow", "yes")])));
    assert_eq!((place.read("dest/s/b"), place.read("dest/l")), ("BB".into(), "A".into()));
    assert!(!Path::new(&place.path("dest/l")).is_symlink());
    assert!(!changed(&remote(&place, &content, &dest, &[("local_follow", "yes")])));
}
