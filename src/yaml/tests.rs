use super::*;

fn value(text: &str) -> String {
    parse_value(text, "<test>", &Options::default()).map_or_else(|error| error.to_string(), |value| value.repr())
}

#[test]
fn a_block_scalar_at_the_end_keeps_its_own_breaks_only() {
    for (text, expected) in [
        ("a: |\n  foo", "{'a': 'foo'}"),
        ("a: |\n  foo\n", "{'a': 'foo\\n'}"),
        ("a: |\n  foo\n  ", "{'a': 'foo\\n'}"),
        ("a: |\n  foo\n     ", "{'a': 'foo\\n   '}"),
        ("a: |+\n  foo\n  ", "{'a': 'foo\\n'}"),
        ("a: |-\n  foo", "{'a': 'foo'}"),
        ("a: >\n  foo\n  bar", "{'a': 'foo bar'}"),
        ("a: |2\n    foo\n   ", "{'a': '  foo\\n '}"),
        ("a: |\n  foo\n# comment", "{'a': 'foo\\n'}"),
    ] {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn merge_keys_come_first_and_lose() {
    let text = "b: &b {x: 1, y: 2}\nc: &c {x: 5, z: 6}\nm:\n  w: 0\n  <<: [*b, *c]\n  y: 3\n";
    assert!(value(text).ends_with("'m': {'x': 1, 'z': 6, 'y': 3, 'w': 0}}"), "{}", value(text));
}

#[test]
fn unsafe_texts_are_not_trusted_and_quoted_ones_resolve() {
    let parsed = parse_value(
        "a: !unsafe '{{ x }}'\nb: !unsafe [y]\nd: !unsafe \"1\"\nc: '{{ x }}'\n",
        "<test>",
        &Options::default(),
    );
    let parsed = parsed.unwrap();
    let trusted = |value: &Value| matches!(value, Value::Str(text) if text.is_trusted());
    assert!(!trusted(parsed.get("a").unwrap()));
    assert!(!trusted(&parsed.get("b").unwrap().as_slice().unwrap()[0]));
    assert_eq!(parsed.get("d"), Some(&Value::Int(1)));
    assert!(trusted(parsed.get("c").unwrap()));
}

#[test]
fn every_key_and_value_has_its_place() {
    let parsed = parse("- a: 1\n  b:\n    c: 'd'\n", "<test>", &Options::default()).unwrap();
    let root = parsed.content.unwrap();
    let first = &root.as_seq().unwrap()[0];
    assert_eq!((first.origin.line, first.origin.column), (1, 3));
    let (key, value) = first.get("b").unwrap().get_entry("c").unwrap();
    assert_eq!((key.origin.line, key.origin.column), (3, 5));
    assert_eq!((value.origin.line, value.origin.column), (3, 8));
}

#[test]
fn duplicate_keys_are_reported_outermost_first() {
    let parsed = parse("a: {k: 1, k: 2}\nb: 1\nb: 2\n", "<test>", &Options::default()).unwrap();
    let messages: Vec<_> = parsed.warnings.iter().map(|warning| warning.error().message().to_string()).collect();
    assert_eq!(messages, ["Found duplicate mapping key 'b'.", "Found duplicate mapping key 'k'."]);
    assert_eq!(parsed.content.unwrap().to_value().repr(), "{'a': {'k': 2}, 'b': 2}");
}

#[test]
fn a_bomb_of_aliases_stays_small() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let alias = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![alias; 9].join(", "));
    }
    assert!(parse_value(&text, "<test>", &Options::default()).is_ok());
}

#[test]
fn a_node_inside_itself_is_an_error() {
    assert_eq!(value("a: &x [*x]\n"), "YAML parsing failed: Found unconstructable recursive node.");
    assert!(value("a: &x\n  <<: *x\n").contains("recursive"));
}

#[test]
fn encrypted_texts_keep_their_envelope() {
    let parsed =
        parse_value("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n", "<test>", &Options::default()).unwrap();
    let Some(Value::Vault(vaulted)) = parsed.get("a") else { panic!("{parsed:?}") };
    assert_eq!(vaulted.ciphertext, "$ANSIBLE_VAULT;1.1;AES256\n3132\n");
}
