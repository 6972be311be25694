#!/usr/bin/env python3
"""Stand-ins for the services of a development platform plane: small, but real processes.

They listen on ports, keep state on disk, and mind the order as the real ones do: a database
begins a cluster only where its newest state is, a messaging node waits for the one that was
stopped last, an API does not start without both. Used by the demo only.

    stand_in.py FOLDER start|stop|bootstrap|spawn UNIT     spawn: start, without waiting
    stand_in.py FOLDER probe COMPONENT:UNIT...             component, unit, state, process
    stand_in.py FOLDER galera-status|galera-recover|rabbitmq-status
    stand_in.py FOLDER put NAME VALUE | get NAME           a row in the database

FOLDER is one host's; its host.json says what the host is (demo.py writes it).
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

NOBODY = "00000000-0000-0000-0000-000000000000"


def ask(address, port, **question):
    """One question to a stand-in, one answer; None when nobody answers. A busy machine is waited for."""
    try:
        with socket.create_connection((address, port), timeout=20) as there:
            there.sendall(json.dumps(question).encode() + b"\n")
            return json.loads(there.makefile().readline())
    except (OSError, ValueError):
        return None


def answers(address, port):
    try:
        socket.create_connection((address, port), timeout=20).close()
        return True
    except OSError:
        return False


def write(path, text):
    """Whole or not at all: a stand-in may lose power, too."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    beside.chmod(0o600)
    beside.rename(path)


class Service:
    """A worker or an API: starts only where database and messaging answer, and complains without them."""

    def __init__(self, host, unit):
        self.host, self.unit = host, host["units"][unit]
        self.folder = pathlib.Path(host["folder"]) / unit
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.lock = threading.RLock()

    def missing(self):
        return [name for name, places in self.unit.get("needs", {}).items()
                if not any(answers(address, port) for address, port in places)]

    def begin(self, bootstrap):
        if self.missing():
            sys.exit(f"cannot start without {' and '.join(self.missing())}")

    def handle(self, line, connection):
        if line.startswith("GET "):
            body = json.dumps({"versions": [{"id": "v1.0", "status": "CURRENT"}]})
            connection.sendall(("HTTP/1.1 300 Multiple Choices\r\nContent-Type: application/json\r\n"
                                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode())

    def tick(self):
        if self.missing():
            with open(self.folder / "complaints", "a") as out:
                out.write(f"{time.time():.2f} lost {', '.join(self.missing())}\n")

    def end(self):
        pass


class Peers(Service):
    """What the two kinds of cluster share: others of their kind, who answer questions."""

    def __init__(self, host, unit):
        super().__init__(host, unit)
        self.peers = [tuple(place) for place in self.unit["peers"]]

    def others(self, **question):
        found = {}
        threads = [threading.Thread(target=lambda place=place: found.update({place: ask(*place, **question)}))
                   for place in self.peers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {place: answer for place, answer in found.items() if answer}

    def handle(self, line, connection):
        try:
            question = json.loads(line)
        except ValueError:
            return
        connection.sendall(json.dumps(self.answer(question)).encode() + b"\n")


class Galera(Peers):
    """A database of a cluster: one history, a Primary component by majority, grastate.dat as Galera writes it."""

    def begin(self, bootstrap):
        state = dict(line.split(": ", 1) for line in (self.folder / "grastate.dat").read_text().splitlines() if ": " in line)
        rows = self.folder / "rows.json"
        self.rows = json.loads(rows.read_text()) if rows.exists() else {}
        self.uuid, self.seqno = state["uuid"], self.recover()
        self.view, self.primary = set(), True
        living = {place: answer for place, answer in self.others(op="status").items() if answer["primary"]}
        if living and bootstrap:
            sys.exit("a Primary component runs already: join it")
        if living:
            donor = max(living.values(), key=lambda answer: answer["seqno"])
            if self.uuid != NOBODY and self.uuid == donor["uuid"] and self.seqno > donor["seqno"]:
                sys.exit(f"this node is ahead of the cluster ({self.seqno} > {donor['seqno']}): it began on the wrong node")
            self.uuid, self.rows, self.seqno = donor["uuid"], donor["rows"], donor["seqno"] + 1
            self.view = set(living)
            self.others(op="view", joins=self.unit["place"])
        elif self.peers and not bootstrap:
            sys.exit("no Primary component to join")
        elif self.peers and state["safe_to_bootstrap"] != "1":
            sys.exit("it may not be safe to bootstrap the cluster from this node: it was not the last one to leave")
        self.save(safe=0, clean=False)

    def save(self, safe, clean):
        write(self.folder / "position", f"{self.uuid}:{self.seqno}")
        write(self.folder / "rows.json", json.dumps(self.rows))
        write(self.folder / "grastate.dat", "# GALERA saved state\nversion: 2.1\n"
              f"uuid: {self.uuid}\nseqno: {self.seqno if clean else -1}\nsafe_to_bootstrap: {safe}\n")

    def recover(self):
        position = self.folder / "position"
        return int(position.read_text().rpartition(":")[2]) if position.exists() else -1

    def answer(self, question):
        with self.lock:
            if question["op"] == "view":
                self.seqno += 1
                if "joins" in question:
                    self.view.add(tuple(question["joins"]))
                else:
                    self.view.discard(tuple(question["leaves"]))
                self.save(0, clean=False)
            elif question["op"] == "row":
                self.seqno += 1
                self.rows[question["name"]] = question["value"]
                self.save(0, clean=False)
                if question.get("spread", True):
                    self.others(op="row", spread=False, name=question["name"], value=question["value"])
            return {"uuid": self.uuid, "seqno": self.seqno, "rows": self.rows, "primary": self.primary,
                    "size": len(self.view) + 1}

    def tick(self):
        living = set(self.others(op="status"))
        with self.lock:
            lost = self.view - living
            if lost and self.primary:
                self.primary = 2 * (len(self.view) + 1 - len(lost)) > len(self.view) + 1
                self.view -= lost
                self.seqno += self.primary

    def end(self):
        with self.lock:
            self.save(safe=0 if self.view else 1, clean=True)
            view = list(self.view)
        for place in view:
            ask(*place, op="view", leaves=self.unit["place"])


class RabbitMQ(Peers):
    """A messaging node: remembers who ran when it stopped, and waits for one of them."""

    def begin(self, bootstrap):
        self.ready = not self.peers
        self.seen = self.folder / "seen.json"
        threading.Thread(target=self.wait, daemon=True).start()

    def wait(self):
        waited_for = {tuple(place) for place in json.loads(self.seen.read_text())} if self.seen.exists() else set()
        deadline = time.monotonic() + 15
        while waited_for and not self.ready:
            living = self.others(op="nodes")
            if any(answer["ready"] for answer in living.values()) or waited_for <= set(living):
                break
            if time.monotonic() > deadline:
                print("timeout waiting for the tables of", sorted(waited_for), file=sys.stderr)
                os._exit(1)
            time.sleep(0.2)
        self.ready = True
        self.tick()

    def answer(self, question):
        return {"ready": self.ready, "name": f"rabbit@{self.host['name']}"}

    def tick(self):
        if self.ready:
            running = [place for place, answer in self.others(op="nodes").items() if answer["ready"]]
            write(self.seen, json.dumps(running))

    def end(self):
        self.tick()


KINDS = {"galera": Galera, "rabbitmq": RabbitMQ, "service": Service}


def log(host, unit, event):
    with open(host["events"], "a") as out:
        out.write(f"{time.time():.3f} {host['name']} {unit} {event}\n")


def serve(host, unit, bootstrap):
    service = KINDS[host["units"][unit]["kind"]](host, unit)
    doors = []  # open before the service begins: those that it tells of itself find it there
    for port in host["units"][unit]["ports"]:
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host["address"], port))
        door.listen(32)
        doors.append(door)
    service.begin(bootstrap)

    def answer(connection):
        with connection:
            connection.settimeout(5)
            try:
                service.handle(connection.makefile().readline(), connection)
            except OSError:
                pass

    def receive(door):
        while True:
            threading.Thread(target=answer, args=(door.accept()[0],), daemon=True).start()

    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    for door in doors:
        threading.Thread(target=receive, args=(door,), daemon=True).start()
    log(host, unit, "up")
    write(pathlib.Path(host["folder"]) / f"{unit}.pid", str(os.getpid()))
    while not over.wait(0.5):
        service.tick()
    service.end()
    log(host, unit, "down")
    os._exit(0)  # the doors close with the process


def process(host, unit):
    """The PID of the unit's process; None when it does not run."""
    try:
        pid = int((pathlib.Path(host["folder"]) / f"{unit}.pid").read_text())
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return None
    return pid if state != "Z" and host["folder"].encode() in words and unit.encode() in words else None


def start(host, unit, bootstrap=False, wait=True):
    if process(host, unit):
        return
    errors = pathlib.Path(host["folder"]) / f"{unit}.errors"
    with open(errors, "w") as out:
        child = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), host["folder"], "serve", unit, "bootstrap" if bootstrap else "join"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out, start_new_session=True)
    while wait and process(host, unit) != child.pid or wait and not is_ready(host, unit):
        if child.poll() is not None:
            sys.exit(f"{unit} on {host['name']} did not start: {errors.read_text().strip()}")
        time.sleep(0.05)


def is_ready(host, unit):
    if host["units"][unit]["kind"] != "rabbitmq":
        return True
    answer = ask(host["address"], host["units"][unit]["ports"][0], op="nodes")
    return bool(answer and answer["ready"])


def stop(host, unit):
    pid = process(host, unit)
    if pid:
        os.kill(pid, signal.SIGTERM)
    while process(host, unit):
        time.sleep(0.05)


def one_of(host, kind):
    unit = next((unit for unit, what in host["units"].items() if what["kind"] == kind), None)
    if unit is None:
        sys.exit(f"{host['name']} has no {kind}")
    return unit, host["units"][unit]


def galera_status(host):
    _, what = one_of(host, "galera")
    answer = ask(host["address"], what["ports"][0], op="status")
    if not answer:
        sys.exit("can't connect to the database")
    for name, value in (("wsrep_ready", "ON" if answer["primary"] else "OFF"),
                        ("wsrep_cluster_status", "Primary" if answer["primary"] else "non-Primary"),
                        ("wsrep_local_state_comment", "Synced" if answer["primary"] else "Initialized"),
                        ("wsrep_cluster_size", answer["size"]), ("wsrep_last_committed", answer["seqno"])):
        print(name, value, sep="\t")


def rabbitmq_status(host):
    _, what = one_of(host, "rabbitmq")
    names = []
    for address, port in [what["place"], *what["peers"]]:
        answer = ask(address, port, op="nodes")
        if answer and answer["ready"]:
            names.append(answer["name"])
    if f"rabbit@{host['name']}" not in names:
        sys.exit("the messaging node does not run")
    print(json.dumps({"running_nodes": names, "partitions": {}, "alarms": []}))


def main(folder, command, *words):
    host = json.loads((pathlib.Path(folder) / "host.json").read_text())
    if command == "serve":
        serve(host, words[0], words[1] == "bootstrap")
    elif command in ("start", "bootstrap", "spawn"):
        start(host, words[0], bootstrap=command == "bootstrap", wait=command != "spawn")
    elif command == "stop":
        stop(host, words[0])
    elif command == "probe":
        for component, unit in (word.split(":") for word in words):
            pid = process(host, unit)
            print(component, unit, "active" if pid else "inactive", pid or 0)
    elif command == "galera-status":
        galera_status(host)
    elif command == "galera-recover":
        unit, _ = one_of(host, "galera")
        print("start_position=" + (pathlib.Path(folder) / unit / "position").read_text())
    elif command == "rabbitmq-status":
        rabbitmq_status(host)
    elif command in ("put", "get"):
        _, what = one_of(host, "galera")
        question = {"op": "row", "name": words[0], "value": words[1]} if command == "put" else {"op": "status"}
        answer = ask(host["address"], what["ports"][0], **question)
        if not answer or words[0] not in answer["rows"]:
            sys.exit(f"no row {words[0]}")
        print(answer["rows"][words[0]])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
