#!/usr/bin/env python3
"""Asks PyYAML (with libyaml) what each text means; writes cases.json beside this file.

Run it again after adding texts: python3 tests/yaml/generate.py
"""
import itertools
import json
import pathlib

import yaml

SCALARS = """
yes Yes YES yEs y n no On OFF true TRUE tRue False null Null ~ NULL nULL none
0 -0 +0 1 -1 +12 007 0644 08 0o14 0b101 -0b11 0b 0b_ 0x1F 0xg 0x_ 1_000 _1 1__0 1:30 1:60 -1:30 190:20:30 0:30 1:2:3:4
12345678901234567890 -99999999999999999999999 9223372036854775808
1.0 1. .5 -.5 +.5 1e3 1.5e3 1.5e+3 1.5E-3 1e+3 .5e+1 1_0.5_0 1:30.5 1:30. .inf -.inf +.INF .Inf .nan .NaN -.nan 1.2.3 . .. - +
6.0e-10 1e400 1.0e+400 0.1 100000000000000000.0 1.0e+16
2020-01-02 2020-1-2 2020-13-01 2020-02-30 2020-01-02T03:04:05Z 2020-01-02t3:04:05.123456789+01:00 0000-01-01
2001-12-14_21:59:43 2020-01-02T25:00:00Z 2020-01-02T03:04:05-1 2020-01-02T03:04:05+1:30 2020-01-02T03:04:05+24:00
a a:b a#b a,b http://x:80/ C:\\x @a `a %a ?a -a :a !a &a a& *a ]a {a} [a] a] 'a' "a" 'it''s' "a\\tb" "\\x41\\u00e9\\U0001F600" "\\/" "\\_"
"a\\
b" <<x =x == << = é 日本 \u00a0 a\u2028b \u0085 "\\z" "\\x4" 'a "a 'a'b "a"b 'a' #c a#c
""".split("\n")

TAILS = ["", "\n", " \n", "\n\n", "\n  ", "\n   ", "\n     \n", "\r\n", "\n# c", "\n  # c\n", "\n...\n", "\n---\n"]

DOCUMENTS = [
    "- hosts: all\n  tasks:\n    - name: 'it''s'\n      debug:\n        msg: \"{{ x }}\"\n    - command: >-\n        one\n        two\n",
    "a: &x {b: 1, c: [1, 2]}\nd: *x\ne:\n  <<: *x\n  c: 3\n",
    "a: |\n  one\n\n   two\n  three\n\nb: >+\n  x\n  y\n\n   z\n\n",
    "? a\n: b\n? [c, d]\n: e\n",
    "%YAML 1.1\n---\na: 1\n...\n",
    "%TAG !e! tag:yaml.org,2002:\n---\n!e!int '3'\n",
    "{a: b, c, 'd':e, \"f\": [g, h: i, j]}\n",
    "- - a\n  - b\n-\n  - c\n- \n",
    "a:\n- 1\n-  2\nb: # c\n  c\n",
    "a: 'x\n\n  y'\nb: \"x\\\n   y\n  z\"\nc: x\n  y\n\n  z\n",
    "!!map {a: !!str 1, b: !!int '2', c: !!float 3, d: !!null x, e: !!bool 'on'}\n",
    "!!set {? a}\n",
    "!!omap [a: 1, b: 2]\n",
    "!!pairs [a: 1, a: 2]\n",
    "!!binary |\n aGVs\n bG8=\n",
    "\tx: 1\n",
    "a:\t1\n",
    "a: 1\t# c\n",
    "a:\n\tb: 1\n",
    "- a\n - b\n",
    "a: b: c\n",
    "a: - b\n",
    "a: [b\n",
    "a: {b\n",
    "a: *nope\n",
    "&a a: *a\n",
    "- &a 1\n- &a 2\n",
    "a: b\nc\n",
    "a: b\n c: d\n",
    "[a, b]: c\n",
    "{a: b}: c\n",
    "{{ x }}\n",
    "a: {{ x }}\n",
    "!foo a\n",
    "!<tag:yaml.org,2002:str> 1\n",
    "! 1\n",
    "!!str [a]\n",
    "!!seq {a: b}\n",
    "!!map [a]\n",
    "!!int x\n",
    "!!float x\n",
    "!!python/tuple [a]\n",
    "<<: {a: 1}\nb: 2\n",
    "<<: [{a: 1, b: 1}, {a: 2, c: 2}]\nb: 3\n",
    "<<: 1\n",
    "<<: [1]\n",
    "- <<\n",
    "- =\n",
    "=: 1\n",
    "!!str {=: x, b: c}\n",
    "a: !!timestamp '2020-01-02'\n",
    "a: !!binary a\n",
    "a: !!binary abcde\n",
    "---\n--- a\n",
    "a\n---\nb\n",
    "# only a comment\n",
    "",
    "\n",
    " ",
    "\ufeffa: 1\n",
    "a: \u0007\n",
    "a: \ufeffb\n",
    "a: \x7f\n",
    "a: |1\n b\n",
    "a: |0\n b\n",
    "a: |2-\n   b\n",
    "a: >2+\n   b\n\n",
    "a: | x\n  b\n",
    "a: |\n\n\n    b\n   c\n",
    "a: |\n     \n  b\n",
    "a: |\n \tb\n",
    "a: >\n  b\n   c\n  d\n\n  e\n",
    "1: a\n1.0: b\ntrue: c\n",
    "2020-01-02: a\n~: b\n",
    "x: " + "[" * 40 + "]" * 40 + "\n",
    "a : b\n",
    "a:\n  - b\n  -c\n",
    "a: 'b' 'c'\n",
    "a: \"b\" c\n",
    "a: b # c\n  # d\ne: f\n",
    "a: b#c\n",
    "- \"a\": b\n  'c' : d\n",
    "-\n-\n",
    "key: value\n  - x\n",
    "a: [1, 2,]\n",
    "a: [1,, 2]\n",
    "a: {b: 1, , c: 2}\n",
    "a: {b: 1 c: 2}\n",
    "a: [b: c, ? d]\n",
    "a: \"b\n---\nc\"\n",
    "a: 'b\n...\n'\n",
    "@a: b\n",
    "`a`: b\n",
    "%a: b\n",
    "a: %b\n",
    "a: |\r\n  b\r\n  c\r\n",
    "a: b\r\nc: d\r",
    "- a: b\n  c: d\n -e: f\n",
]


def texts():
    scalars = [word for line in SCALARS for word in ([line] if '"' in line or "'" in line else line.split(" ")) if word]
    for scalar in scalars:
        yield scalar
        yield f"k: {scalar}\n"
        yield f"[{scalar}, x]\n"
    for scalar in scalars[:20]:
        yield f"{scalar}: v\n"
    for style, chomp, tail in itertools.product("|>", ["", "-", "+", "1", "1+"], TAILS):
        yield f"a: {style}{chomp}\n  one\n  two{tail}"
        yield f"- {style}{chomp}\n   one\n\n     two{tail}"
    for style, chomp in itertools.product("|>", ["", "-", "+"]):
        for tail in ["", "\n", "\n  ", "\n\n", "\n   \n"]:
            yield f"a: {style}{chomp}{tail}"
    for document in DOCUMENTS:
        yield document
    for document in DOCUMENTS[:12]:
        for end in range(1, len(document)):
            yield document[:end]


class Loader(yaml.CSafeLoader):
    pass


def describe(text):
    try:
        return {"text": text, "value": repr(yaml.load(text, Loader))}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return {
            "text": text,
            "problem": " ".join(filter(None, (error.context, error.problem))),
            "line": mark.line + 1,
            "column": mark.column + 1,
        }
    except Exception as error:
        return {"text": text, "problem": " ".join(str(error).split())}


cases = [describe(text) for text in dict.fromkeys(texts())]
target = pathlib.Path(__file__).with_name("cases.json")
target.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "cases")
