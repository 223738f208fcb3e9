"""A field with several nodes that share a journal in PostgreSQL: one works, the others stand by."""
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

from database import SYSTEM_USER, Server
from database_wire import DatabaseWire
from field import PORT_IN_USE, START_SECONDS, Surroundings, Trouble, free_port, http_get, wait

DATABASE = "convey"
PROBE_SECONDS = 2    # an answer to `is this node at work?`

# Keeps a history of what happens to shards, in the transactions in which it happens: who took which shard over, and which backend wrote
# which positions. `Cluster.check_history` reads it. Rows that a fence has refused are rolled back with the rest.
HISTORY = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.takeovers (shard integer, epoch bigint, node text, backend integer, at timestamptz DEFAULT now());
CREATE TABLE chaos.writes (number bigserial, shard integer, epoch bigint, backend integer, first bigint, last bigint);
CREATE FUNCTION chaos.note_takeover() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos.takeovers (shard, epoch, node, backend) VALUES (NEW.shard, NEW.epoch, NEW.node, NEW.backend);
    RETURN NULL;
END $$;
CREATE FUNCTION chaos.note_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos.writes (shard, epoch, backend, first, last)
        SELECT s.shard, s.epoch, pg_backend_pid(), w.first, w.last
        FROM convey.shard s, (SELECT min(position) AS first, max(position) AS last FROM written) w
        WHERE s.shard = TG_ARGV[0]::integer AND w.first IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos AFTER UPDATE OF epoch ON convey.shard FOR EACH ROW EXECUTE FUNCTION chaos.note_takeover();
INSERT INTO chaos.takeovers SELECT shard, epoch, node, backend FROM convey.shard;
GRANT USAGE ON SCHEMA chaos TO convey;
GRANT ALL ON ALL TABLES IN SCHEMA chaos TO convey;
GRANT ALL ON ALL SEQUENCES IN SCHEMA chaos TO convey;
"""
WRITE_TRIGGER = """
CREATE TRIGGER chaos AFTER INSERT ON convey_shard_{0}.journal REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION chaos.note_write({0});
"""
# Each finds rows that must not be. Writes before the triggers existed are not in the history.
HISTORY_RULES = {
    "a takeover whose epoch is not the next one": """
        SELECT shard, epoch, node FROM (SELECT *, lag(epoch) OVER (PARTITION BY shard ORDER BY epoch) AS before FROM chaos.takeovers) t
        WHERE before IS NOT NULL AND epoch <> before + 1""",
    "takeovers in another order than their epochs": """
        SELECT shard, epoch, node FROM (SELECT *, lag(at) OVER (PARTITION BY shard ORDER BY epoch) AS before FROM chaos.takeovers) t
        WHERE at < before""",
    "a write by a backend that did not own the shard": """
        SELECT w.* FROM chaos.writes w LEFT JOIN chaos.takeovers t USING (shard, epoch) WHERE w.backend IS DISTINCT FROM t.backend""",
    "a write of an older epoch behind one of a newer": """
        SELECT * FROM (SELECT *, max(epoch) OVER (PARTITION BY shard ORDER BY first) AS newest FROM chaos.writes) w WHERE epoch < newest""",
    "positions written twice, or not one after the other": """
        SELECT * FROM (SELECT *, lag(last) OVER (PARTITION BY shard ORDER BY first) AS before FROM chaos.writes) w
        WHERE before IS NOT NULL AND first <> before + 1""",
}
SHARD_RULES = {
    "a journal with holes": "SELECT count(*), max(position) FROM convey_shard_{0}.journal HAVING count(*) <> coalesce(max(position), 0)",
    "a signal applied twice": """
        SELECT applied_position, count(*) FROM convey_shard_{0}.journal WHERE applied_position IS NOT NULL GROUP BY 1 HAVING count(*) > 1""",
}


class Node:
    """One `convey serve`."""

    def __init__(self, field, name):
        self.field, self.name = field, name
        self.http_port = free_port()
        self.wires = [DatabaseWire(server.port) for server in field.servers]   # one to each server
        self.log = open(os.path.join(field.directory, f"{name}.log"), "ab")
        self.process = None
        self.configure()

    def configure(self):
        field = self.field
        self.config = field._write_config(
            self.name, field.broker.port, self.http_port, node=self.name, data={"dir": os.path.join(field.directory, self.name)},
            journal={"shards": field.shards, "url": field.url([wire.port for wire in self.wires])})

    def launch(self):
        self.process = subprocess.Popen([self.field.convey, "serve", "--config", self.config], env=self.field._environment(),
                                        stdout=self.log, stderr=self.log)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def get(self, path, seconds=10):
        return http_get(self.http_port, path, seconds)

    def state(self):
        """`works`, `stands by`, or neither."""
        status, body = self.get("/readyz", PROBE_SECONDS) if self.is_running() else (0, b"")
        if status != 200:
            return "not ready"
        return "stands by" if "standby" in json.loads(body)["parts"]["journal"] else "works"

    def kill(self):
        self.field.faults += 1
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.field.faults += 1
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        if self.is_running():
            self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """SIGTERM; it must end by itself."""
        self.field.faults += 1
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Trouble(f"{self.name} did not end within 40 s of SIGTERM") from None
        if code != 0:
            raise Trouble(f"{self.name} ended with {code} after SIGTERM; see {self.log.name}")

    def break_wires(self, **trouble):
        self.field.faults += 1
        for wire in self.wires:
            wire.trouble.update(trouble)

    def cut_wires(self):
        for wire in self.wires:
            wire.cut()

    def quiet_wires(self):
        for wire in self.wires:
            wire.quiet()


class Cluster(Surroundings):
    """Nodes, each with wires of its own to two PostgreSQL servers. The second server runs while it is needed."""

    def __init__(self, convey, seed, shards, nodes):
        super().__init__(convey, seed, shards)
        self.draw = random.Random(seed)
        self.database_directory = tempfile.mkdtemp(prefix="convey-chaos-pg-", dir="/tmp")
        if os.getuid() == 0:
            shutil.chown(self.database_directory, SYSTEM_USER)
        self.servers = [Server(self.database_directory, name) for name in ("alpha", "beta")]
        self.primary = self.servers[0]
        self.primary.create()
        self.primary.start()
        # The rights that docs/operations/cluster.md asks for, and no others.
        self.primary.sql(f"CREATE ROLE convey LOGIN;\nCREATE DATABASE {DATABASE} OWNER convey;")
        self.nodes = [Node(self, f"n{index}") for index in range(nodes)]

    def url(self, ports):
        places = ",".join(f"127.0.0.1:{port}" for port in ports)
        # Without TLS the wire sees a COMMIT.
        return f"postgres://convey@{places}/{DATABASE}?target_session_attrs=read-write&connect_timeout=2&sslmode=disable&gssencmode=disable"

    def first_start(self):
        for node in self.nodes:
            self._first_start(node)
        self.sql(HISTORY + "".join(WRITE_TRIGGER.format(shard) for shard in range(self.shards)))

    def _first_start(self, node):
        """The port for HTTP was free a moment ago; another process may have taken it since."""
        for _ in range(3):
            node.launch()
            wait(f"{node.name} is ready", START_SECONDS, lambda: not node.is_running() or node.state() != "not ready")
            if node.is_running():
                return
            if node.process.poll() != PORT_IN_USE:
                raise Trouble(f"{node.name} ended with {node.process.poll()} while it started; see {node.log.name}")
            node.http_port = free_port()
            node.configure()
        raise Trouble("no free port for HTTP")

    # Who works

    def worker_node(self, seconds=START_SECONDS, but=None):
        """Waits until a node works.
        - but: a node that is not meant."""
        found = []

        def works():
            # A node that hangs answers nothing: the others first.
            found[:] = [node for node in self.nodes if node is not but and node.state() == "works"][:1]
            return found

        wait("a node works" + (f" other than {but.name}" if but else ""), seconds, works)
        return found[0]

    def restore(self):
        """Starts the nodes that have ended, and waits until one works and the others stand by."""
        for node in self.nodes:
            if not node.is_running():
                node.launch()
        wait("one node works and the others stand by", START_SECONDS,
             lambda: sorted(node.state() for node in self.nodes) == ["stands by"] * (len(self.nodes) - 1) + ["works"])

    # Questions

    def sql(self, text):
        return self.primary.sql(text, DATABASE)

    def get(self, path, seconds=10):
        """Conversations are asked for at any node, whatever it does; the rest at the node that works."""
        if path.startswith("/v1/conversations"):
            return self.draw.choice([node for node in self.nodes if node.is_running()]).get(path, seconds)
        return self.worker_node().get(path, seconds)

    def check_history(self):
        """What the database has seen. Raises Trouble where a rule was broken."""
        rules = [(name, query) for name, query in HISTORY_RULES.items()]
        rules += [(f"shard {shard}: {name}", query.format(shard)) for name, query in SHARD_RULES.items() for shard in range(self.shards)]
        for name, query in rules:
            if found := self.sql(query):
                raise Trouble(f"{name}: {found.splitlines()[:5]}")

    def verify(self):
        self._verify(self.url([server.port for server in self.servers]))

    # The end

    def stop(self):
        """Every node in turn."""
        for node in self.nodes:
            node.stop()

    def close(self, keep):
        # A node that is stopped by SIGSTOP ends at SIGKILL all the same.
        self._close(keep, [node.process for node in self.nodes])
        for server in self.servers:
            if server.is_running():
                server.kill_all()
        if keep:
            print(f"kept {self.database_directory}", flush=True)
        else:
            shutil.rmtree(self.database_directory, ignore_errors=True)


class Gap:
    """The longest time in which a conversation saw no marker, while it gets 50 signals per second."""

    RATE = 50

    def __init__(self, field, subject):
        self.field, self.subject = field, subject

    def __enter__(self):
        self.times = self.field.observer.watch(self.subject)
        self.field.publisher.begin([self.subject], per_second=self.RATE, notes=True)
        wait("markers come", 30, lambda: len(self.times) > self.RATE)
        return self

    def of(self, what, break_it):
        """Breaks something, waits until markers come again, and notes the gap."""
        first = len(self.times)
        break_it()
        began = time.monotonic()
        wait(f"markers come again after {what}", 60, lambda: self._has_recovered(began))
        times = list(self.times)[first - 1:]
        gap = max(later - earlier for earlier, later in zip(times, times[1:]))
        self.field.gaps.setdefault(what, []).append(gap)
        return gap

    def _has_recovered(self, began):
        """Ten markers within half a second, the first of them well after the fault."""
        times = list(self.times)[-10:]
        return times[0] > began + 0.5 and times[-1] - times[0] < 0.5

    def __exit__(self, *_):
        self.field.observer.unwatch()
