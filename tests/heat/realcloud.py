"""A real Keystone and a real Heat, from Debian's packages, in a temporary folder.

Keystone runs as its own WSGI script, Heat's API and engine in one process (which
needs no message broker), both on SQLite and on free ports of 127.0.0.1. Nothing
is installed as a service and nothing outlives the `with` block.

Nova and Glance cannot run here: `Fake` answers what Heat asks to create, look at
and delete a server, so that Heat's own stacks hold real OS::Nova::Server resources.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from cloud import Handler, Threaded, server, uid

PYTHON = "/usr/bin/python3"
PASSWORD = "adm1n-Password&"
SERVICE_PASSWORD = "heat-Password"
REGION = "region1"
STARTUP = 90

KEYSTONE_CONF = """
[DEFAULT]
log_file = {home}/keystone.log
[database]
connection = sqlite:///{home}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {home}/fernet
[credential]
key_repository = {home}/credential
[identity]
password_hash_rounds = 4
[cache]
enabled = false
"""

HEAT_CONF = """
[DEFAULT]
log_file = {home}/heat.log
transport_url = fake:/
num_engine_workers = 1
auth_encryption_key = 0123456789abcdef0123456789abcdef
heat_metadata_server_url = http://127.0.0.1:1
environment_dir = {home}/none
template_dir = {home}/none
plugin_dirs = {home}/none
region_name_for_services = {region}
[heat_all]
enabled_services = engine,api
[heat_api]
bind_host = 127.0.0.1
bind_port = {heat_port}
workers = 1
[paste_deploy]
api_paste_config = {home}/api-paste.ini
[database]
connection = sqlite:///{home}/heat.db
[keystone_authtoken]
www_authenticate_uri = {keystone}/v3
auth_url = {keystone}/v3
auth_type = password
username = heat
password = {password}
project_name = service
user_domain_id = default
project_domain_id = default
[trustee]
auth_type = password
auth_url = {keystone}/v3
username = heat
password = {password}
user_domain_id = default
[clients_keystone]
auth_uri = {keystone}
[oslo_messaging_notifications]
driver = noop
"""

HEAT_PASTE = """
[pipeline:heat-api]
pipeline = faultwrap versionnegotiation authtoken context api
[app:api]
paste.app_factory = heat.common.wsgi:app_factory
heat.app_factory = heat.api.openstack.v1:API
[filter:faultwrap]
paste.filter_factory = heat.common.wsgi:filter_factory
heat.filter_factory = heat.api.openstack:faultwrap_filter
[filter:versionnegotiation]
paste.filter_factory = heat.common.wsgi:filter_factory
heat.filter_factory = heat.api.openstack:version_negotiation_filter
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
[filter:context]
paste.filter_factory = heat.common.context:ContextMiddleware_filter_factory
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RealCloud:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="heat-cloud-")
        self.keystone = "http://127.0.0.1:%d" % free_port()
        self.heat = "http://127.0.0.1:%d" % free_port()
        self.processes = []
        self.fake = Fake()

    def __enter__(self):
        try:
            self.start_keystone()
            self.start_heat()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            stop(process)
        self.fake.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    # --- starting -----------------------------------------------------------

    def write(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    def command(self, *arguments):
        with open(os.path.join(self.home, "commands.log"), "ab") as log:
            subprocess.run([PYTHON] + list(arguments), check=True, stdin=subprocess.DEVNULL,
                           stdout=log, stderr=log, cwd=self.home)

    def let_readers_be(self, name):
        """SQLite's usual journal has a writer fail while anyone still reads."""
        connection = sqlite3.connect(os.path.join(self.home, name))
        assert connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
        connection.close()

    def spawn(self, name, arguments, ready, **environment):
        log = open(os.path.join(self.home, name + ".out"), "ab")
        process = subprocess.Popen([PYTHON] + arguments, env=dict(os.environ, **environment),
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
                                   start_new_session=True)
        log.close()
        self.processes.append(process)
        end = time.time() + STARTUP
        while time.time() < end:
            try:
                urllib.request.urlopen(ready, timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.2)
        raise RuntimeError("%s did not start:\n%s" % (name, self.logs()))

    def logs(self):
        """The ends of all logs, for a message that tells why something failed."""
        texts = []
        for name in sorted(os.listdir(self.home)):
            if name.endswith((".log", ".out")):
                with open(os.path.join(self.home, name), errors="replace") as source:
                    telling = [line for line in source if " INFO " not in line and " WARNING " not in line]
                    texts.append("== %s\n%s" % (name, "".join(telling)[-2000:]))
        return "\n".join(texts)

    def start_keystone(self):
        conf = self.write("keystone.conf", KEYSTONE_CONF.format(home=self.home))
        manage = ["/usr/bin/keystone-manage", "--config-file", conf]
        me = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
        for folder in ("fernet", "credential"):
            os.mkdir(os.path.join(self.home, folder), 0o700)
        self.command(*manage + ["db_sync"])
        self.let_readers_be("keystone.db")
        self.command(*manage + ["fernet_setup"] + me)
        self.command(*manage + ["credential_setup"] + me)
        url = self.keystone + "/v3"
        self.command(*manage + ["bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION,
                                "--bootstrap-admin-url", url, "--bootstrap-public-url", url,
                                "--bootstrap-internal-url", url])
        self.spawn("keystone", ["/usr/bin/keystone-wsgi-public", "-b", "127.0.0.1",
                                "-p", self.keystone.rsplit(":", 1)[1]],
                   self.keystone + "/v3", OS_KEYSTONE_CONFIG_FILES=conf)
        self.token, body = self.login("admin")
        self.project = body["token"]["project"]["id"]
        self.fill_keystone()

    def start_heat(self):
        self.write("api-paste.ini", HEAT_PASTE)
        conf = self.write("heat.conf", HEAT_CONF.format(
            home=self.home, keystone=self.keystone, heat_port=self.heat.rsplit(":", 1)[1],
            password=SERVICE_PASSWORD, region=REGION))
        run = "import sys; sys.argv = ['heat'] + sys.argv[1:]; from heat.cmd.%s import main; sys.exit(main())"
        self.command("-c", run % "manage", "--config-file", conf, "db_sync")
        self.let_readers_be("heat.db")
        self.spawn("heat", ["-c", run % "all", "--config-file", conf], self.heat)

    # --- talking to it ------------------------------------------------------

    def call(self, method, url, body=None, token=None):
        request = urllib.request.Request(url, method=method, data=None if body is None else
                                         json.dumps(body).encode(), headers={
            "Content-Type": "application/json", "X-Auth-Token": token or self.token})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                raw = answer.read()
                return answer.headers, json.loads(raw.decode()) if raw else None
        except urllib.error.HTTPError as error:
            raise RuntimeError("%s %s: %d %s\n%s" % (method, url, error.code, error.read().decode(),
                                                    self.logs()))

    def login(self, project):
        auth = {"identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "password": PASSWORD, "domain": {"id": "default"}}}}}
        if project:
            auth["scope"] = {"project": {"name": project, "domain": {"id": "default"}}}
        headers, body = self.call("POST", self.keystone + "/v3/auth/tokens", {"auth": auth}, "none")
        return headers["X-Subject-Token"], body

    def identity(self, method, path, body=None):
        return self.call(method, self.keystone + "/v3" + path, body)[1]

    def fill_keystone(self):
        roles = {role["name"]: role["id"] for role in self.identity("GET", "/roles")["roles"]}
        self.identity("POST", "/roles", {"role": {"name": "heat_stack_user"}})
        project = self.identity("POST", "/projects", {"project": {"name": "service"}})["project"]["id"]
        user = self.identity("POST", "/users", {"user": {
            "name": "heat", "password": SERVICE_PASSWORD, "default_project_id": project}})["user"]["id"]
        self.identity("PUT", "/projects/%s/users/%s/roles/%s" % (project, user, roles["admin"]))
        for kind, url in (("orchestration", self.heat + "/v1/$(project_id)s"),
                          ("compute", self.fake.url + "/nova/v2.1/$(project_id)s"),
                          ("image", self.fake.url + "/glance")):
            service = self.identity("POST", "/services", {"service": {"type": kind, "name": kind}})
            for face in ("public", "internal", "admin"):
                self.identity("POST", "/endpoints", {"endpoint": {
                    "service_id": service["service"]["id"], "interface": face, "url": url,
                    "region_id": REGION}})

    def environment(self, **changes):
        """What a v3 openrc exports."""
        values = {"OS_AUTH_URL": self.keystone + "/v3", "OS_USERNAME": "admin", "OS_PASSWORD": PASSWORD,
                  "OS_PROJECT_NAME": "admin", "OS_USER_DOMAIN_NAME": "Default",
                  "OS_PROJECT_DOMAIN_NAME": "Default", "OS_IDENTITY_API_VERSION": "3",
                  "OS_REGION_NAME": REGION}
        values.update(changes)
        return {key: value for key, value in values.items() if value is not None}

    def stack_url(self):
        return "%s/v1/%s/stacks" % (self.heat, self.project)

    def create(self, name, resources, files=None, wait="CREATE_COMPLETE"):
        """Have Heat build a stack of these resources."""
        body = {"stack_name": name, "template": json.loads(text(resources)), "files": files or {},
                "disable_rollback": True}
        ident = self.call("POST", self.stack_url(), body)[1]["stack"]["id"]
        self.wait(name, wait)
        return ident

    def state(self, name):
        for row in self.call("GET", self.stack_url())[1]["stacks"]:
            if row["stack_name"] == name:
                return row["stack_status"]
        return None

    def wait(self, name, status):
        end = time.time() + STARTUP
        while time.time() < end:
            now = self.state(name)
            if now == status:
                return
            if now is not None and not now.endswith("_IN_PROGRESS"):
                break
            time.sleep(0.3)
        raise RuntimeError("the stack %s is %s\n%s" % (name, now, self.logs()))


def stop(process):
    """End a process and what it started; each was given a session of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            process.wait(5)
            break
        except subprocess.TimeoutExpired:
            continue


class Fake:
    """Nova and Glance as far as Heat's OS::Nova::Server asks them."""

    def __init__(self):
        self.servers = []
        self.log = []
        self.httpd = Threaded(("127.0.0.1", 0), type("Bound", (FakeHandler,), {"cloud": self}))
        self.url = "http://127.0.0.1:%d" % self.httpd.server_address[1]
        self.faults, self.page, self.catalogue_url = {}, 1000, self.url
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def named(self, part):
        return [one for one in self.servers if part in one["name"]]


class FakeHandler(Handler):
    def route(self, method, pieces, query, body):
        if pieces == ["glance", "v2", "schemas", "image"]:
            return 200, {"name": "image", "properties": {}, "additionalProperties": True}, {}
        if pieces[:3] == ["glance", "v2", "images"]:
            return 200, {"id": pieces[-1], "name": "dbaas-api_1.0", "status": "active", "min_ram": 0,
                         "min_disk": 0, "visibility": "public"}, {}
        if pieces[:2] == ["nova", "v2.1"]:
            return self.compute(method, pieces[3:], query, body)
        raise LookupError

    def compute(self, method, pieces, query, body):
        if not pieces:
            return 200, {"version": {"id": "v2.1", "status": "CURRENT", "version": "2.1",
                                     "min_version": "2.1", "links": []}}, {}
        if pieces[0] == "flavors":
            return 200, {"flavor": {"id": pieces[1], "name": "m1.small", "ram": 2048, "disk": 20, "vcpus": 1,
                                    "links": []}}, {}
        if pieces[0] == "limits":
            return 200, {"limits": {"rate": [], "absolute": {
                "maxServerMeta": 128, "maxPersonality": 5, "maxPersonalitySize": 10240}}}, {}
        if pieces == ["servers"] and method == "POST":
            return 202, {"server": self.boot(body["server"])}, {}
        if pieces[-1] == "os-interface":
            return 200, {"interfaceAttachments": []}, {}
        for one in self.cloud.servers:
            if pieces == ["servers", one["id"]] and method == "DELETE":
                self.cloud.servers.remove(one)
                return 204, {}, {}
        if pieces[0] == "servers" and method == "GET":
            return self.nova(pieces, query)
        raise LookupError

    def boot(self, wanted):
        one = server(wanted["name"], fixed="10.22.171.%d" % (10 + len(self.cloud.servers)),
                     zone=wanted.get("availability_zone") or "AZ-1")
        one.update(id=str(uuid.uuid4()), image={"id": wanted["imageRef"]},
                   flavor={"id": wanted["flavorRef"]})
        self.cloud.servers.append(one)
        return one


def node(**properties):
    """A server resource as the service's templates have it."""
    wanted = {"image": uid("image"), "flavor": "102", "user_data_format": "RAW"}
    return {"type": "OS::Nova::Server", "properties": dict(wanted, **properties)}


def text(resources):
    """A template as a file that another one names."""
    return json.dumps({"heat_template_version": "2014-10-16", "resources": resources})
