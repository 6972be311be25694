#!/usr/bin/env python3
"""Ansible inventory of the Development Platform's control planes.

The hosts are the servers of the Heat stacks in the project whose OpenStack
credentials are in the environment (as `source overcloud.stackrc` puts them
there); their addresses and states are Nova's. Groups follow the service and
component that a server's name tells: trove, trove_api, marketplace, ...

Environment, besides the usual OS_* variables:
  DEV_PLATFORM_STACKS        only these stacks, by name or id, separated by commas
  DEV_PLATFORM_NETWORK       networks to take ansible_host from, first choice first
                             (default: SVC)
  DEV_PLATFORM_ADDRESS_TYPE  fixed or floating: which address there (default: fixed)
  DEV_PLATFORM_ANY_STATE     1: read stacks that are not COMPLETE too
  DEV_PLATFORM_TIMEOUT       seconds to wait for an answer (default: 30)

docs/heat-inventory.md describes groups, host variables and errors.
"""

import argparse
import collections
import http.client
import json
import os
import re
import socket
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

PROGRAM = "dev_platform_heat"

# What a server of each service may be called: the service's own name and those
# of its images and its OpenStack project, then the components it consists of.
SERVICES = {
    "trove": {
        "names": ("trove", "dbaas"),
        "components": {
            "api": "api",
            "taskmanager": "task[-_]?manager",
            "conductor": "conductor",
            "messaging": "messaging",
            "database": "database",
        },
    },
    "marketplace": {
        "names": ("marketplace",),
        "components": {
            "api": "api",
            "engine": "engine",
            "messaging": "messaging",
            "database": "database",
        },
    },
    "dnsaas": {
        "names": ("dnsaas", "designate"),
        "components": {
            "api": "api",
            "central": "central",
            "nameserver": "name[-_]?servers?",
            "messaging": "messaging",
            "database": "database",
        },
    },
}
GROUP_OF_ALL = "dev_platform"

SERVER_TYPES = ("OS::Nova::Server", "AWS::EC2::Instance")
# Heat cuts this down to its own limit; an old one that does not know the
# parameter ignores it, and the nested stacks are then walked one by one.
NESTED_DEPTH = 20
PAGE = 200


class Trouble(Exception):
    """What stops the inventory, in one line that says what to do about it."""


# --- settings ---------------------------------------------------------------


def env(*names):
    """The first of these variables that is set and not empty."""
    for name in names:
        value = os.environ.get(name, "").strip()
        if value:
            return value
    return ""


def is_true(value):
    return value.lower() in ("1", "true", "yes", "on", "y", "t")


def words(value):
    return [word.strip() for word in value.split(",") if word.strip()]


class Settings:
    """What the environment says, checked before anything is asked of the cloud."""

    def __init__(self):
        self.auth_url = env("OS_AUTH_URL").rstrip("/")
        self.token = env("OS_TOKEN", "OS_AUTH_TOKEN")
        self.username = env("OS_USERNAME")
        self.user_id = env("OS_USER_ID")
        # A password may begin or end with a blank.
        self.password = os.environ.get("OS_PASSWORD", "")
        self.project = env("OS_PROJECT_NAME", "OS_TENANT_NAME")
        self.project_id = env("OS_PROJECT_ID", "OS_TENANT_ID")
        self.user_domain = domain("OS_USER_DOMAIN")
        self.project_domain = domain("OS_PROJECT_DOMAIN")
        self.names_domain = any(
            env(kind + "_DOMAIN_" + key)
            for kind in ("OS_USER", "OS_PROJECT", "OS_DEFAULT")
            for key in ("ID", "NAME")
        )
        self.identity_version = identity_version(env("OS_IDENTITY_API_VERSION"))
        self.region = env("OS_REGION_NAME")
        self.interface = interface(env("OS_INTERFACE", "OS_ENDPOINT_TYPE"))
        self.cacert = env("OS_CACERT")
        self.insecure = is_true(env("OS_INSECURE"))
        self.stacks = words(env("DEV_PLATFORM_STACKS"))
        self.networks = words(env("DEV_PLATFORM_NETWORK"))
        self.address_type = env("DEV_PLATFORM_ADDRESS_TYPE").lower() or "fixed"
        self.any_state = is_true(env("DEV_PLATFORM_ANY_STATE"))
        self.timeout = seconds("DEV_PLATFORM_TIMEOUT", 30)
        self.check()

    def check(self):
        auth_type = env("OS_AUTH_TYPE").lower()
        if auth_type not in ("", "password", "v2password", "v3password",
                             "token", "v2token", "v3token"):
            raise Trouble("OS_AUTH_TYPE is '%s': only password and token are supported; "
                          "set OS_USERNAME, OS_PASSWORD and OS_AUTH_TYPE=password" % auth_type)
        missing = []
        if not self.auth_url:
            missing.append("OS_AUTH_URL")
        if not self.token:
            if not (self.username or self.user_id):
                missing.append("OS_USERNAME")
            if not self.password:
                missing.append("OS_PASSWORD")
            if not (self.project or self.project_id):
                missing.append("OS_PROJECT_NAME (or OS_TENANT_NAME)")
        if missing:
            raise Trouble("%s not set: source the credentials of the project that owns the "
                          "services first, e.g. 'source overcloud.stackrc'" % ", ".join(missing))
        check_url(self.auth_url, "OS_AUTH_URL")
        if self.token and not re.match(r"^[\x21-\x7e]+$", self.token):
            raise Trouble("OS_TOKEN holds characters no token has: set it again or unset it")
        if self.address_type not in ("fixed", "floating"):
            raise Trouble("DEV_PLATFORM_ADDRESS_TYPE is '%s': set it to fixed or floating"
                          % self.address_type)


def domain(prefix):
    """The v3 domain named by PREFIX_ID or PREFIX_NAME, as the API wants it."""
    for key, kind in (("_ID", "id"), ("_NAME", "name")):
        if env(prefix + key):
            return {kind: env(prefix + key)}
    if env("OS_DEFAULT_DOMAIN_ID"):
        return {"id": env("OS_DEFAULT_DOMAIN_ID")}
    if env("OS_DEFAULT_DOMAIN_NAME"):
        return {"name": env("OS_DEFAULT_DOMAIN_NAME")}
    return {"id": "default"}


def identity_version(value):
    """2 or 3; 0 when the environment leaves it to the auth URL."""
    if not value:
        return 0
    match = re.match(r"^v?([23])(\.\d+)?$", value)
    if not match:
        raise Trouble("OS_IDENTITY_API_VERSION is '%s': set it to 2.0 or 3" % value)
    return int(match.group(1))


def interface(value):
    """public, internal or admin, from either spelling (publicURL)."""
    name = value.lower()
    if name.endswith("url"):
        name = name[:-3]
    if name not in ("", "public", "internal", "admin"):
        raise Trouble("OS_INTERFACE (or OS_ENDPOINT_TYPE) is '%s': set it to public, internal "
                      "or admin" % value)
    return name or "public"


def seconds(name, default):
    value = env(name)
    try:
        number = float(value or default)
    except ValueError:
        number = 0
    if not 0 < number < 86400:
        raise Trouble("%s is '%s': set it to a number of seconds" % (name, value))
    return number


def check_url(url, source):
    try:
        parts = urllib.parse.urlsplit(url)
        port_is_a_number = parts.port is None or parts.port > 0
    except ValueError:
        raise Trouble("%s '%s' is no valid URL" % (source, without_login(url)))
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_a_number:
        raise Trouble("%s '%s' is no http:// or https:// URL" % (source, without_login(url)))


def without_login(url):
    """The URL without a user:password@ in it, and without its query."""
    return re.sub(r"//[^/@]*@", "//", url).split("?")[0]


# --- HTTP -------------------------------------------------------------------


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would carry the token along to whatever host a redirect names."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None


class Refused(Trouble):
    """An answer other than 2xx."""

    def __init__(self, status, message):
        Trouble.__init__(self, message)
        self.status = status


class Client:
    """JSON over HTTP(S), every failure turned into one line."""

    def __init__(self, settings):
        self.settings = settings
        handlers = [NoRedirect(), urllib.request.HTTPSHandler(context=self.tls())]
        self.opener = urllib.request.build_opener(*handlers)
        self.opener.addheaders = [("User-Agent", PROGRAM)]

    def tls(self):
        if self.settings.insecure:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        try:
            context = ssl.create_default_context(cafile=self.settings.cacert or None)
            if self.settings.cacert:
                # Python 3.13 turns away CAs without a key usage, as home-made ones of
                # these years are; the signature is checked all the same.
                context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            return context
        except (OSError, ValueError) as error:
            raise Trouble("cannot read the CA certificates in OS_CACERT=%s: %s"
                          % (self.settings.cacert, reason_of(error)))

    def ask(self, what, method, url, body=None, headers=None):
        """The JSON object and the headers of an answer; `what` names the service."""
        check_url(url, what + "'s URL")
        sent = {"Accept": "application/json"}
        sent.update(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode("utf-8")
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=sent, method=method)
        place = "%s at %s" % (what, without_login(url))
        try:
            answer = self.opener.open(request, timeout=self.settings.timeout)
            with answer:
                raw, received = answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            raise self.refused(place, error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Trouble(self.no_answer(what, place, error))
        return self.parsed(place, raw, received), received

    def refused(self, place, error):
        status = error.code
        try:
            with error:
                raw = error.read(65536)
        except (OSError, http.client.HTTPException):
            raw = b""
        if status == 300:
            # A list of versions; Keystone's unversioned URL answers so.
            refused = Refused(status, "%s names no API version in its URL: have its endpoint in "
                                      "the catalogue corrected" % place)
            try:
                refused.versions = json.loads(raw.decode("utf-8"))
            except ValueError:
                refused.versions = None
            return refused
        said = message_in(raw)
        line = "%s answers %d %s" % (place, status, said or quoted(str(error.reason or "")))
        if status in (301, 302, 303, 307, 308):
            target = quoted(without_login(error.headers.get("Location") or "elsewhere"))
            line = ("%s redirects (%d) to %s: the token is not sent there; use that URL "
                    "in OS_AUTH_URL or the catalogue" % (place, status, target))
        elif status == 403:
            line += ": the user lacks the rights; use credentials with a role in the project " \
                    "that owns the services"
        elif status in (502, 503, 504):
            line += ": the service or the load balancer before it is down; try again once it is up"
        return Refused(status, line.strip())

    def no_answer(self, what, place, error):
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        # Python 3.6's certificate error for a wrong host name is no SSLError.
        if isinstance(reason, (ssl.SSLError, ssl.CertificateError)):
            return self.tls_failed(place, reason)
        if isinstance(reason, socket.timeout):
            return ("%s gave no answer within %g seconds: check that it runs and can be reached, "
                    "or set DEV_PLATFORM_TIMEOUT higher" % (place, self.settings.timeout))
        if isinstance(reason, ConnectionRefusedError):
            return "%s: connection refused: check that the service runs and the URL's port" % place
        if isinstance(reason, socket.gaierror):
            return "%s: the host name cannot be resolved: check %s and DNS" % (place, url_source(what))
        return "%s: %s: check %s and the network" % (place, reason_of(reason), url_source(what))

    def tls_failed(self, place, reason):
        text = reason_of(reason)
        if "CERTIFICATE_VERIFY_FAILED" in text or isinstance(reason, ssl.CertificateError):
            detail = getattr(reason, "verify_message", "") or text
            return ("%s: its TLS certificate is not trusted (%s): set OS_CACERT to the file with "
                    "the CA that signed it" % (place, detail))
        return ("%s: TLS failed (%s): check whether the URL should begin with http:// or https://"
                % (place, text))

    def parsed(self, place, raw, headers):
        try:
            document = json.loads(raw.decode("utf-8"))
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Trouble("%s answers with %s instead of JSON: check that the URL is the API's "
                          "and that no proxy or web page stands there"
                          % (place, quoted(headers.get("Content-Type") or "something")))
        return document


def url_source(what):
    return "OS_AUTH_URL" if what == "Keystone" else "the catalogue's URL"


def quoted(text):
    """Words that are not ours, fit to be shown: one line of bearable length, and
    without the secrets, since a server may repeat what it was sent."""
    for secret in (os.environ.get("OS_PASSWORD", ""), env("OS_TOKEN"), env("OS_AUTH_TOKEN")):
        if secret.strip():
            text = text.replace(secret, "***")
    return " ".join(text.split())[:300]


def reason_of(error):
    """An exception's own words."""
    return quoted(str(getattr(error, "strerror", None) or error) or type(error).__name__)


def message_in(raw):
    """The message inside an OpenStack error body; each service wraps it otherwise."""
    try:
        document = json.loads(raw.decode("utf-8"))
    except ValueError:
        return ""
    found = ""
    while isinstance(document, dict) and not found:
        message = document.get("message")
        if isinstance(message, str):
            found = message
        inner = [value for value in document.values() if isinstance(value, dict)]
        document = inner[0] if inner else None
    return quoted(found)


# --- Keystone ---------------------------------------------------------------


class Session:
    """A token and the catalogue that came with it."""

    def __init__(self, client, settings):
        self.client = client
        self.settings = settings
        version, base = self.api()
        self.token, self.catalogue = (self.login_v3 if version == 3 else self.login_v2)(base)

    def api(self):
        """The version to speak and the URL to speak it at."""
        settings = self.settings
        match = re.match(r"^(.*)/v([23])(?:\.\d+)?$", settings.auth_url)
        root = match.group(1) if match else settings.auth_url
        version = settings.identity_version or (int(match.group(2)) if match else 0)
        if not version:
            version = self.discover(root)
        return version, root + ("/v3" if version == 3 else "/v2.0")

    def discover(self, root):
        """Which versions an unversioned URL offers; v3 only where v2.0 would not do."""
        try:
            document, _ = self.client.ask("Keystone", "GET", root + "/")
        except Refused as refused:
            document = getattr(refused, "versions", None)
            if document is None:
                raise
        listed = document.get("versions")
        if isinstance(listed, dict):
            listed = listed.get("values")
        offered = set()
        for entry in listed if isinstance(listed, list) else []:
            match = re.match(r"^v([23])\b", str(entry.get("id", "")) if isinstance(entry, dict) else "")
            if match:
                offered.add(int(match.group(1)))
        if not offered:
            raise Trouble("%s offers no Identity API v2.0 or v3: check OS_AUTH_URL"
                          % without_login(root))
        if 2 in offered and not self.settings.names_domain:
            return 2
        return 3 if 3 in offered else 2

    def who(self):
        settings = self.settings
        if settings.token:
            return "the token in OS_TOKEN"
        return "user '%s' for project '%s'" % (settings.username or settings.user_id,
                                               settings.project or settings.project_id)

    def post(self, url, body, version):
        try:
            return self.client.ask("Keystone", "POST", url, body)
        except Refused as refused:
            place = without_login(url)
            if refused.status == 401 and self.settings.token:
                raise Trouble("Keystone at %s rejects the token in OS_TOKEN (401): it has expired "
                              "or is wrong; unset OS_TOKEN to log in by password" % place)
            if refused.status == 401:
                raise Trouble("Keystone at %s rejects %s (401): check OS_USERNAME, OS_PASSWORD, the "
                              "project and the domains" % (place, self.who()))
            if refused.status == 404:
                raise Trouble("Keystone at %s has no Identity API %s (404): check OS_AUTH_URL and "
                              "OS_IDENTITY_API_VERSION" % (place, version))
            raise

    def login_v2(self, base):
        settings = self.settings
        auth = {}
        if settings.token:
            auth["token"] = {"id": settings.token}
        else:
            who = {"userId": settings.user_id} if settings.user_id else {"username": settings.username}
            auth["passwordCredentials"] = dict(who, password=settings.password)
        if settings.project_id:
            auth["tenantId"] = settings.project_id
        elif settings.project:
            auth["tenantName"] = settings.project
        document, _ = self.post(base + "/tokens", {"auth": auth}, "v2.0")
        access = part(document, "access", dict, "Keystone's answer")
        token = part(part(access, "token", dict, "Keystone's answer"), "id", str, "Keystone's answer")
        endpoints = []
        for service in access.get("serviceCatalog") or []:
            for entry in service.get("endpoints") or []:
                for kind in ("public", "internal", "admin"):
                    if entry.get(kind + "URL"):
                        endpoints.append((service.get("type"), kind, entry.get("region") or "",
                                          entry[kind + "URL"]))
        return token, endpoints

    def login_v3(self, base):
        settings = self.settings
        if settings.token:
            catalogue = self.catalogue_of_token(base)
            if catalogue is not None:
                return settings.token, endpoints_v3(catalogue)
            identity = {"methods": ["token"], "token": {"id": settings.token}}
        else:
            user = {"id": settings.user_id}
            if not settings.user_id:
                user = {"name": settings.username, "domain": settings.user_domain}
            user["password"] = settings.password
            identity = {"methods": ["password"], "password": {"user": user}}
        auth = {"identity": identity}
        if settings.project_id:
            auth["scope"] = {"project": {"id": settings.project_id}}
        elif settings.project:
            auth["scope"] = {"project": {"name": settings.project,
                                         "domain": settings.project_domain}}
        document, headers = self.post(base + "/auth/tokens", {"auth": auth}, "v3")
        token = headers.get("X-Subject-Token")
        if not token:
            raise Trouble("Keystone at %s sent no token (X-Subject-Token): check what stands "
                          "before it" % without_login(base))
        body = part(document, "token", dict, "Keystone's answer")
        return token, endpoints_v3(body.get("catalog") or [])

    def catalogue_of_token(self, base):
        """The catalogue a token is good for; None if it has to be scoped first."""
        headers = {"X-Auth-Token": self.settings.token}
        try:
            document, _ = self.client.ask("Keystone", "GET", base + "/auth/catalog", headers=headers)
        except Refused as refused:
            if refused.status in (403, 404):
                return None
            if refused.status == 401:
                raise Trouble("Keystone at %s rejects the token in OS_TOKEN (401): it has expired or "
                              "is wrong; unset OS_TOKEN to log in by password" % without_login(base))
            raise
        return document.get("catalog") or []

    def endpoint(self, service):
        """The URL of a service, by region and interface."""
        settings = self.settings
        if not self.catalogue:
            raise Trouble("Keystone gave %s no service catalogue: set OS_PROJECT_NAME (or "
                          "OS_TENANT_NAME) to the project that owns the services" % self.who())
        offers = [entry for entry in self.catalogue if entry[0] == service]
        if not offers:
            raise Trouble("the catalogue has no '%s' service: check OS_AUTH_URL, these look like the "
                          "credentials of another cloud" % service)
        fit = [entry for entry in offers if entry[1] == settings.interface
               and settings.region in ("", entry[2])]
        if not fit:
            raise Trouble("the catalogue has no %s endpoint of '%s'%s: it has %s; set OS_REGION_NAME "
                          "or OS_INTERFACE to one of these"
                          % (settings.interface, service,
                             " in region '%s'" % settings.region if settings.region else "",
                             ", ".join(sorted({"%s in '%s'" % (e[1], e[2]) for e in offers}))))
        regions = sorted({entry[2] for entry in fit})
        if len(regions) > 1:
            raise Trouble("the catalogue has '%s' in the regions %s: set OS_REGION_NAME to one of "
                          "them" % (service, ", ".join(regions)))
        return fit[0][3].rstrip("/")

    def get(self, what, url):
        try:
            document, _ = self.client.ask(what, "GET", url, headers={"X-Auth-Token": self.token})
        except Refused as refused:
            if refused.status == 401:
                raise Trouble("%s at %s does not accept Keystone's token (401): check that the service "
                              "and OS_AUTH_URL belong to the same cloud" % (what, without_login(url)))
            raise
        return document


def endpoints_v3(catalogue):
    endpoints = []
    for service in catalogue:
        for entry in service.get("endpoints") or []:
            endpoints.append((service.get("type"), entry.get("interface"),
                              entry.get("region_id") or entry.get("region") or "", entry.get("url") or ""))
    return endpoints


def part(document, key, kind, what):
    """A member of an answer that must be there."""
    value = document.get(key)
    if not isinstance(value, kind):
        raise Trouble("%s lacks '%s': check that the URL is the API's own" % (what, key))
    return value


# --- Heat and Nova ----------------------------------------------------------


def pages(session, what, url, key):
    """All entries of a list, page after page, until one brings nothing new."""
    entries, seen, marker, limit = [], set(), None, PAGE
    while True:
        query = {"limit": limit}
        if marker:
            query["marker"] = marker
        document = session.get(what, url + "?" + urllib.parse.urlencode(query))
        page = [entry for entry in part(document, key, list, what + "'s answer")
                if isinstance(entry, dict) and entry.get("id") not in seen]
        if not page:
            return entries
        entries += page
        seen.update(entry.get("id") for entry in page)
        marker = page[-1].get("id")


class Stack:
    """A Heat stack, nested or not: its name, id and, for a root stack, its state."""

    def __init__(self, name, ident, status=""):
        self.name, self.id, self.status = name, ident, status

    def path(self):
        return "/stacks/%s/%s" % (urllib.parse.quote(self.name, safe=""),
                                  urllib.parse.quote(self.id, safe=""))


def stack_in(link):
    """The stack that a link or an ARN names; only its path counts, as the host in
    it may be one that is reachable inside the cloud only."""
    match = re.search(r"(?:^|[/:])stacks/([^/?]+)/([^/?]+)", link or "")
    if not match:
        return None
    return Stack(urllib.parse.unquote(match.group(1)), urllib.parse.unquote(match.group(2)))


def linked(resource, rel):
    for link in resource.get("links") or []:
        if link.get("rel") == rel:
            return stack_in(link.get("href"))
    return None


class Heat:
    def __init__(self, session):
        self.session = session
        self.url = session.endpoint("orchestration")

    def stacks(self):
        found = []
        for entry in pages(self.session, "Heat", self.url + "/stacks", "stacks"):
            # A nested stack comes again below its root.
            if entry.get("parent") or entry.get("stack_status") == "DELETE_COMPLETE":
                continue
            found.append(Stack(str(entry.get("stack_name")), str(entry.get("id")),
                               str(entry.get("stack_status") or "of unknown state")))
        return found

    def resources(self, root):
        """(stack, resource) for all resources of a stack and the stacks nested in it."""
        found, read, todo = [], set(), [root]
        while todo:
            stack = todo.pop(0)
            if stack.id in read:
                continue
            read.add(stack.id)
            for resource in self.list(stack):
                owner = linked(resource, "stack") or stack
                found.append((owner, resource))
                read.add(owner.id)
                inner = linked(resource, "nested")
                if inner is None and str(resource.get("physical_resource_id")).startswith("arn:"):
                    inner = stack_in(resource["physical_resource_id"])
                if inner is not None:
                    todo.append(inner)
        return found

    def list(self, stack):
        url = self.url + stack.path() + "/resources"
        try:
            try:
                document = self.session.get("Heat", url + "?nested_depth=%d" % NESTED_DEPTH)
            except Refused as refused:
                if refused.status != 400:
                    raise
                document = self.session.get("Heat", url)
        except Refused as refused:
            if refused.status == 404:
                raise Trouble("the stack '%s' (%s) vanished while it was read: run this again"
                              % (stack.name, stack.id))
            raise
        return [entry for entry in part(document, "resources", list, "Heat's answer")
                if isinstance(entry, dict)]


class Nova:
    """The servers of the project, asked for once and only if there is need."""

    def __init__(self, session):
        self.session = session
        self.url = None
        self.known = {}

    def load(self):
        if self.url is None:
            self.url = self.session.endpoint("compute")
            for server in pages(self.session, "Nova", self.url + "/servers/detail", "servers"):
                self.known[server.get("id")] = server

    def find(self, ident):
        """The server, or None if Nova does not have it any more."""
        self.load()
        if ident not in self.known:
            # It may belong to another project that these credentials can see.
            try:
                document = self.session.get("Nova", "%s/servers/%s" % (
                    self.url, urllib.parse.quote(ident, safe="")))
                self.known[ident] = part(document, "server", dict, "Nova's answer")
            except Refused as refused:
                if refused.status != 404:
                    raise
                self.known[ident] = None
        return self.known[ident]


# --- groups -----------------------------------------------------------------


def patterns():
    """(service, component, pattern) for every component's names.

    A name begins with its service, once or, where Heat put the stack's name before
    it, more often: trove1_api, trove-trove1_api-abc, trove-trove_api-abc-0-xyz."""
    table = []
    for service, spec in SERVICES.items():
        word = r"(?:%s)\d*" % "|".join(spec["names"])
        for component, spelling in spec["components"].items():
            table.append((service, component, re.compile(
                r"^(?:%s[-_.])+%s(?:\d|[-_.]|$)" % (word, spelling), re.IGNORECASE)))
    return table


PATTERNS = patterns()
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def service_of_stack(name):
    """The service a stack's name tells. Trove calls the stacks of its customers'
    databases trove-<uuid>: those are no part of the control plane."""
    if re.search(UUID, name, re.IGNORECASE):
        return None
    for service, spec in SERVICES.items():
        if re.match(r"^(?:%s)\d*(?:[-_.]|$)" % "|".join(spec["names"]), name, re.IGNORECASE):
            return service
    return None


def place_of(name, resource, stack, root):
    """(service, component) of a server; None where its names do not tell."""
    candidates = [name, resource]
    for text in (name, stack.name):
        for prefix in (stack.name, root.name):
            if text.startswith(prefix + "-"):
                candidates.append(text[len(prefix) + 1:])
    for candidate in candidates:
        for service, component, pattern in PATTERNS:
            if pattern.match(candidate):
                return service, component
    service = service_of_stack(root.name)
    if service is None:
        return None, None
    for candidate in candidates:
        for component, spelling in SERVICES[service]["components"].items():
            if re.match(r"^%s(?:\d|[-_.]|$)" % spelling, candidate, re.IGNORECASE):
                return service, component
    return service, None


# --- hosts ------------------------------------------------------------------


def addresses_of(server):
    """(network, address, fixed or floating, IP version), in Nova's order."""
    found = []
    networks = server.get("addresses")
    for network, entries in (networks if isinstance(networks, dict) else {}).items():
        for entry in entries or []:
            if entry.get("addr"):
                found.append((network, entry["addr"], entry.get("OS-EXT-IPS:type") or "fixed",
                              entry.get("version") or 4))
    return found


def address_for_ssh(server, settings):
    """The address on the service network; failing that, one that is meant to be
    reached from outside, then any."""
    networks = settings.networks or ["SVC"]

    def rank(entry):
        network, _, kind, version = entry
        if network in networks:
            return 0, networks.index(network), kind != settings.address_type, version
        return 1, 0, kind != "floating", version

    found = sorted(addresses_of(server), key=rank)
    if found and found[0][0] in networks:
        return found[0][1]
    if server.get("accessIPv4"):
        return server["accessIPv4"]
    return found[0][1] if found else server.get("accessIPv6") or None


def host_variables(server, settings):
    """What Nova tells about a server."""
    networks = {}
    for network, address, _, _ in addresses_of(server):
        networks.setdefault(network, []).append(address)
    image, flavor, fault = server.get("image"), server.get("flavor"), server.get("fault")
    variables = {
        "instance_name": server.get("name"),
        "instance_status": server.get("status"),
        "instance_task_state": server.get("OS-EXT-STS:task_state"),
        "availability_zone": server.get("OS-EXT-AZ:availability_zone"),
        # A server that boots from a volume has "" for an image.
        "instance_image_id": image.get("id") if isinstance(image, dict) else None,
        "instance_flavor_id": flavor.get("id") if isinstance(flavor, dict) else None,
        "instance_networks": networks,
    }
    if isinstance(fault, dict):
        variables["instance_fault"] = fault.get("message")
    address = address_for_ssh(server, settings)
    if address:
        variables["ansible_host"] = address
    return variables


def harmless(value):
    """Names and texts come from whoever may start a server. Ansible would render a
    template in them on the controller, so its opening marks are taken apart."""
    if isinstance(value, str):
        return re.sub(r"\{(?=[{%#])", "{ ", value)
    if isinstance(value, list):
        return [harmless(item) for item in value]
    if isinstance(value, dict):
        return {harmless(key): harmless(item) for key, item in value.items()}
    return value


class Inventory:
    """Hosts by group, as they are found."""

    def __init__(self):
        self.hosts, self.ids = [], set()
        self.taken = set(["all", "ungrouped", "localhost", "_meta", GROUP_OF_ALL])
        for service, spec in SERVICES.items():
            self.taken.update([service] + [service + "_" + c for c in spec["components"]])

    def add(self, variables, service, component):
        ident = variables["instance_id"]
        if ident is None or ident not in self.ids:
            self.ids.add(ident)
            self.hosts.append((variables, service, component))

    def names(self):
        """A host name for each host: the server's, made unique where it is not."""
        wanted = [harmless(host[0]["instance_name"]) for host in self.hosts]
        often = collections.Counter(wanted)
        names, given = [], set(self.taken)
        for (variables, _, _), name in zip(self.hosts, wanted):
            if often[name] > 1 or name in given:
                name = "%s-%s" % (name, (variables["instance_id"] or variables["resource_name"])[:8])
            while name in given:
                name += "-2"
            names.append(name)
            given.add(name)
        return names

    def document(self):
        groups, hostvars = {"ungrouped": {"hosts": []}}, {}
        for service, spec in SERVICES.items():
            members = [service + "_" + component for component in spec["components"]]
            groups[service] = {"hosts": [], "children": members}
            groups.update((member, {"hosts": []}) for member in members)
        groups[GROUP_OF_ALL] = {"children": list(SERVICES)}
        groups["all"] = {"children": [GROUP_OF_ALL, "ungrouped"]}
        rows = sorted(zip(self.names(), self.hosts), key=lambda row: natural(row[0]))
        for name, (variables, service, component) in rows:
            group = "ungrouped"
            if service:
                group = service + "_" + component if component else service
            groups[group]["hosts"].append(name)
            hostvars[name] = harmless(variables)
        groups["_meta"] = {"hostvars": hostvars}
        return groups


def natural(text):
    """Sorts trove2 before trove10."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in re.split(r"(\d+)", text)]


# --- the whole --------------------------------------------------------------


def warn(text):
    sys.stderr.write("%s: warning: %s\n" % (PROGRAM, text))


def chosen(stacks, settings):
    """The stacks to read: all, or those that DEV_PLATFORM_STACKS names."""
    if not settings.stacks:
        if not stacks:
            warn("the project has no Heat stack, so the inventory is empty: are these the "
                 "credentials of the project that owns the services?")
        return stacks
    for wanted in settings.stacks:
        if not any(wanted in (stack.name, stack.id) for stack in stacks):
            raise Trouble("there is no stack '%s' (DEV_PLATFORM_STACKS): the project has %s" % (
                wanted, ", ".join(sorted(stack.name for stack in stacks)) or "none"))
    return [stack for stack in stacks if set(settings.stacks) & {stack.name, stack.id}]


def check_state(stack, servers, settings):
    """Whether a stack's servers may be listed; a service in the middle of a change,
    or after a failed one, must not be stopped and started."""
    if stack.status.endswith("_COMPLETE") or settings.any_state:
        return True
    ours = (stack.name in settings.stacks or stack.id in settings.stacks
            or service_of_stack(stack.name) or any(service for _, service, _ in servers))
    advice = ("wait until it is done" if stack.status.endswith("_IN_PROGRESS") else
              "see 'heat stack-show %s' and repair it" % stack.name)
    if not ours:
        warn("the stack '%s' is %s; it is of no service here and left out" % (stack.name, stack.status))
        return False
    raise Trouble("the stack '%s' is %s, not COMPLETE: %s, then run this again (or set "
                  "DEV_PLATFORM_ANY_STATE=1 to list it as it is)" % (stack.name, stack.status, advice))


def is_server(resource):
    kind = str(resource.get("resource_type"))
    if kind in SERVER_TYPES:
        return True
    # A type of the deployment's own that its environment maps to a server.
    return "::" in kind and not kind.startswith(("OS::", "AWS::")) and not linked(resource, "nested")


def servers_of(root, heat, nova, settings):
    """(variables, service, component) of each server of a stack."""
    found, seen = [], set()
    for stack, resource in heat.resources(root):
        ident = str(resource.get("physical_resource_id") or "")
        if not is_server(resource) or ident in seen or resource.get("resource_status") == "DELETE_COMPLETE":
            continue
        if resource.get("resource_type") not in SERVER_TYPES:
            nova.load()
            if ident not in nova.known:
                continue
        label = str(resource.get("resource_name") or resource.get("logical_resource_id"))
        server = nova.find(ident) if ident else None
        if ident:
            seen.add(ident)
        if server is None:
            # Heat names a server stack-resource-id; the id is lost with the server.
            server = {"name": "%s-%s" % (stack.name, label), "status": "DELETED" if ident else "MISSING"}
        variables = host_variables(server, settings)
        variables["instance_name"] = str(variables["instance_name"] or ident)
        service, component = place_of(variables["instance_name"], label, stack, root)
        variables.update({
            "instance_id": ident or None,
            "stack_name": root.name,
            "stack_id": root.id,
            "stack_status": root.status,
            "resource_name": label,
            "resource_status": resource.get("resource_status"),
            "dev_platform_service": service,
            "dev_platform_component": component,
        })
        found.append((variables, service, component))
    return found


def check_networks(hosts, settings):
    """A network that no server has is a slip of the pen, not a wish."""
    seen = {network for variables, _, _ in hosts for network in variables["instance_networks"]}
    if settings.networks and seen and not seen & set(settings.networks):
        raise Trouble("no server has an address on the network %s (DEV_PLATFORM_NETWORK): their "
                      "networks are %s" % (", ".join(settings.networks), ", ".join(sorted(seen))))


def build(settings):
    session = Session(Client(settings), settings)
    heat, nova, inventory = Heat(session), Nova(session), Inventory()
    for root in chosen(heat.stacks(), settings):
        servers = servers_of(root, heat, nova, settings)
        if check_state(root, servers, settings):
            for host in servers:
                inventory.add(*host)
    check_networks(inventory.hosts, settings)
    return inventory.document()


def arguments(argv):
    parser = argparse.ArgumentParser(prog=PROGRAM + ".py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    wish = parser.add_mutually_exclusive_group(required=True)
    wish.add_argument("--list", action="store_true", help="print all groups, hosts and their variables")
    wish.add_argument("--host", metavar="NAME", help="print the variables of one host")
    return parser.parse_args(argv)


def main(argv):
    wish = arguments(argv)
    try:
        document = build(Settings())
        if wish.host is not None:
            hostvars = document["_meta"]["hostvars"]
            if wish.host not in hostvars:
                raise Trouble("there is no host '%s': see --list for those there are" % wish.host)
            document = hostvars[wish.host]
        sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
        sys.stdout.flush()
        return 0
    except Trouble as trouble:
        line = str(trouble)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        # Only stdout is left to fail here; unless it is put aside, Python tries to
        # flush it once more at exit and complains in its own words.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        line = "cannot write the inventory to stdout: %s" % reason_of(error)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # An answer that is JSON, but not of the shape that the API promises.
        line = ("an answer of the cloud has a shape that its API does not know (%s: %s): check that "
                "OS_AUTH_URL and the catalogue lead to Keystone, Heat and Nova"
                % (type(error).__name__, reason_of(error)))
    sys.stderr.write("%s: %s\n" % (PROGRAM, " ".join(line.split())))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
