"""The planes that the drill brings up on lab hosts: which host is what, and how it becomes that.

Everything is Debian's own package, configured as an installer would leave it: real Galera, real
RabbitMQ clusters, real trove, designate and PowerDNS. Only the Marketplace has no package; a
stand-in unit listens in its place.
"""
import concurrent.futures
import json
import textwrap

PASSWORD = "lab"

BASE = ["mariadb-server", "galera-4", "rsync", "rabbitmq-server", "curl"]
TROVE = ["trove-api", "trove-taskmanager", "trove-conductor"]
DESIGNATE = ["designate-api", "designate-central", "designate-worker", "designate-producer", "designate-mdns",
             "pdns-server", "pdns-backend-mysql", "bind9-dnsutils"]

UNITS = {
    "database": ["mariadb"], "messaging": ["rabbitmq-server"],
    "conductor": ["trove-conductor"], "taskmanager": ["trove-taskmanager"],
    "engine": ["marketplace-engine"], "nameserver": ["pdns"],
    "central": ["designate-central", "designate-worker", "designate-producer", "designate-mdns"],
}
TIERS = [("database",), ("messaging",), ("conductor", "taskmanager", "engine", "nameserver", "central"), ("api",)]
PORTS = {"database": 3306, "messaging": 5672, "nameserver": 53, "central": 5354}
API_PORT = {"trove": 8779, "marketplace": 8082, "dnsaas": 9001}


class Plane:
    """One control plane: its service, its hosts with their components, and where it differs."""

    def __init__(self, service, image, packages, hosts, overrides=None):
        self.service, self.image, self.packages = service, image, packages
        self.hosts, self.overrides = hosts, overrides or {}

    def having(self, component):
        return [host for host, components in self.hosts.items() if component in components]

    def units(self, component):
        return [f"{self.service}-api" if self.service != "dnsaas" else "designate-api"] if component == "api" else UNITS[component]

    def units_on(self, host):
        return [unit for component in self.hosts[host] for unit in self.units(component)]

    def ports_on(self, host):
        return [port for component in self.hosts[host]
                if (port := API_PORT[self.service] if component == "api" else PORTS.get(component))]

    @property
    def ha(self):
        return len(self.having("database")) > 1

    def inventory(self, addresses):
        """In the groups that dev_platform_heat.py makes of a Heat stack."""
        children = {}
        for host, components in self.hosts.items():
            for component in components:
                children.setdefault(f"{self.service}_{component}", {"hosts": {}})["hosts"][host] = {"ansible_host": addresses[host]}
        known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ServerAliveInterval=3 -o ServerAliveCountMax=3"
        common = {"ansible_python_interpreter": "/usr/bin/python3", "ansible_ssh_common_args": known}
        if self.overrides:
            common["dev_platform_overrides"] = self.overrides
        return json.dumps({"all": {"vars": common, "children": {self.service: {"children": children}}}}, indent=1)

    def build(self, lab):
        """Configure every host and start everything, from the ground up."""
        databases, messaging = self.having("database"), self.having("messaging")
        for number, host in enumerate(databases):
            lab.sh(host, database(self, host, lab.addresses, first=number == 0))
        lab.sh(databases[0], accounts(self))
        in_parallel(lambda host: lab.sh(host, messaging_node(self, host)), messaging)
        for host in messaging[1:]:
            lab.sh(host, f"rabbitmqctl -q stop_app; rabbitmqctl -q join_cluster rabbit@{messaging[0]}; rabbitmqctl -q start_app")
        lab.sh(messaging[0], f"rabbitmqctl -q add_user svc {PASSWORD}; rabbitmqctl -q set_permissions svc '.*' '.*' '.*'")
        rest = [host for host in self.hosts if set(self.hosts[host]) - {"database", "messaging"}]
        configure = {"trove": trove, "marketplace": marketplace, "dnsaas": designate}[self.service]
        for number, host in enumerate(rest):
            lab.sh(host, configure(self, host, databases[number % len(databases)], lab.addresses))
        if self.service == "trove":
            lab.sh(rest[0], TROVE_SCHEMA)
        if self.service == "dnsaas":
            lab.sh(self.having("central")[0], "su -s /bin/sh designate -c 'designate-manage database sync' 2>&1 | tail -n 1")
        in_parallel(lambda host: lab.sh(host, f"systemctl start {' '.join(self.units_on(host))}"), rest)
        if self.service == "dnsaas":
            lab.sh(self.having("central")[0], """
                for try in $(seq 30); do
                  su -s /bin/sh designate -c 'designate-manage pool update' >/dev/null 2>&1 && exit
                  sleep 1
                done
                exit 1""")


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, items))


def database(plane, host, addresses, first):
    nodes = plane.having("database")
    galera = f"""
        [galera]
        wsrep_on=ON
        wsrep_provider=/usr/lib/galera/libgalera_smm.so
        wsrep_cluster_name={plane.service}
        wsrep_cluster_address=gcomm://{",".join(nodes)}
        wsrep_node_name={host}
        wsrep_node_address={addresses[host]}
        wsrep_sst_method=rsync
        binlog_format=row
        innodb_autoinc_lock_mode=2""" if plane.ha else ""
    return dedent(f"""
        cat >/etc/mysql/mariadb.conf.d/99-lab.cnf <<'END'
        [mysqld]
        bind-address=0.0.0.0
        innodb_buffer_pool_size=32M
        innodb_log_file_size=16M
        max_connections=400{galera}
        END
        {"galera_new_cluster" if plane.ha and first else "systemctl start mariadb"}""")


def accounts(plane):
    names = {"trove": ["trove"], "marketplace": ["marketplace"], "dnsaas": ["designate", "powerdns"]}[plane.service]
    return "\n".join(f"mysql -e \"CREATE DATABASE {name}; GRANT ALL ON {name}.* TO svc@'%' IDENTIFIED BY '{PASSWORD}'\"" for name in names)


def messaging_node(plane, host):
    return dedent(f"""
        echo heliostat-lab-{plane.service} >/var/lib/rabbitmq/.erlang.cookie
        chown rabbitmq: /var/lib/rabbitmq/.erlang.cookie; chmod 400 /var/lib/rabbitmq/.erlang.cookie
        cat >/etc/rabbitmq/rabbitmq.conf <<'END'
        cluster_partition_handling = autoheal
        disk_free_limit.absolute = 50MB
        END
        systemctl start rabbitmq-server""")


def transport(plane):
    return "rabbit://" + ",".join(f"svc:{PASSWORD}@{host}:5672" for host in plane.having("messaging")) + "/"


def trove(plane, host, near, addresses):
    return dedent(f"""
        cat >/etc/trove/trove.conf <<'END'
        [DEFAULT]
        transport_url = {transport(plane)}
        trove_api_workers = 1
        trove_conductor_workers = 1
        [database]
        connection = mysql+pymysql://svc:{PASSWORD}@{near}/trove
        [keystone_authtoken]
        www_authenticate_uri = http://keystone.invalid:5000
        auth_url = http://keystone.invalid:5000
        [service_credentials]
        auth_url = http://keystone.invalid:5000
        END""")


# Debian's trove-manage asks Python for a function that its Python no longer has.
TROVE_SCHEMA = """
cat >/usr/local/sbin/trove-schema <<'END'
#!/usr/bin/python3
import inspect, sys
inspect.getargspec = inspect.getfullargspec
from trove.cmd.manage import main
sys.argv = ["trove-manage", "db_sync"]
main()
END
chmod 755 /usr/local/sbin/trove-schema
su -s /bin/sh trove -c /usr/local/sbin/trove-schema >/dev/null 2>&1
"""


def marketplace(plane, host, near, addresses):
    """There is no package of it: units in its place, that need what it needs and listen where it does."""
    component = plane.hosts[host][0]
    return dedent(f"""
        cat >/usr/local/sbin/marketplace-stand-in <<'END'
        #!/usr/bin/python3
        import http.server, socket, sys, time
        for place in (("{near}", 3306), ("{plane.having("messaging")[0]}", 5672)):
            socket.create_connection(place, timeout=5).close()
        if sys.argv[1] == "api":
            http.server.HTTPServer(("0.0.0.0", 8082), http.server.SimpleHTTPRequestHandler).serve_forever()
        while True:
            time.sleep(60)
        END
        chmod 755 /usr/local/sbin/marketplace-stand-in
        cat >/etc/systemd/system/marketplace-{component}.service <<'END'
        [Unit]
        Description=Stand-in for the Marketplace ({component})
        [Service]
        DynamicUser=yes
        WorkingDirectory=/var/empty
        ExecStart=/usr/local/sbin/marketplace-stand-in {component}
        [Install]
        WantedBy=multi-user.target
        END
        mkdir -p /var/empty
        systemctl daemon-reload""")


def designate(plane, host, near, addresses):
    if "nameserver" in plane.hosts[host]:
        return dedent(f"""
            mysql -h {near} -u svc -p{PASSWORD} powerdns </usr/share/pdns-backend-mysql/schema/schema.mysql.sql
            cat >/etc/powerdns/pdns.d/lab.conf <<'END'
            launch=gmysql
            gmysql-host={near}
            gmysql-user=svc
            gmysql-password={PASSWORD}
            gmysql-dbname=powerdns
            local-address=0.0.0.0
            secondary=yes
            api=yes
            api-key={PASSWORD}
            webserver=yes
            webserver-address=0.0.0.0
            webserver-allow-from=0.0.0.0/0
            allow-notify-from=0.0.0.0/0
            END""")
    central, nameserver = addresses[plane.having("central")[0]], addresses[plane.having("nameserver")[0]]
    return dedent(f"""
        sed -i 's/^processes = .*/processes = 2/' /etc/designate/designate-api-uwsgi.ini
        cat >/etc/designate/designate.conf <<'END'
        [DEFAULT]
        transport_url = {transport(plane)}
        state_path = /var/lib/designate
        root_helper = sudo designate-rootwrap /etc/designate/rootwrap.conf
        [oslo_concurrency]
        lock_path = /run/lock/designate
        [storage:sqlalchemy]
        connection = mysql+pymysql://svc:{PASSWORD}@{near}/designate
        [service:api]
        auth_strategy = noauth
        listen = 0.0.0.0:9001
        enable_api_v2 = true
        enable_host_header = true
        [service:central]
        workers = 1
        [service:mdns]
        listen = 0.0.0.0:5354
        workers = 1
        [service:worker]
        threads = 20
        workers = 1
        [service:producer]
        workers = 1
        [oslo_policy]
        policy_dirs = /etc/designate/policy.d
        [keystone_authtoken]
        auth_url = http://keystone.invalid:5000
        END
        cat >/etc/designate/pools.yaml <<'END'
        - name: default
          description: lab
          attributes: {{}}
          ns_records:
            - {{hostname: ns1.example.org., priority: 1}}
          nameservers:
            - {{host: {nameserver}, port: 53}}
          targets:
            - type: pdns4
              description: PowerDNS
              masters:
                - {{host: {central}, port: 5354}}
              options:
                host: {nameserver}
                port: 53
                api_endpoint: http://{nameserver}:8081
                api_token: {PASSWORD}
        END""")


def dedent(text):
    return textwrap.dedent(text)


PLANES = {
    # Five hosts that hold a whole HA cluster: for every run of the tests.
    "small": Plane("trove", "platform-trove", BASE + TROVE,
                   {"node1": ["database", "messaging"], "node2": ["database", "messaging"], "node3": ["database", "messaging"],
                    "work1": ["conductor", "taskmanager"], "api1": ["api"]},
                   {"conductor": {"nodes": 1}, "taskmanager": {"nodes": 1}, "api": {"nodes": 1}}),
    # The whole of it, as it was installed: fifteen hosts.
    "trove": Plane("trove", "platform-trove", BASE + TROVE,
                   {f"{short}{n}": [component]
                    for short, component in (("db", "database"), ("mq", "messaging"), ("cond", "conductor"),
                                             ("task", "taskmanager"), ("api", "api"))
                    for n in (1, 2, 3)}),
    "marketplace": Plane("marketplace", "platform-trove", BASE + TROVE,
                         {"mpdb": ["database"], "mpmq": ["messaging"], "mpengine": ["engine"], "mpapi": ["api"]}),
    "dnsaas": Plane("dnsaas", "platform-dnsaas", BASE + DESIGNATE,
                    {"dnsdb": ["database"], "dnsmq": ["messaging"], "dnsns": ["nameserver"], "dnscentral": ["central"],
                     "dnsapi": ["api"]}),
}
