"""What goes wrong is told in one line, on stderr, with nothing on stdout."""

import socket
import subprocess

import pytest

from cloud import Cloud, PASSWORD, drop, hang, holding, resource, says, server, short, stack
from support import PYTHON, SCRIPT, clean, inventory, refused

ONE = server("trove1_api")


def cloud(stacks=None, **knobs):
    return Cloud([holding("trove", [ONE])] if stacks is None else stacks, [ONE], **knobs)


@pytest.mark.parametrize("missing", ["OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_TENANT_NAME"])
def test_a_missing_variable(missing):
    with cloud() as here:
        line = refused(here.environment(**{missing: None}))
    assert missing in line and "source" in line
    assert not any(other in line for other in {"OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD"} - {missing})


def test_every_missing_variable_at_once():
    line = refused({})
    assert "OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME" in line


@pytest.mark.parametrize("name, value, hint", [
    ("OS_AUTH_URL", "keystone:5000/v3", "http"),
    ("OS_AUTH_URL", "http://host:port/v3", "OS_AUTH_URL"),
    ("OS_AUTH_URL", "http://[::1/v3", "OS_AUTH_URL"),
    ("OS_AUTH_URL", "file:///etc/passwd", "http"),
    ("OS_IDENTITY_API_VERSION", "4", "2.0 or 3"),
    ("OS_AUTH_TYPE", "v3oidcpassword", "only password and token"),
    ("OS_TOKEN", "two\nlines", "OS_TOKEN"),
    ("DEV_PLATFORM_TIMEOUT", "soon", "seconds"),
    ("DEV_PLATFORM_ADDRESS_TYPE", "public", "fixed or floating"),
    ("DEV_PLATFORM_STACKS", "treve", "trove"),
    ("DEV_PLATFORM_NETWORK", "SCV", "SVC")])
def test_a_wrong_setting(name, value, hint):
    with cloud() as here:
        line = refused(here.environment(**{name: value}))
    assert name in line and hint in line


def test_a_login_in_the_url_is_not_repeated():
    line = refused({"OS_AUTH_URL": "http://admin:hidden@127.0.0.1:1/v2.0", "OS_USERNAME": "a",
                    "OS_PASSWORD": PASSWORD, "OS_TENANT_NAME": "c"})
    assert "hidden" not in line and "127.0.0.1" in line


@pytest.mark.parametrize("version", ["/v2.0", "/v3"])
@pytest.mark.parametrize("wrong", ["OS_PASSWORD", "OS_TENANT_NAME", "OS_USERNAME"])
def test_401_from_keystone(version, wrong):
    with cloud() as here:
        line = refused(here.environment(OS_AUTH_URL=here.url + version, **{wrong: "wr0ng-value"}))
    assert "401" in line and "OS_USERNAME, OS_PASSWORD" in line
    assert wrong == "OS_PASSWORD" or "'wr0ng-value'" in line


@pytest.mark.parametrize("part, service", [("/heat/", "Heat"), ("/nova/", "Nova")])
def test_401_from_a_service(part, service):
    with cloud(faults={part: says(401, "Authentication required", "text/plain")}) as here:
        line = refused(here.environment())
    assert service in line and "does not accept Keystone's token (401)" in line


@pytest.mark.parametrize("part, service", [("/v2.0/tokens", "Keystone"), ("/heat/", "Heat"), ("/nova/", "Nova")])
@pytest.mark.parametrize("fault, words", [
    (hang, "no answer within 1 seconds"),
    (drop, "check"),
    (short, "check"),
    (says(200, "<html>login</html>"), "text/html instead of JSON"),
    (says(200, "[1]", "application/json"), "instead of JSON"),
    (says(200, "\xff", "application/json"), "instead of JSON"),
    (says(200, "{}", "application/json"), "lacks"),
    (says(500, '{"error": {"message": "it broke\\nbadly"}}', "application/json"), "500 it broke badly"),
    (says(403, '{"forbidden": {"message": "Policy says no"}}', "application/json"), "403 Policy says no"),
    (says(503, "<html><body>No server is available</body></html>"), "503"),
    (says(302, "", Location="http://elsewhere.example/v2.0"), "elsewhere.example")])
def test_a_service_that_fails(part, service, fault, words):
    with cloud(faults={part: fault}) as here:
        line = refused(here.environment(DEV_PLATFORM_TIMEOUT="1"))
    assert service in line and words in line


@pytest.mark.parametrize("part, body", [
    ("/v2.0/tokens", '{"access": {"token": {"id": "x"}, "serviceCatalog": [1]}}'),
    ("/resources", '{"resources": [{"links": [3], "resource_type": "OS::Nova::Server"}]}'),
    ("/servers/detail", '{"servers": [{"id": "%s", "addresses": {"SVC": [5]}}]}' % ONE["id"])])
def test_json_of_another_shape(part, body):
    with cloud(faults={part: says(200, body, "application/json")}) as here:
        assert "OS_AUTH_URL" in refused(here.environment(DEV_PLATFORM_TIMEOUT="5"))


def test_a_server_that_repeats_the_password():
    echo = says(500, '{"error": {"message": "cannot log in with %s"}}' % PASSWORD, "application/json")
    with cloud(faults={"/v2.0/tokens": echo}) as here:
        assert "cannot log in with ***" in refused(here.environment())


def test_a_redirect_does_not_carry_the_token_elsewhere():
    with cloud() as other, cloud() as here:
        here.faults["/heat/"] = says(302, "", Location=other.url + "/heat/v1/x/stacks")
        refused(here.environment())
        assert not other.log


def test_connection_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d/v3" % taken.getsockname()[1]
        line = refused({"OS_AUTH_URL": url, "OS_USERNAME": "a", "OS_PASSWORD": PASSWORD, "OS_PROJECT_NAME": "c"})
    assert "connection refused" in line and url in line


def test_a_name_that_does_not_resolve():
    line = refused({"OS_AUTH_URL": "http://keystone.invalid:5000/v3", "OS_USERNAME": "a",
                    "OS_PASSWORD": PASSWORD, "OS_PROJECT_NAME": "c"})
    assert "keystone.invalid" in line and "OS_AUTH_URL" in line


def test_an_identity_version_that_is_not_there():
    with cloud(versions=(3,)) as here:
        line = refused(here.environment())
    assert "404" in line and "OS_IDENTITY_API_VERSION" in line


def test_an_auth_url_that_is_not_keystone():
    with cloud(versions=()) as here:
        assert "offers no Identity API" in refused(here.environment(OS_AUTH_URL=here.url))


def test_the_credentials_of_another_cloud():
    with cloud() as here:
        here.faults["/v2.0/tokens"] = says(
            200, '{"access": {"token": {"id": "x"}, "serviceCatalog": [{"type": "image", "endpoints": []}, '
                 '{"type": "compute", "endpoints": [{"publicURL": "http://x/"}]}]}}', "application/json")
        assert "no 'orchestration' service" in refused(here.environment())


# --- stacks ---------------------------------------------------------------------


@pytest.mark.parametrize("status, advice", [("CREATE_FAILED", "repair"), ("UPDATE_IN_PROGRESS", "wait"),
                                            ("DELETE_FAILED", "repair")])
def test_a_service_whose_stack_is_not_complete(status, advice):
    with cloud([holding("trove", [ONE], status=status)]) as here:
        line = refused(here.environment())
        assert "'trove' is " + status in line and advice in line
        run = inventory(here.environment(DEV_PLATFORM_ANY_STATE="1"))
        assert run.hostvars["trove1_api"]["stack_status"] == status


def test_a_stack_not_complete_that_holds_a_service_under_another_name():
    with cloud([holding("cloud", [ONE], status="UPDATE_FAILED")]) as here:
        assert "'cloud' is UPDATE_FAILED" in refused(here.environment())


def test_a_strangers_failed_stack_does_not_keep_the_services_from_being_listed():
    other = stack("blog", [resource("web", "OS::Nova::Server", None)], status="CREATE_FAILED")
    with cloud([holding("trove", [ONE]), other]) as here:
        run = inventory(here.environment())
        assert list(run.hostvars) == ["trove1_api"] and "warning: the stack 'blog' is CREATE_FAILED" in run.err
        assert "'blog' is CREATE_FAILED" in refused(here.environment(DEV_PLATFORM_STACKS="blog"))


def test_updates_and_resumes_that_are_complete_count_as_complete():
    with cloud([holding("trove", [ONE], status="RESUME_COMPLETE")]) as here:
        assert list(inventory(here.environment()).hostvars) == ["trove1_api"]


def test_a_project_without_stacks_is_warned_of():
    with cloud([]) as here:
        run = inventory(here.environment())
    assert run.hostvars == {} and "warning: the project has no Heat stack" in run.err


def test_a_stack_that_vanishes_meanwhile():
    with cloud(faults={"/resources": says(404, "{}", "application/json")}) as here:
        assert "vanished" in refused(here.environment())


def test_a_host_that_is_not_there():
    with cloud() as here:
        assert "'trove9_api'" in refused(here.environment(), "--host", "trove9_api")


def test_a_full_disk_behind_stdout():
    with cloud() as here, open("/dev/full", "w") as full:
        process = subprocess.run([PYTHON, SCRIPT, "--list"], env=clean(here.environment()), stdout=full,
                                 stderr=subprocess.PIPE, universal_newlines=True, timeout=60)
    assert process.returncode == 1
    assert process.stderr == "dev_platform_heat: cannot write the inventory to stdout: No space left on device\n"
