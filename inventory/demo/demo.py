#!/usr/bin/env python3
"""The demo's planes: local hosts, each with an address of its own (127.77...) and a folder of its
own below $HELIOSTAT_DEMO (or /tmp/heliostat-demo-UID), on which the services of stand_in.py run.

    demo.py --list | --host NAME   an inventory script
    demo.py up | down              boot all hosts as after an installation / end and remove them all
    demo.py power-cut SERVICE      end every process of a service at once
    demo.py processes SERVICE      host, unit, process
    demo.py events                 what the services themselves saw: time, host, unit, up or down
"""
import json
import os
import pathlib
import shutil
import signal
import sys

sys.dont_write_bytecode = True  # an inventory script leaves nothing behind
import stand_in  # noqa: E402

OFFSET = 20000  # added to every port: nothing of the machine's own is in the way
PLANES = {  # service: {component: (hosts, {unit: (kind, ports)})}, from the ground up
    "trove": {
        "database": (3, {"mariadb": ("galera", [3306])}),
        "messaging": (3, {"rabbitmq-server": ("rabbitmq", [5672])}),
        "conductor": (3, {"trove-conductor": ("service", [])}),
        "taskmanager": (3, {"trove-taskmanager": ("service", [])}),
        "api": (3, {"trove-api": ("service", [8779])}),
    },
    "marketplace": {
        "database": (1, {"mariadb": ("galera", [3306])}),
        "messaging": (1, {"rabbitmq-server": ("rabbitmq", [5672])}),
        "engine": (1, {"marketplace-engine": ("service", [])}),
        "api": (1, {"marketplace-api": ("service", [8082])}),
    },
    "dnsaas": {
        "database": (1, {"mariadb": ("galera", [3306])}),
        "messaging": (1, {"rabbitmq-server": ("rabbitmq", [5672])}),
        "nameserver": (1, {"pdns": ("service", [53])}),
        "central": (1, {"designate-central": ("service", []), "designate-worker": ("service", []),
                        "designate-producer": ("service", []), "designate-mdns": ("service", [5354])}),
        "api": (1, {"designate-api": ("service", [9001])}),
    },
}


def ground():
    return pathlib.Path(os.environ.get("HELIOSTAT_DEMO") or f"/tmp/heliostat-demo-{os.getuid()}")


def hosts():
    """Every host of every plane: name, service, component, address, folder, units."""
    found = []
    for net, (service, components) in enumerate(PLANES.items(), 1):
        number = 0
        for component, (count, units) in components.items():
            for n in range(1, count + 1):
                number += 1
                name = f"{service}{n}_{component}-demo"
                found.append({"name": name, "service": service, "component": component,
                              "address": f"127.77.{net}.{number}", "folder": str(ground() / name),
                              "events": str(ground() / "events"),
                              "units": {unit: {"kind": kind, "ports": [port + OFFSET for port in ports]}
                                        for unit, (kind, ports) in units.items()}})
    for host in found:
        plane = [other for other in found if other["service"] == host["service"]]
        places = {component: [(other["address"], what["ports"][0]) for other in plane if other["component"] == component
                              for what in other["units"].values()]
                  for component in ("database", "messaging")}
        for what in host["units"].values():
            if what["kind"] == "service":
                what["needs"] = places
            else:
                what["place"] = (host["address"], what["ports"][0])
                what["peers"] = [place for place in places[host["component"]] if place != what["place"]]
    return found


def inventory():
    groups = {"_meta": {"hostvars": {}}}
    for host in hosts():
        for group in (host["service"], f"{host['service']}_{host['component']}"):
            groups.setdefault(group, {"hosts": []})["hosts"].append(host["name"])
        groups["_meta"]["hostvars"][host["name"]] = {
            "ansible_host": host["address"], "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
            "demo_folder": host["folder"], "instance_status": "ACTIVE"}
    return groups


def up():
    if ground().exists():
        sys.exit(f"{ground()} is there already: demo.py down removes it")
    ground().mkdir(mode=0o700)
    for host in hosts():
        folder = pathlib.Path(host["folder"])
        folder.mkdir(mode=0o700)
        stand_in.write(folder / "host.json", json.dumps(host, indent=1))
        first = host["name"].split("_")[0].endswith("1")
        for unit, what in host["units"].items():
            if what["kind"] == "galera":  # as an installer leaves it: the first one may begin
                (folder / unit).mkdir(mode=0o700)
                uuid = "d3300000-0000-0000-0000-00000000d330" if first else stand_in.NOBODY
                stand_in.write(folder / unit / "grastate.dat", "# GALERA saved state\nversion: 2.1\n"
                               f"uuid: {uuid}\nseqno: {0 if first else -1}\nsafe_to_bootstrap: {int(first)}\n")
            stand_in.start(host, unit, bootstrap=what["kind"] == "galera" and first and bool(what["peers"]))


def end(service, how):
    for host in reversed(hosts()):
        for unit in host["units"]:
            pid = stand_in.process(host, unit) if service in (None, host["service"]) else None
            if pid:
                os.kill(pid, how)


def main(command="help", service=None):
    if command == "--list":
        print(json.dumps(inventory(), indent=1))
    elif command == "--host":
        print(json.dumps(inventory()["_meta"]["hostvars"].get(service, {})))
    elif command == "up":
        up()
    elif command == "down":
        end(None, signal.SIGKILL)
        shutil.rmtree(ground(), ignore_errors=True)
    elif command == "power-cut":
        end(service, signal.SIGKILL)
    elif command == "processes":
        for host in hosts():
            for unit in host["units"]:
                if host["service"] == service:
                    print(f"{host['name']:28} {unit:20} {stand_in.process(host, unit) or '-'}")
    elif command == "events":
        print((ground() / "events").read_text(), end="")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
