"""A long attack on a complete Convey: real broker, real files, real processes, and a checker that knows every receipt.

    make chaos [CLUSTER=1] [MINUTES=30] [SEED=n] [ONLY=words]

The attacks run one after another under traffic: processes are killed, disks fail, power is cut, wires lose and repeat, clocks jump,
clients misbehave. With CLUSTER=1 several nodes share a journal in PostgreSQL, and that is attacked too. After each attack everything
settles, and the journal is compared with every receipt and every published event. The run ends with `convey verify` and a table; exit
status 0 if nothing was lost, doubled, missing or invented.
"""
import argparse
import functools
import os
import random
import shutil
import signal
import statistics
import sys
import time
import traceback

from attacks import ATTACKS
from checker import check
from cluster import Cluster
from cluster_attacks import CLUSTER_ATTACKS
from field import Field, Trouble

SETTLE_SECONDS = 120
SUBJECTS = 8                # conversations of an attack
# Signals per second for a cluster: what conversations have left to answer behind an attack is soon done.
CLUSTER_RATE, SHORT_CLUSTER_RATE = 150, 60
ATTACKS_PER_FIELD = 30      # then the journal is verified and a new one begins, so that a long run does not fill the disk
SHORT_ATTACKS_PER_FIELD = 15   # so that a short run has a journal with one shard and one with several
SHARDS = (1, 4)             # of a journal
NODES, SHORT_NODES = 3, 2   # of a cluster
COLUMNS = ["attack", "seconds", "published", "receipts", "lost", "doubled", "holes", "invented", "endless", "reordered", ""]


def main():
    options = parse()
    print(f"seed {options.seed}", flush=True)
    draw = random.Random(options.seed)
    run = Run(options, draw)
    deadline = time.monotonic() + options.minutes * 60
    names = [name for name in run.known if options.only in name and (run.known[name].short or not options.short)]
    if not names:
        sys.exit(f"no attack's name has {options.only!r}; there are: {', '.join(run.known)}")
    # SIGTERM like Ctrl-C: what was started ends with this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            if not options.short:
                draw.shuffle(names)
            for name in names:
                if not options.short and time.monotonic() > deadline:
                    break
                run.attack(name)
            if options.short or time.monotonic() > deadline:
                break
    except KeyboardInterrupt:
        if run.field:
            run.field.close(keep=False)
        raise
    run.end_field()
    run.table()
    run.gap_table()
    sys.exit(1 if run.failed else 0)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--convey", required=True, help="the binary")
    parser.add_argument("--cluster", action="store_true", help="several nodes with a journal in PostgreSQL")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--short", action="store_true", help="each attack once and briefly: about 3 minutes; with --cluster some of them: 1 minute")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--only", default="", help="attacks whose name has these words")
    parser.add_argument("--keep", action="store_true", help="leave the directory with journal and logs behind")
    options = parser.parse_args()
    options.convey = os.path.abspath(options.convey)
    os.environ.setdefault("CHAOS_PYTHON", sys.executable)
    if shutil.which("mosquitto_passwd") is None:
        sys.exit("mosquitto is not installed; make install installs it")
    return options


class Run:
    def __init__(self, options, draw):
        self.options, self.draw = options, draw
        self.field, self.attacks, self.rows, self.failed = None, 0, [], False
        self.faults, self.gaps = 0, {}   # of clusters
        self.known = CLUSTER_ATTACKS if options.cluster else ATTACKS
        self.rate = (SHORT_CLUSTER_RATE if options.short else CLUSTER_RATE) if options.cluster else None
        self.shards = draw.choice(SHARDS)   # of the next field

    def begin_field(self):
        kind = Field
        if self.options.cluster:
            kind = functools.partial(Cluster, nodes=SHORT_NODES if self.options.short else NODES)
        self.field, self.attacks = kind(self.options.convey, self.draw.random(), self.shards), 0
        self.field.first_start()
        self.shards = next(count for count in SHARDS if count != self.shards)

    def attack(self, name):
        if self.field is not None and self.field.shards < self.known[name].shards:
            self.end_field()
        if self.field is None:
            if self.shards < self.known[name].shards:
                self.shards = max(SHARDS)
            self.begin_field()
        self.attacks += 1
        field = self.field
        subjects = [f"a{len(self.rows)}-{index}" for index in range(SUBJECTS)]
        began, published = time.monotonic(), field.publisher.attempts
        receipts, words, findings, faults = field.publisher.receipt_count(), "", None, field.faults
        field.broker_lost_messages = False
        field.publisher.begin(subjects, self.rate)
        try:
            words = self.known[name](field, self.draw, not self.options.short) or ""
            field.settle(SETTLE_SECONDS)
            findings = check(field, subjects, observed_all=not field.broker_lost_messages,
                             ordered=self.options.cluster and not field.broker_lost_messages)
            field.check_history()
        except Trouble as trouble:
            words = f"FAILED: {trouble}"
        except Exception:
            words = "FAILED: " + traceback.format_exc()
        if field.publisher.refused:
            words += f" FAILED: refused {field.publisher.refused[0]}"
            field.publisher.refused.clear()
        counts = [len(found) for found in vars(findings).values()] if findings else ["-"] * 6
        if field.faults > faults:
            words = f"{field.faults - faults} faults {words}"
            self.faults += field.faults - faults
        row = [name if field.shards == 1 else f"{name} ({field.shards} shards)", f"{time.monotonic() - began:.1f}",
               field.publisher.attempts - published, field.publisher.receipt_count() - receipts, *counts, words.splitlines()[0] if words else ""]
        self.rows.append(row)
        print("  ".join(str(cell) for cell in row), flush=True)
        for line in findings.lines() if findings else words.splitlines()[1:]:
            print("    " + line, flush=True)
        if "FAILED" in words or (findings and not findings.ok):
            self.failed = True
            # Leftovers in the field would be blamed on the next attack.
            self.end_field(failed=True)
        elif self.attacks >= (SHORT_ATTACKS_PER_FIELD if self.options.short else ATTACKS_PER_FIELD):
            self.end_field()

    def end_field(self, failed=False):
        """Stops Convey, verifies its journal, and looks at every receipt of the field once more."""
        if self.field is None:
            return
        field, self.field = self.field, None
        for what, gaps in field.gaps.items():
            self.gaps.setdefault(what, []).extend(gaps)
        try:
            if not failed:
                everything = {signal.subject for signal in field.publisher.signals.values()}
                findings = check(field, sorted(everything), observed_all=False)
                if not findings.ok:
                    raise Trouble("at the end: " + "; ".join(findings.lines()))
                field.stop()
                field.verify()
                print(f"verified: {len(everything)} conversations", flush=True)
        except Exception as trouble:
            failed = self.failed = True
            print(f"FAILED: {trouble}", flush=True)
        if failed:
            print(f"kept {field.directory}", flush=True)
        field.close(keep=failed or self.options.keep)

    def table(self):
        total = ["total", f"{sum(float(row[1]) for row in self.rows):.0f}"]
        total += [sum(row[index] for row in self.rows if row[index] != "-") for index in range(2, 10)]
        total.append(f"{self.faults} faults" if self.faults else "")
        rows = [COLUMNS, *self.rows, total]
        widths = [max(len(str(row[index])) for row in rows) for index in range(len(COLUMNS) - 1)]
        print()
        for row in rows:
            cells = [str(cell).ljust(width) if index == 0 else str(cell).rjust(width)
                     for index, (cell, width) in enumerate(zip(row, widths))]
            print("  ".join(cells) + "  " + str(row[-1])[:100])
        print("FAILED" if self.failed else "ok: nothing lost, doubled, missing or invented", flush=True)

    def gap_table(self):
        """The longest time without a marker that a conversation with 50 signals per second saw, by fault."""
        for what, gaps in self.gaps.items():
            print(f"gap at {what}: median {statistics.median(gaps):.2f} s, {min(gaps):.2f} to {max(gaps):.2f} s, "
                  f"{len(gaps)} times")


if __name__ == "__main__":
    main()
