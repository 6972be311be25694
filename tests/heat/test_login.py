"""Logging in: Identity v2.0 and v3, tokens, the catalogue, TLS."""

import pytest

from cloud import Cloud, PASSWORD, PROJECT, TOKEN, USER, holding, server
from support import inventory, refused

ONE = server("trove1_api")


def cloud(**knobs):
    return Cloud([holding("trove", [ONE])], [ONE], **knobs)


def hosts(run):
    return list(run.hostvars)


def v3(here, **changes):
    return here.environment(**dict({
        "OS_AUTH_URL": here.url + "/v3", "OS_TENANT_NAME": None, "OS_PROJECT_NAME": PROJECT["name"],
        "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default"}, **changes))


@pytest.mark.parametrize("tenant", [{}, {"OS_TENANT_NAME": None, "OS_TENANT_ID": PROJECT["id"]},
                                    {"OS_TENANT_NAME": None, "OS_PROJECT_NAME": PROJECT["name"]},
                                    {"OS_USERNAME": None, "OS_USER_ID": "u1"},
                                    {"OS_AUTH_URL_SLASH": "1"}])
def test_v2(tenant):
    with cloud(versions=(2,)) as here:
        changes = dict(tenant)
        if changes.pop("OS_AUTH_URL_SLASH", None):
            changes["OS_AUTH_URL"] = here.url + "/v2.0/"
        assert hosts(inventory(here.environment(**changes))) == ["trove1_api"]
        assert len(here.asked("POST", "/v2.0/tokens")) == 1


@pytest.mark.parametrize("changes", [
    {}, {"OS_USER_DOMAIN_NAME": None, "OS_PROJECT_DOMAIN_NAME": None},
    {"OS_USER_DOMAIN_NAME": None, "OS_USER_DOMAIN_ID": "default"},
    {"OS_PROJECT_NAME": None, "OS_PROJECT_ID": PROJECT["id"]},
    {"OS_PROJECT_NAME": None, "OS_TENANT_NAME": PROJECT["name"]},
    {"OS_USERNAME": None, "OS_USER_ID": "u1"},
    {"OS_USER_DOMAIN_NAME": None, "OS_PROJECT_DOMAIN_NAME": None, "OS_DEFAULT_DOMAIN_NAME": "Default"}])
def test_v3(changes):
    with cloud(versions=(3,)) as here:
        assert hosts(inventory(v3(here, **changes))) == ["trove1_api"]


@pytest.mark.parametrize("versions, changes, path", [
    ((2, 3), {}, "/v2.0/tokens"),
    ((2, 3), {"OS_USER_DOMAIN_NAME": "Default"}, "/v3/auth/tokens"),
    ((3,), {}, "/v3/auth/tokens"),
    ((2,), {}, "/v2.0/tokens"),
    ((2, 3), {"OS_IDENTITY_API_VERSION": "3"}, "/v3/auth/tokens"),
    ((2, 3), {"OS_IDENTITY_API_VERSION": "2.0"}, "/v2.0/tokens")])
def test_an_unversioned_url_speaks_the_version_that_fits(versions, changes, path):
    with cloud(versions=versions) as here:
        assert hosts(inventory(here.environment(OS_AUTH_URL=here.url, **changes))) == ["trove1_api"]
        assert [entry["path"] for entry in here.asked("POST", "")] == [path]


def test_the_version_setting_goes_before_the_one_in_the_url():
    with cloud(versions=(3,)) as here:
        assert hosts(inventory(here.environment(OS_IDENTITY_API_VERSION="3"))) == ["trove1_api"]


def test_a_token_gives_the_catalogue():
    with cloud(versions=(3,)) as here:
        run = inventory({"OS_AUTH_URL": here.url + "/v3", "OS_TOKEN": TOKEN})
        assert hosts(run) == ["trove1_api"] and not here.asked("POST", "")


def test_an_unscoped_token_is_exchanged_for_one_of_the_project():
    def unscoped(handler):
        handler.answer(403, {"error": {"code": 403, "message": "no catalog for an unscoped token"}})
        return True
    with cloud(versions=(3,), faults={"/auth/catalog": unscoped}) as here:
        run = inventory({"OS_AUTH_URL": here.url + "/v3", "OS_TOKEN": "unscoped",
                         "OS_PROJECT_NAME": PROJECT["name"]})
        assert hosts(run) == ["trove1_api"]


def test_a_token_with_v2():
    with cloud(versions=(2,)) as here:
        run = inventory({"OS_AUTH_URL": here.url + "/v2.0", "OS_TOKEN": TOKEN, "OS_TENANT_NAME": "admin"})
        assert hosts(run) == ["trove1_api"]


def test_a_token_of_no_project():
    with cloud() as here:
        line = refused({"OS_AUTH_URL": here.url + "/v2.0", "OS_TOKEN": TOKEN})
        assert "no service catalogue" in line and "OS_PROJECT_NAME" in line


def test_a_stale_token():
    with cloud() as here:
        for version in ("/v2.0", "/v3"):
            line = refused({"OS_AUTH_URL": here.url + version, "OS_TOKEN": "stale-token"})
            assert "OS_TOKEN" in line and "unset" in line


# --- the catalogue --------------------------------------------------------------


@pytest.mark.parametrize("login", [lambda here: here.environment(), v3])
@pytest.mark.parametrize("name, value", [("OS_ENDPOINT_TYPE", "internalURL"), ("OS_INTERFACE", "internal")])
def test_interface(login, name, value):
    with cloud() as here:
        # The internal endpoints are at 127.0.0.2, where nothing listens.
        line = refused(dict(login(here), **{name: value}))
        assert "Heat at http://127.0.0.2:" in line and "connection refused" in line


@pytest.mark.parametrize("login", [lambda here: here.environment(), v3])
def test_region(login):
    with cloud(regions=("east", "west")) as here:
        assert hosts(inventory(dict(login(here), OS_REGION_NAME="west"))) == ["trove1_api"]
        line = refused(login(here))
        assert "east, west" in line and "OS_REGION_NAME" in line
        line = refused(dict(login(here), OS_REGION_NAME="north"))
        assert "'north'" in line and "public in 'east'" in line and "OS_REGION_NAME" in line


def test_interface_that_does_not_exist():
    with cloud() as here:
        assert "OS_INTERFACE" in refused(here.environment(OS_INTERFACE="outer"))


# --- TLS ------------------------------------------------------------------------


def tls(folder, name):
    return str(folder / (name + ".pem")), str(folder / (name + ".key"))


def test_tls_with_the_ca(certificates):
    with cloud(tls=tls(certificates, "here")) as here:
        run = inventory(here.environment(OS_CACERT=str(certificates / "ca.pem")))
        assert hosts(run) == ["trove1_api"]


def test_tls_without_the_ca(certificates):
    with cloud(tls=tls(certificates, "here")) as here:
        line = refused(here.environment())
        assert "not trusted" in line and "OS_CACERT" in line
        assert not here.log


def test_tls_of_another_host(certificates):
    with cloud(tls=tls(certificates, "other")) as here:
        line = refused(here.environment(OS_CACERT=str(certificates / "ca.pem")))
        assert "not trusted" in line and not here.log


def test_tls_unchecked_only_on_request(certificates):
    with cloud(tls=tls(certificates, "other")) as here:
        assert "not trusted" in refused(here.environment(OS_INSECURE="false"))
        assert hosts(inventory(here.environment(OS_INSECURE="true"))) == ["trove1_api"]


def test_https_to_a_plain_port():
    with cloud() as here:
        line = refused(here.environment(OS_AUTH_URL=here.url.replace("http:", "https:") + "/v2.0"))
        assert "TLS failed" in line and "http://" in line


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with cloud() as here:
        line = refused(here.environment(OS_CACERT=str(path)))
        assert "OS_CACERT" in line and str(path) in line


def test_the_password_is_sent_to_keystone_alone():
    with cloud() as here:
        inventory(here.environment())
        told = [entry for entry in here.log if PASSWORD in entry["body"] + entry["path"] + str(entry["headers"])]
        assert [entry["path"] for entry in told] == ["/v2.0/tokens"]
        assert USER in told[0]["body"]
