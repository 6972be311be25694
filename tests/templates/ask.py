#!/usr/bin/env python3
"""Asks ansible-core 2.19 for the answers that tests/templates.rs compares ours with.

Run it with a Python that has ansible-core: ask.py [--show] [FOLDER...]
Without a folder it asks for this one and for ../plugins. cases.txt has one case a line: a letter (t: template, e: expression,
c: conditional, d: document, as the template action renders files, with includes from parts/), a blank, the text; a `␤` in it
stands for a line break. answers.txt gets one line for each: `ok`, type and repr, or `err` and the message, with tabs between.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent


def setup():
    import ansible.plugins.loader
    from ansible.utils.display import Display

    ansible.plugins.loader.init_plugin_loader()
    Display.warning = Display.deprecated = lambda *args, **kwargs: None


def load(text):
    from ansible._internal._datatag._tags import Origin, TrustedAsTemplate
    from ansible._internal._yaml._loader import AnsibleLoader

    return AnsibleLoader(TrustedAsTemplate().tag(Origin(path="/variables.yml").tag(text))).get_single_data()


def document(result):
    """What the template action writes."""
    from ansible.module_utils.common.text.converters import to_text

    return "" if result is None else to_text(result, nonstring="simplerepr")


def answer(folder, mode, text, variables):
    from ansible._internal._datatag._tags import Origin
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, trust_as_template

    text = Origin(path="/case.yml", line_num=1, col_num=1).tag(trust_as_template(text.replace("␤", "\n")))
    loader = DataLoader()
    loader.set_basedir(str(folder))
    templar = Templar(loader=loader, variables=variables)
    documents = templar.copy_with_new_env(searchpath=[str(folder / "parts")])
    ask = {
        "t": templar.template,
        "e": templar.evaluate_expression,
        "c": templar.evaluate_conditional,
        "d": lambda text: document(documents.template(text, escape_backslashes=False)),
    }[mode]
    try:
        result = ask(text)
    except Exception as error:
        return "err\t" + named(str(error)).replace("\n", "␤").replace(str(folder), "/HERE")
    name = type(result).__name__.removeprefix("_AnsibleTagged").lower()
    return f"ok\t{name}\t{result!r}".replace(str(folder), "/HERE")


def named(text):
    """Types by the names that users know."""
    text = re.sub(r"(maximum recursion depth exceeded).*", r"\1", text)
    text = re.sub(r"ansible\._internal\._templating\._lazy_containers\.(?=_AnsibleLazy)", "", text)
    text = re.sub(r"ansible\.module_utils\._internal\._datatag\.(?=_AnsibleTagged)", "", text)
    return re.sub(r"_Ansible(?:Tagged|LazyTemplate)(\w+)", lambda name: name[1].lower(), text)


def main():
    setup()
    folders = [pathlib.Path(name).resolve() for name in sys.argv[1:] if name != "--show"]
    for folder in folders or [HERE, HERE.parent / "plugins"]:
        variables = load((folder / "variables.yml").read_text())
        out = []
        for line in (folder / "cases.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                out.append(answer(folder, line[0], line[2:], variables))
                if "--show" in sys.argv:
                    print(line, out[-1], sep="\n    ")
        (folder / "answers.txt").write_text("\n".join(out) + "\n")


main()
