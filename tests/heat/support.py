"""Running the inventory script as Ansible does: a process, an environment, its output."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRIPT = os.path.join(ROOT, "plugins", "inventory", "dev_platform_heat.py")
# Another Python to run the script with, e.g. the oldest that is promised.
PYTHON = os.environ.get("HEAT_TEST_PYTHON") or sys.executable


class Run:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def hostvars(self):
        return self.json["_meta"]["hostvars"]


def clean(environment):
    """This process's environment with no OpenStack setting but the given ones."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("OS_", "DEV_PLATFORM_")) and not key.lower().endswith("_proxy")}
    kept.update(environment)
    return kept


def inventory(environment, *arguments):
    process = subprocess.run([PYTHON, SCRIPT] + list(arguments or ["--list"]), env=clean(environment),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             universal_newlines=True, timeout=60)
    return Run(process)


def refused(environment, *arguments):
    """The one line of a run that has to fail, after checking that it failed cleanly."""
    run = inventory(environment, *arguments)
    assert run.code == 1, (run.code, run.out, run.err)
    assert run.out == "", run.out
    lines = run.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("dev_platform_heat: "), run.err
    for secret in ("OS_PASSWORD", "OS_TOKEN"):
        assert not environment.get(secret) or environment[secret] not in run.err, run.err
    return lines[0]
