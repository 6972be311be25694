"""A cloud of recorded answers: the parts of Keystone, Heat and Nova that an
inventory asks, served over real HTTP(S) on 127.0.0.1.

It stands in for what cannot run on a test machine (Nova, Identity v2.0) and for
what a healthy cloud does not do (hang, answer with HTML, drop the connection).
The Heat answers have the shape that Heat's own API gives; test_real.py holds
them against a real one.
"""

import hashlib
import json
import socketserver
import ssl
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

PROJECT = {"id": "6e6a9e1b0f1f4f5a8c1f6b2f3d4e5f60", "name": "admin"}
USER, PASSWORD = "admin", "s3cret-Passw0rd&"
TOKEN = "gAAAAABmocked-token-of-the-recorded-cloud"


def uid(text):
    """The same id for the same text in every run."""
    return str(uuid.UUID(hashlib.md5(text.encode()).hexdigest()))


def server(name, status="ACTIVE", fixed="10.0.0.5", floating=None, network="SVC", zone="AZ-1", **more):
    """A server as GET /servers/detail shows it."""
    addresses = {}
    if fixed:
        addresses[network] = [{"addr": fixed, "version": 4, "OS-EXT-IPS:type": "fixed",
                               "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01"}]
    if floating:
        addresses.setdefault(network, []).append(
            {"addr": floating, "version": 4, "OS-EXT-IPS:type": "floating",
             "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01"})
    document = {
        "id": uid("server " + name), "name": name, "status": status, "addresses": addresses,
        "tenant_id": PROJECT["id"], "user_id": "u1", "metadata": {}, "accessIPv4": "", "accessIPv6": "",
        "image": {"id": uid("image"), "links": []}, "flavor": {"id": "102", "links": []},
        "OS-EXT-AZ:availability_zone": zone, "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": "active", "OS-EXT-STS:power_state": 1, "links": [],
    }
    document.update(more)
    return document


def resource(name, kind, physical, nested=None, status="CREATE_COMPLETE"):
    return {"name": name, "type": kind, "physical": physical, "nested": nested, "status": status}


def stack(name, resources=(), status="CREATE_COMPLETE", **more):
    document = {"name": name, "id": uid("stack " + name), "status": status, "resources": list(resources)}
    document.update(more)
    return document


def holding(name, servers, **more):
    """A stack with these servers as its resources, named as Heat names them."""
    rows = []
    for document in servers:
        label = document["name"]
        if label.startswith(name + "-"):
            label = label[len(name) + 1:].rsplit("-", 1)[0]
        rows.append(resource(label, "OS::Nova::Server", document["id"]))
    return stack(name, rows, **more)


class Cloud:
    """One cloud with its servers and stacks; use it as a context manager."""

    def __init__(self, stacks=(), servers=(), versions=(2, 3), nested_depth=True, page=1000,
                 regions=("region1",), faults=None, tls=None, catalogue_host=None):
        self.stacks, self.servers = list(stacks), list(servers)
        self.versions, self.knows_nested_depth, self.page = versions, nested_depth, page
        self.regions, self.faults = regions, faults or {}
        self.log = []
        self.httpd = Threaded(("127.0.0.1", 0), type("Bound", (Handler,), {"cloud": self}))
        scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True,
                                                    do_handshake_on_connect=False)
            scheme = "https"
        self.port = self.httpd.server_address[1]
        self.url = "%s://127.0.0.1:%d" % (scheme, self.port)
        self.catalogue_url = catalogue_host or self.url
        self.released = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.httpd.shutdown()
        self.httpd.server_close()

    def asked(self, method, part):
        """The requests whose path holds this part."""
        return [entry for entry in self.log if entry["method"] == method and part in entry["path"]]

    def environment(self, **changes):
        """What `source overcloud.stackrc` would export; None takes a variable away."""
        values = {"OS_AUTH_URL": self.url + "/v2.0", "OS_USERNAME": USER, "OS_PASSWORD": PASSWORD,
                  "OS_TENANT_NAME": PROJECT["name"]}
        values.update(changes)
        return {key: value for key, value in values.items() if value is not None}

    def all_stacks(self):
        todo, found = list(self.stacks), {}
        while todo:
            one = todo.pop()
            found[one["id"]] = one
            todo += [row["nested"] for row in one["resources"] if row["nested"]]
        return found


class Threaded(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that go away in the middle are what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    cloud = None
    timeout = 60

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve("GET")

    def do_POST(self):
        self.serve("POST")

    def do_DELETE(self):
        self.serve("DELETE")

    def serve(self, method):
        parts = urllib.parse.urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(urllib.parse.parse_qsl(parts.query))
        self.cloud.log.append({"method": method, "path": parts.path, "query": query,
                               "headers": dict(self.headers), "body": raw.decode("utf-8")})
        for part, fault in self.cloud.faults.items():
            if part in self.path:
                if fault(self):
                    return
        body = json.loads(raw.decode("utf-8")) if raw else None
        pieces = [urllib.parse.unquote(piece) for piece in parts.path.strip("/").split("/")]
        try:
            status, document, headers = self.route(method, pieces, query, body)
        except LookupError:
            status, document, headers = 404, {"error": {"code": 404, "message": "Not Found"}}, {}
        self.answer(status, document, headers)

    def answer(self, status, document, headers=None):
        raw = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(raw)

    # --- routes -------------------------------------------------------------

    def route(self, method, pieces, query, body):
        if pieces == [""]:
            return self.version_list()
        if pieces == ["v2.0", "tokens"] and method == "POST" and 2 in self.cloud.versions:
            return self.login_v2(body["auth"])
        if pieces == ["v3", "auth", "tokens"] and method == "POST" and 3 in self.cloud.versions:
            return self.login_v3(body["auth"])
        if pieces == ["v3", "auth", "catalog"] and 3 in self.cloud.versions:
            if self.headers.get("X-Auth-Token") != TOKEN:
                return unauthorized()
            return 200, {"catalog": self.catalogue_v3(), "links": {}}, {}
        if pieces[0] in ("v2.0", "v3"):
            raise LookupError
        if self.headers.get("X-Auth-Token") != TOKEN:
            return unauthorized()
        if pieces[:3] == ["heat", "v1", PROJECT["id"]]:
            return self.heat(pieces[3:], query)
        if pieces[:3] == ["nova", "v2.1", PROJECT["id"]]:
            return self.nova(pieces[3:], query)
        raise LookupError

    def version_list(self):
        values = []
        if 3 in self.cloud.versions:
            values.append({"id": "v3.0", "status": "stable", "links": [
                {"rel": "self", "href": "http://keystone.invalid:5000/v3/"}]})
        if 2 in self.cloud.versions:
            values.append({"id": "v2.0", "status": "stable", "links": [
                {"rel": "self", "href": "http://keystone.invalid:5000/v2.0/"}]})
        return 300, {"versions": {"values": values}}, {}

    def services(self):
        base = self.cloud.catalogue_url
        return (("identity", "keystone", base + "/v2.0"),
                ("orchestration", "heat", base + "/heat/v1/" + PROJECT["id"]),
                ("compute", "nova", base + "/nova/v2.1/" + PROJECT["id"]))

    def login_v2(self, auth):
        given = auth.get("passwordCredentials") or {}
        user = given.get("username") == USER or given.get("userId") == "u1"
        good = user and given.get("password") == PASSWORD
        if not good and (auth.get("token") or {}).get("id") != TOKEN:
            return unauthorized()
        scoped = auth.get("tenantName") == PROJECT["name"] or auth.get("tenantId") == PROJECT["id"]
        if not scoped and ("tenantName" in auth or "tenantId" in auth):
            return unauthorized()
        access = {"token": {"id": TOKEN, "expires": "2026-12-01T00:00:00Z"}, "serviceCatalog": []}
        if scoped:
            access["token"]["tenant"] = dict(PROJECT, enabled=True)
            access["serviceCatalog"] = [
                {"type": kind, "name": name, "endpoints_links": [], "endpoints": [
                    {"region": region, "id": uid(kind + region), "publicURL": url,
                     "internalURL": url.replace("127.0.0.1", "127.0.0.2"), "adminURL": url}
                    for region in self.cloud.regions]}
                for kind, name, url in self.services()]
        return 200, {"access": access}, {}

    def login_v3(self, auth):
        identity = auth["identity"]
        good = False
        if identity["methods"] == ["password"]:
            user = identity["password"]["user"]
            named = user.get("id") == "u1" or (
                user.get("name") == USER and user["domain"] in ({"id": "default"}, {"name": "Default"}))
            good = named and user["password"] == PASSWORD
        elif identity["methods"] == ["token"]:
            good = identity["token"]["id"] in (TOKEN, "unscoped")
        project = auth.get("scope", {}).get("project", {})
        scoped = project.get("id") == PROJECT["id"] or (
            project.get("name") == PROJECT["name"]
            and project["domain"] in ({"id": "default"}, {"name": "Default"}))
        if not good or (project and not scoped):
            return unauthorized()
        token = {"methods": identity["methods"], "expires_at": "2026-12-01T00:00:00.000000Z"}
        if scoped:
            token["project"] = dict(PROJECT, domain={"id": "default", "name": "Default"})
            token["catalog"] = self.catalogue_v3()
        return 201, {"token": token}, {"X-Subject-Token": TOKEN}

    def catalogue_v3(self):
        return [{"type": kind, "name": name, "id": uid(kind), "endpoints": [
            {"id": uid(kind + region + face), "interface": face, "region": region, "region_id": region,
             "url": url if face != "internal" else url.replace("127.0.0.1", "127.0.0.2")}
            for region in self.cloud.regions for face in ("admin", "internal", "public")]}
            for kind, name, url in self.services()]

    # --- Heat ---------------------------------------------------------------

    def heat(self, pieces, query):
        if pieces == ["stacks"]:
            page, following = self.cut(self.cloud.stacks, query)
            document = {"stacks": [self.stack_row(one) for one in page]}
            if following:
                document["links"] = [{"rel": "next", "href": self.cloud.catalogue_url + following}]
            return 200, document, {}
        _, name, ident, last = pieces
        one = self.cloud.all_stacks()[ident]
        if one["name"] != name or last != "resources":
            raise LookupError
        if self.cloud.knows_nested_depth == "refuses" and "nested_depth" in query:
            return 400, {"code": 400, "title": "Bad Request", "error": {
                "message": "Invalid filter parameters ['nested_depth']", "type": "HTTPBadRequest"}}, {}
        depth = int(query.get("nested_depth", 0)) if self.cloud.knows_nested_depth else 0
        return 200, {"resources": list(self.rows(one, depth))}, {}

    def stack_row(self, one):
        return {"id": one["id"], "stack_name": one["name"], "stack_status": one["status"],
                "stack_status_reason": "", "description": "", "stack_owner": "admin",
                "creation_time": "2026-11-01T00:00:00Z", "updated_time": None, "parent": one.get("parent"),
                "links": [{"rel": "self", "href": self.stack_href(one)}]}

    def stack_href(self, one):
        # Behind a load balancer Heat names a host that clients do not reach.
        return "http://heat.invalid:8004/v1/%s/stacks/%s/%s" % (PROJECT["id"], one["name"], one["id"])

    def rows(self, one, depth):
        for row in one["resources"]:
            links = [{"rel": "self", "href": self.stack_href(one) + "/resources/" + row["name"]},
                     {"rel": "stack", "href": self.stack_href(one)}]
            if row["nested"]:
                links.append({"rel": "nested", "href": self.stack_href(row["nested"])})
            yield {"resource_name": row["name"], "logical_resource_id": row["name"],
                   "physical_resource_id": row["physical"], "resource_type": row["type"],
                   "resource_status": row["status"], "resource_status_reason": "state changed",
                   "updated_time": "2026-11-01T00:00:00Z", "required_by": [], "links": links}
            if row["nested"] and depth > 0:
                for inner in self.rows(row["nested"], depth - 1):
                    yield inner

    # --- Nova ---------------------------------------------------------------

    def nova(self, pieces, query):
        if pieces == ["servers", "detail"]:
            listed = [one for one in self.cloud.servers if not one.get("elsewhere")]
            page, following = self.cut(listed, query)
            document = {"servers": page}
            if following:
                document["servers_links"] = [{"rel": "next", "href": self.cloud.catalogue_url + following}]
            return 200, document, {}
        for one in self.cloud.servers:
            if pieces == ["servers", one["id"]]:
                return 200, {"server": one}, {}
        return 404, {"itemNotFound": {"code": 404, "message": "Instance could not be found."}}, {}

    def cut(self, entries, query):
        """A page of a list, and the path of the next one."""
        start = 0
        if "marker" in query:
            start = 1 + [one["id"] for one in entries].index(query["marker"])
        limit = min(int(query.get("limit", self.cloud.page)), self.cloud.page)
        page = entries[start:start + limit]
        following = None
        if len(page) == limit and page:
            following = "%s?limit=%d&marker=%s" % (self.path.split("?")[0], limit, page[-1]["id"])
        return page, following


def unauthorized():
    return 401, {"error": {"code": 401, "title": "Unauthorized",
                           "message": "The request you have made requires authentication."}}, {}


# --- faults: each takes the handler and tells whether it has answered ----------


def hang(handler):
    """Say nothing until the cloud is taken down."""
    handler.cloud.released.wait(30)
    handler.close_connection = True
    return True


def drop(handler):
    """Close the connection without a word."""
    handler.close_connection = True
    return True


def says(status, text, content_type="text/html", **headers):
    def fault(handler):
        raw = text.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(raw)))
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(raw)
        return True
    return fault


def short(handler):
    """Announce more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.close_connection = True
    return True


def slowly(seconds):
    def fault(handler):
        time.sleep(seconds)
        return False
    return fault
