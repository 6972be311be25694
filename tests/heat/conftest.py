"""What several test files need once."""

import os
import subprocess

import pytest

from realcloud import RealCloud, node, text


def pytest_report_header():
    return "script run by: " + (os.environ.get("HEAT_TEST_PYTHON") or "this Python")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A CA, and a certificate that it signed for 127.0.0.1 and one for another host."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments):
        subprocess.run(("openssl",) + arguments, cwd=str(folder), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test CA",
            "-keyout", "ca.key", "-out", "ca.pem")
    for name, san in (("here", "IP:127.0.0.1"), ("other", "DNS:elsewhere.example")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name,
                "-keyout", name + ".key", "-out", name + ".csr")
        (folder / (name + ".ext")).write_text("subjectAltName=%s\n" % san)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                "-CAcreateserial", "-extfile", name + ".ext", "-out", name + ".pem")
    return folder


@pytest.fixture(scope="session")
def real():
    """Keystone and Heat with a Trove control plane, nested as HA templates nest it."""
    if os.environ.get("HEAT_TEST_WITHOUT_REAL"):
        pytest.skip("HEAT_TEST_WITHOUT_REAL is set")
    with RealCloud() as cloud:
        member = {"type": "OS::Heat::ResourceGroup",
                  "properties": {"count": 2, "resource_def": node(availability_zone="AZ-2")}}
        cloud.create("trove", {
            "trove1_api": node(availability_zone="AZ-1"),
            "trove2_api": node(availability_zone="AZ-3"),
            "trove_conductor": member,
            "databases": {"type": "database.yaml"},
        }, {"database.yaml": text({"trove1_database": node(), "more": {"type": "inner.yaml"}}),
            "inner.yaml": text({"trove2_database": node()})})
        cloud.create("notes", {"word": {"type": "OS::Heat::RandomString"},
                               "nothing": {"type": "OS::Heat::None"}})
        cloud.create("broken", {"test": {"type": "OS::Heat::TestResource", "properties": {"fail": True}}},
                     wait="CREATE_FAILED")
        yield cloud
