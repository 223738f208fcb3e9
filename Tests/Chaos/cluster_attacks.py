"""The attacks on nodes that share a journal. Each gets a cluster in which one node works and traffic flows, and leaves it so.
What the journal, the receipts and the database's history say is checked behind it."""
import signal
import threading
import time

from attacks import attack, receipts_go_on
from checker import require
from cluster import Gap
from database_wire import AT_COMMIT
from field import wait

CLUSTER_ATTACKS = {}
LEASE_SECONDS = 5
PATIENCE_SECONDS = 5   # how long a node waits for an answer from PostgreSQL
# What a conversation may see, with what a busy machine adds.
RECOVERY_SECONDS = 60


def on_cluster(name, short=False):
    """- short: whether it belongs to a short run, which has to end within a minute: not what Tests/EndToEndTests/ClusterTests does too."""
    return attack(name, among=CLUSTER_ATTACKS, short=short)


def recovered(field):
    field.restore()
    receipts_go_on(field, 20, RECOVERY_SECONDS)


# --- Nodes ---

@on_cluster("kill -9 of the node that works", short=True)
def kill_worker(field, draw, long):
    for _ in range(10 if long else 1):
        time.sleep(draw.uniform(0.1, 1.0))
        node = field.worker_node()
        node.kill()
        field.worker_node(but=node)
        recovered(field)


@on_cluster("kill -9 of a node that has just taken over")
def kill_successor(field, draw, long):
    for _ in range(5):
        first = field.worker_node()
        first.kill()
        time.sleep(draw.uniform(0.0, 1.5))
        for node in field.nodes:
            if node.is_running() and draw.random() < 0.7:
                node.kill()
        recovered(field)


@on_cluster("all nodes killed")
def kill_all(field, draw, long):
    for _ in range(5):
        time.sleep(draw.uniform(0.1, 1.0))
        for node in field.nodes:
            node.kill()
        recovered(field)


@on_cluster("a node hangs for less than its lease")
def pause_within_lease(field, draw, long):
    for _ in range(5):
        node = field.worker_node()
        node.pause()
        time.sleep(draw.uniform(0.5, LEASE_SECONDS - 2))
        node.resume()
        recovered(field)


@on_cluster("a node hangs for longer than its lease", short=True)
def pause_beyond_lease(field, draw, long):
    for _ in range(5 if long else 1):
        node = field.worker_node()
        node.pause()
        began = time.monotonic()
        try:
            field.worker_node(but=node)
            time.sleep(max(0, LEASE_SECONDS + draw.uniform(1, 4) - (time.monotonic() - began)) if long else 0.2)
        finally:
            node.resume()
        wait(f"{node.name} stands by after it was woken", 30, lambda: node.state() == "stands by")
        recovered(field)


@on_cluster("a node that stands by hangs, or is killed")
def trouble_for_standby(field, draw, long):
    for _ in range(3):
        worker = field.worker_node()
        node = draw.choice([node for node in field.nodes if node is not worker])
        node.pause()
        receipts_go_on(field, 30)
        node.resume()
        node.kill()
        receipts_go_on(field, 30)
        recovered(field)


@on_cluster("SIGTERM of the node that works")
def stop_worker(field, draw, long):
    for _ in range(5):
        time.sleep(draw.uniform(0.1, 0.8))
        node = field.worker_node()
        node.stop()
        field.worker_node(but=node)
        recovered(field)


@on_cluster("a rolling restart")
def rolling_restart(field, draw, long):
    for _ in range(2):
        for node in field.nodes:
            node.stop()
            recovered(field)


# --- PostgreSQL ---

BACKENDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '{}' AND pid <> pg_backend_pid()"


@on_cluster("backends are terminated")
def end_backends(field, draw, long):
    for pattern in ["convey-shard-%", "convey-%", "convey-reader"] * 4:
        time.sleep(draw.uniform(0.1, 0.5))
        field.faults += 1
        field.sql(BACKENDS.format(pattern))
        recovered(field)


def stop_database(field, how, seconds):
    field.faults += 1
    how()
    time.sleep(seconds)
    field.primary.start()
    recovered(field)


@on_cluster("PostgreSQL is stopped and started")
def stop_postgresql(field, draw, long):
    for _ in range(4):
        stop_database(field, field.primary.stop, draw.uniform(0.1, 8))


@on_cluster("PostgreSQL crashes", short=True)
def crash_postgresql(field, draw, long):
    server = field.primary
    for how in [server.kill_all, server.kill, lambda: server.stop(signal.SIGQUIT)] * (3 if long else 1):
        stop_database(field, how, draw.uniform(0.0, 1.0))
        if not long:
            break


@on_cluster("the primary dies and its synchronous standby is promoted", short=True)
def failover(field, draw, long):
    for _ in range(5 if long else 1):
        old = field.primary
        new = next(server for server in field.servers if server is not old)
        old.copy_to(new)
        receipts_go_on(field, 20)
        time.sleep(draw.uniform(0.1, 1.0))
        field.faults += 1
        old.kill_all()
        time.sleep(draw.uniform(0.0, 2.0) if long else 0)
        new.promote()
        field.primary = new
        recovered(field)


@on_cluster("the standby of PostgreSQL is away")
def standby_away(field, draw, long):
    other = next(server for server in field.servers if server is not field.primary)
    field.primary.copy_to(other)
    field.faults += 1
    other.stop()
    # Commits wait for it, and nothing may be promised that only the primary has. Receipts of what was recorded before may be on their way.
    first = field.publisher.next
    time.sleep(3 * PATIENCE_SECONDS)
    promised = field.publisher.receipted(since=first)
    require(not promised, f"receipts came while the synchronous standby was away: {promised[:5]}")
    other.start()
    recovered(field)
    field.primary.set(synchronous_standby_names="")
    field.primary.reload()
    other.stop()
    receipts_go_on(field)


# --- The wire to PostgreSQL ---

@on_cluster("cut in the middle of a COMMIT", short=True)
def break_commit(field, draw, long):
    for how in AT_COMMIT * (4 if long else 1):
        node = field.worker_node()
        wire = node.wires[field.servers.index(field.primary)]
        field.faults += 1
        wire.break_commit(how, draw.randrange(20))
        wait("a COMMIT was broken", 30, lambda: wire.at_commit is None)
        receipts_go_on(field, 20, RECOVERY_SECONDS)
    recovered(field)


@on_cluster("a node is cut off from PostgreSQL", short=True)
def cut_off(field, draw, long):
    for _ in range(4 if long else 1):
        node = field.worker_node()
        node.break_wires(refuse=True)
        node.cut_wires()
        field.worker_node(but=node)
        receipts_go_on(field, 20, RECOVERY_SECONDS)
        require(node.state() != "works", f"{node.name} says that it works, cut off from PostgreSQL")
        node.quiet_wires()
        recovered(field)


@on_cluster("all nodes are cut off from PostgreSQL for a moment")
def cut_all(field, draw, long):
    for _ in range(4):
        field.faults += 1
        for node in field.nodes:
            node.cut_wires()
        recovered(field)


@on_cluster("one direction of the wire is dead", short=True)
def one_direction(field, draw, long):
    for trouble in [{"up": True}, {"down": True}, {"up": True, "down": True}] * (2 if long else 1):
        node = field.worker_node()
        node.break_wires(**trouble)
        time.sleep(draw.uniform(0.5, PATIENCE_SECONDS + 5) if long else 0.7)
        node.quiet_wires()
        recovered(field)


@on_cluster("half open: the node dies and PostgreSQL does not notice", short=True)
def half_open(field, draw, long):
    for _ in range(3 if long else 1):
        node = field.worker_node()
        node.break_wires(keep=True, down=True)
        node.kill()
        # The lock stays with a connection that nobody uses any more: the lease decides.
        field.worker_node(but=node)
        node.quiet_wires()
        recovered(field)


@on_cluster("half open: PostgreSQL's side ends and the node does not notice")
def half_open_server(field, draw, long):
    for _ in range(3):
        node = field.worker_node()
        node.break_wires(keep=True)
        field.sql(BACKENDS.format("convey-%"))
        receipts_go_on(field, 20, RECOVERY_SECONDS)
        node.quiet_wires()
        recovered(field)


@on_cluster("a slow wire")
def slow_wire(field, draw, long):
    for _ in range(3):
        node = field.worker_node()
        node.break_wires(delay=draw.uniform(0.02, 0.3))
        time.sleep(15)
        if draw.random() < 0.5:
            node.kill()
        node.quiet_wires()
        recovered(field)


# --- The broker ---

@on_cluster("the broker restarts, and a node dies")
def broker_restarts(field, draw, long):
    for _ in range(3):
        node = field.worker_node()
        field.faults += 1
        field.broker.stop()
        node.kill()
        field.broker.start()
        recovered(field)


@on_cluster("the broker is killed", short=True)
def broker_killed(field, draw, long):
    # mosquitto loses what it had acknowledged since its last save: to observers, not to publishers that repeat.
    field.broker_lost_messages = True
    for _ in range(3 if long else 1):
        time.sleep(draw.uniform(0.2, 1.0))
        field.faults += 1
        field.broker.stop(signal.SIGKILL)
        time.sleep(draw.uniform(0.1, 1.0))
        field.broker.start()
        recovered(field)


# --- Together, and what a conversation sees ---

@on_cluster("everything at once")
def everything(field, draw, long):
    field.model.trouble = 0.2
    for _ in range(10):
        node = draw.choice(field.nodes)
        trouble = draw.choice(["kill", "pause", "wire", "backends"])
        if trouble == "kill":
            node.kill()
        elif trouble == "pause":
            node.pause()
            threading.Timer(draw.uniform(0.5, 8), node.resume).start()
        elif trouble == "wire":
            node.break_wires(delay=draw.uniform(0, 0.05), refuse=draw.random() < 0.3)
            node.cut_wires()
        else:
            field.faults += 1
            field.sql(BACKENDS.format("convey-shard-%"))
        time.sleep(draw.uniform(0.2, 2.0))
        for node in field.nodes:
            node.quiet_wires()
            if not node.is_running():
                node.launch()
    field.model.trouble = 0.0
    recovered(field)


@on_cluster("the gap that a conversation sees")
def gaps(field, draw, long):
    field.publisher.pause()
    field.publisher.wait_for_receipts(60)
    with Gap(field, field.publisher.subjects[0]) as gap:
        for what, break_it in [("kill -9", "kill"), ("SIGSTOP", "pause"), ("SIGTERM", "stop")] * 5:
            node = field.worker_node()
            gap.of(what, getattr(node, break_it))
            node.resume()
            field.restore()
