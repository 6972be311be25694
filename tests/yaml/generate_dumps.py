#!/usr/bin/env python3
"""Asks PyYAML's safe dumper (with libyaml) how it writes values; writes dumps.json beside this file.

Run it again after adding values: python3 tests/yaml/generate_dumps.py
"""
import itertools
import json
import pathlib

import yaml

TEXTS = """yes no on off true null ~ 0 1 -1 0644 0o17 0x1f 1.5 1e3 .5 .inf nan 1:30 2020-01-02 =  << - -- --- ... -a ?a :a a: a:b a #a a# #a
'a "a a'b a"b @a `a %a !a &a *a {a} [a] a,b a{ {{x}} | > |a ! & * , . .. é 日本 😀 \\ a\\b http://x:80/ C:\\x y n Y N 12a 1_000 None True""".split()
TEXTS += [
    "", " ", "  ", " a", "a ", "a b", "a  b", "a\n", "a\nb", "a\nb\n", "\na", "a\n\nb", "a\n\n", "\n", "\n\n", "a \nb", "a\n b",
    "a\tb", "\ta", "a\t", "a: b", "a #b", "a\r\nb", "\x00", "\x07a", "\x1b[0m", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "\ue000",
    "# comment", "key: value\nother: 1\n", "x" * 100, "word " * 30, ("word " * 30).strip(), "x" * 90 + " y" * 20, "é " * 50,
    "- a\n- b", "{{ a }} and {{ b }}", "{% if x %}y{% endif %}", "it's", '"quoted"', "a\\nb", "line one\nline two with: colon\n  indented\n",
    "trailing space \n", "tab\there: x", "a" * 79 + " b", "'" * 5, '"' * 5, "a'b\"c", "%YAML 1.1", "!tag x", "1 2", "0 ", "a:", ":", "?", "-",
]
SCALARS = [None, True, False, 0, -5, 10**20, 1.0, 1e20, 1e-7, 0.1, -0.0, 123456789.123, b"", b"abc", b"\x00" * 60, ()]
CONTAINERS = [
    [], {}, [[]], [{}], {"a": []}, {"a": {}}, [1, [2, [3]]], {"b": 1, "a": 2}, {2: "x", 1: "y"}, {"a": 1, 2: "b"}, {None: 1}, {True: 1},
    {"a": [1, 2], "b": {"c": [3]}}, [[1, 2], [3]], [{"a": 1, "b": 2}, {"c": 3}], {"k": "v" * 100, "l": ["w" * 50, "x" * 50]},
    {(1, 2): "t"}, {"x" * 130: 1}, {"a\nb": "c\nd"}, {1}, {"s": {"one"}}, (1, "a"), list(range(60)), {"a" * n: n for n in range(1, 20)},
    {"list": ["a b", "c: d", "#e", "", None, 1.5]}, {"": ""}, {"deep": {"er": {"est": [{"x": [{"y": "z"}]}]}}},
    [["a", {"b": ["c"]}], []], {"text": "one\ntwo\n", "list": ["three\nfour"]},
]
OPTIONS = [
    {"default_flow_style": None},
    {"default_flow_style": False},
    {"default_flow_style": True},
    {"default_flow_style": False, "indent": 4},
    {"default_flow_style": None, "indent": 6, "width": 30},
    {"default_flow_style": False, "width": -1, "sort_keys": False},
    {"default_flow_style": False, "allow_unicode": False, "explicit_start": True, "explicit_end": True},
    {"default_flow_style": None, "default_style": '"'},
    {"default_flow_style": None, "default_style": "'"},
    {"default_flow_style": False, "default_style": "|"},
    {"default_flow_style": False, "default_style": ">", "width": 40},
    {"default_flow_style": False, "canonical": True},
]


def cases():
    for text in TEXTS:
        for value in (text, [text], {text: text}):
            yield value, OPTIONS[0]
    for text, options in itertools.product(TEXTS, OPTIONS[3:]):
        yield {"k": [text]}, options
    for value, options in itertools.product(SCALARS + CONTAINERS, OPTIONS):
        yield value, options


def describe(value, options):
    given = {"allow_unicode": True, **options}
    return {"value": repr(value), "options": given, "text": yaml.dump(value, Dumper=yaml.CSafeDumper, **given)}


def known_difference(value, options):
    """Folded texts with line breaks: we write them literally, because the emitter would lose the breaks."""
    return options.get("default_style") == ">" and "\\n" in repr(value)


result = [describe(value, options) for value, options in cases() if not known_difference(value, options)]
target = pathlib.Path(__file__).with_name("dumps.json")
target.write_text("[\n" + ",\n".join(json.dumps(case) for case in result) + "\n]\n")
print(len(result), "cases")
