"""Whether ansible-inventory takes the script's output as it is."""

import json
import os
import shutil
import subprocess

import pytest

from cloud import Cloud, holding, server
from support import SCRIPT, clean

# Any program that reads inventories as ansible-inventory does.
PROGRAM = os.environ.get("HEAT_TEST_ANSIBLE_INVENTORY") or shutil.which("ansible-inventory")

pytestmark = pytest.mark.skipif(not PROGRAM, reason="no ansible-inventory in PATH; name one in "
                                                    "HEAT_TEST_ANSIBLE_INVENTORY")


def ansible_inventory(environment, *arguments):
    return subprocess.run([PROGRAM, "-i", SCRIPT] + list(arguments), env=clean(environment),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, timeout=120)


@pytest.fixture
def cloud():
    servers = [server("trove-trove%d_api-abc" % n, fixed="10.0.0.%d" % n) for n in (1, 2, 3)]
    servers += [server("marketplace-engine"), server("{{ 1 + 1 }}")]
    with Cloud([holding("trove", servers[:3]), holding("marketplace", servers[3:4]),
                holding("blog", servers[4:])], servers) as one:
        yield one


def test_list(cloud):
    done = ansible_inventory(cloud.environment(), "--list")
    assert done.returncode == 0, done.stderr
    assert "WARN" not in done.stderr and "DEPRECAT" not in done.stderr, done.stderr
    listing = json.loads(done.stdout)
    assert listing["trove_api"]["hosts"] == ["trove-trove%d_api-abc" % n for n in (1, 2, 3)]
    assert listing["ungrouped"]["hosts"] == ["{ { 1 + 1 }}"]
    assert listing["_meta"]["hostvars"]["trove-trove2_api-abc"]["ansible_host"] == "10.0.0.2"


def test_graph_of_a_service(cloud):
    done = ansible_inventory(cloud.environment(), "--graph", "trove")
    assert done.returncode == 0 and "--trove-trove3_api-abc" in done.stdout, done.stdout + done.stderr


def test_host(cloud):
    done = ansible_inventory(cloud.environment(), "--host", "marketplace-engine")
    assert json.loads(done.stdout)["dev_platform_component"] == "engine"


def test_the_reason_of_a_failure_reaches_the_user(cloud):
    done = ansible_inventory(cloud.environment(OS_PASSWORD="wrong-Password"), "--list")
    assert "rejects user 'admin' for project 'admin' (401)" in done.stderr
    assert "wrong-Password" not in done.stderr + done.stdout
