#!/usr/bin/env python3
"""Asks ansible-core 2.19 for the answers that tests/templates.rs compares ours with.

Run it with a Python that has ansible-core: ask.py [--show]
cases.txt has one case a line: a letter (t: template, e: expression, c: conditional), a blank, the text; a `␤` in it stands
for a line break. answers.txt gets one line for each: `ok`, type and repr, or `err` and the message, with tabs between.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent


def setup():
    import ansible.plugins.loader
    from ansible.utils.display import Display

    ansible.plugins.loader.init_plugin_loader()
    Display.warning = Display.deprecated = lambda *args, **kwargs: None


def load(text):
    from ansible._internal._datatag._tags import Origin, TrustedAsTemplate
    from ansible._internal._yaml._loader import AnsibleLoader

    return AnsibleLoader(TrustedAsTemplate().tag(Origin(path="/variables.yml").tag(text))).get_single_data()


def answer(mode, text, variables):
    from ansible._internal._datatag._tags import Origin
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, trust_as_template

    text = Origin(path="/case.yml", line_num=1, col_num=1).tag(trust_as_template(text.replace("␤", "\n")))
    loader = DataLoader()
    loader.set_basedir(str(HERE))
    templar = Templar(loader=loader, variables=variables)
    ask = {"t": templar.template, "e": templar.evaluate_expression, "c": templar.evaluate_conditional}[mode]
    try:
        result = ask(text)
    except Exception as error:
        text = re.sub(r"_Ansible(?:Tagged|LazyTemplate)(\w+)", lambda name: name[1].lower(), str(error))
        return "err\t" + text.replace("\n", "␤")
    name = type(result).__name__.removeprefix("_AnsibleTagged").lower()
    return f"ok\t{name}\t{result!r}"


def main():
    setup()
    variables = load((HERE / "variables.yml").read_text())
    out = []
    for line in (HERE / "cases.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            out.append(answer(line[0], line[2:], variables))
            if "--show" in sys.argv:
                print(line, out[-1], sep="\n    ")
    (HERE / "answers.txt").write_text("\n".join(out) + "\n")


main()
