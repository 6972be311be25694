"""Against a real Keystone and a real Heat."""

import importlib.machinery
import importlib.util
import os
import re

import pytest

from cloud import Cloud, holding, resource, server, stack
from realcloud import PASSWORD, REGION
from support import SCRIPT, clean, inventory, refused

ALL = ["api", "conductor", "database"]


def hosts(run):
    groups = run.json
    return {part: len(groups["trove_" + part]["hosts"]) for part in ALL}


WHOLE = {"api": 2, "conductor": 2, "database": 2}


def test_nested_servers_of_a_real_stack(real):
    run = inventory(real.environment())
    assert hosts(run) == WHOLE
    # Heat itself made these names: the documented trove-trove<n>_api-<uniqueid>.
    assert all(re.match(r"^trove-trove[12]_api-[a-z0-9]{12}$", name)
               for name in run.json["trove_api"]["hosts"])
    name = run.json["trove_api"]["hosts"][0]
    made = real.fake.named("trove1_api")[0]
    variables = run.hostvars[name]
    assert (variables["instance_id"], variables["ansible_host"]) == (
        made["id"], made["addresses"]["SVC"][0]["addr"])
    assert (variables["stack_name"], variables["availability_zone"]) == ("trove", "AZ-1")
    assert variables["stack_status"] == "CREATE_COMPLETE"


def test_a_failed_stack_of_nobodys_is_warned_of(real):
    assert "warning: the stack 'broken' is CREATE_FAILED" in inventory(real.environment()).err
    line = refused(real.environment(DEV_PLATFORM_STACKS="broken"))
    assert "'broken' is CREATE_FAILED" in line and "stack-show broken" in line


def test_a_server_that_failed_and_one_that_is_gone(real):
    failed, gone = real.fake.named("trove1_api")[0], real.fake.named("trove1_database")[0]
    failed["status"] = "ERROR"
    real.fake.servers.remove(gone)
    try:
        run = inventory(real.environment())
    finally:
        failed["status"] = "ACTIVE"
        real.fake.servers.append(gone)
    assert hosts(run) == WHOLE
    states = {one["instance_id"]: one["instance_status"] for one in run.hostvars.values()}
    assert (states[failed["id"]], states[gone["id"]]) == ("ERROR", "DELETED")


def test_page_after_page(real, monkeypatch, capsys):
    loader = importlib.machinery.SourceFileLoader("script", SCRIPT)
    script = importlib.util.module_from_spec(importlib.util.spec_from_loader("script", loader))
    loader.exec_module(script)
    monkeypatch.setattr(script, "PAGE", 1)
    for name in set(os.environ) - set(clean({})):
        monkeypatch.delenv(name)
    for name, value in real.environment().items():
        monkeypatch.setenv(name, value)
    assert script.main(["--list"]) == 0
    assert capsys.readouterr().out == inventory(real.environment()).out


@pytest.mark.parametrize("changes", [
    {}, {"OS_IDENTITY_API_VERSION": None}, {"OS_REGION_NAME": None},
    {"OS_USER_DOMAIN_NAME": None, "OS_PROJECT_DOMAIN_NAME": None},
    {"OS_USER_DOMAIN_NAME": None, "OS_USER_DOMAIN_ID": "default"},
    {"OS_PROJECT_NAME": None, "OS_TENANT_NAME": "admin"},
    {"OS_INTERFACE": "internal"}, {"OS_ENDPOINT_TYPE": "adminURL"}])
def test_ways_to_log_in(real, changes):
    assert hosts(inventory(real.environment(**changes))) == WHOLE


def test_log_in_with_ids_at_an_unversioned_url(real):
    run = inventory(real.environment(OS_AUTH_URL=real.keystone, OS_IDENTITY_API_VERSION=None,
                                     OS_PROJECT_NAME=None, OS_PROJECT_ID=real.project,
                                     OS_USER_DOMAIN_NAME=None, OS_PROJECT_DOMAIN_NAME=None))
    assert hosts(run) == WHOLE


def test_log_in_with_a_token(real):
    scoped = real.login("admin")[0]
    alone = {"OS_AUTH_URL": real.keystone + "/v3", "OS_TOKEN": scoped}
    assert hosts(inventory(alone)) == WHOLE
    unscoped = real.login(None)[0]
    assert hosts(inventory(dict(alone, OS_TOKEN=unscoped, OS_PROJECT_NAME="admin"))) == WHOLE
    assert "OS_PROJECT_NAME" in refused(dict(alone, OS_TOKEN=unscoped))
    assert "OS_TOKEN" in refused(dict(alone, OS_TOKEN="gAAAAABnot-a-token"))


@pytest.mark.parametrize("changes", [{"OS_PASSWORD": "wrong-Password"}, {"OS_USERNAME": "nobody"},
                                     {"OS_PROJECT_NAME": "nothing"}, {"OS_USER_DOMAIN_NAME": "Elsewhere"},
                                     {"OS_PROJECT_NAME": "service"}])
def test_wrong_credentials(real, changes):
    line = refused(real.environment(**changes))
    assert "401" in line and "OS_USERNAME, OS_PASSWORD" in line and PASSWORD not in line


def test_identity_v2_where_keystone_has_none_any_more(real):
    line = refused(real.environment(OS_AUTH_URL=real.keystone + "/v2.0", OS_IDENTITY_API_VERSION=None))
    assert "v2.0 (404)" in line and "OS_IDENTITY_API_VERSION" in line


def test_another_region(real):
    line = refused(real.environment(OS_REGION_NAME="elsewhere"))
    assert "'elsewhere'" in line and REGION in line


def shape(value, depth=2):
    """The keys of an answer, without what they hold."""
    if isinstance(value, dict) and depth:
        return {key: shape(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list) and value and depth:
        return [shape(value[0], depth)]
    return None


def within(small, large):
    """Whether all keys of the one are in the other, at the same places."""
    if isinstance(small, dict):
        return isinstance(large, dict) and all(key in large and within(small[key], large[key]) for key in small)
    if isinstance(small, list):
        return isinstance(large, list) and within(small[0], large[0])
    return True


def test_the_recorded_cloud_answers_like_the_real_one(real):
    """What the recorded cloud says must be what Keystone and Heat say."""
    one = server("trove-trove1_api-a")
    inner = stack("trove-more-a", [resource("0", "OS::Nova::Server", one["id"])])
    root = holding("trove", [one])
    root["resources"].insert(0, resource("more", "OS::Heat::ResourceGroup", inner["id"], inner))
    with Cloud([root], [one], versions=(3,)) as fake:
        base = fake.url + "/heat/v1/6e6a9e1b0f1f4f5a8c1f6b2f3d4e5f60"
        login = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "password": "s3cret-Passw0rd&", "domain": {"id": "default"}}}},
            "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}
        headers, token = real.call("POST", fake.url + "/v3/auth/tokens", login)
        secret = headers["X-Subject-Token"]
        listed = real.call("GET", base + "/stacks", token=secret)[1]
        rows = real.call("GET", "%s/stacks/trove/%s/resources?nested_depth=9" % (base, root["id"]),
                         token=secret)[1]
    real_token = real.login("admin")[1]
    real_list = real.call("GET", real.stack_url())[1]
    ident = [row["id"] for row in real_list["stacks"] if row["stack_name"] == "trove"][0]
    real_rows = real.call("GET", "%s/trove/%s/resources?nested_depth=9" % (real.stack_url(), ident))[1]
    assert within(shape(token, 4), shape(real_token, 4))
    assert within(shape(listed, 3), shape(real_list, 3))
    assert within(shape(rows, 3), shape(real_rows, 3))
    for kind in ("self", "stack", "nested"):
        found = [{link["rel"]: link["href"] for link in row["links"]} for row in real_rows["resources"]]
        assert any(kind in links for links in found)
