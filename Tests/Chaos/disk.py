"""The disk and the clock of a process: orders to disk.c, and files as a power failure would leave them."""
import mmap
import os
import random
import shutil
import struct
import subprocess

ORDERS = ["clock_offset_ns", "kill_at_write", "kill_at_sync", "write_error", "sync_error", "short_writes",
          "sync_delay_us", "writes", "syncs", "only_shard"]
SECTOR = 512


def compile_shim(directory):
    """Builds disk.so in `directory` and returns its path."""
    library = os.path.join(directory, "disk.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "disk.c")
    compiler = os.environ.get("CC") or shutil.which("cc") or "clang"   # Swift brings clang
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library


class Disk:
    """Orders to the shim inside a running process. `disk.order(sync_error=errno.EIO)`; `disk.order()` ends all faults."""

    def __init__(self, library, directory, data):
        self.library, self.data = library, data
        self.control_path = os.path.join(directory, "disk.control")
        self.log_path = os.path.join(directory, "disk.log")
        with open(self.control_path, "wb") as file:
            file.write(bytes(8 * len(ORDERS)))
        self.file = open(self.control_path, "r+b")
        self.control = mmap.mmap(self.file.fileno(), 0)

    def environment(self, recording=False):
        os.makedirs(self.data, exist_ok=True)
        environment = {"LD_PRELOAD": self.library, "CHAOS_ROOT": self.data, "CHAOS_CONTROL": self.control_path}
        if recording:
            environment["CHAOS_LOG"] = self.log_path
        return environment

    def order(self, **orders):
        """Sets the named orders; without any, clears all."""
        for name in orders or [name for name in ORDERS if name not in ("writes", "syncs")]:
            struct.pack_into("q", self.control, 8 * ORDERS.index(name), orders.get(name, 0))

    def read(self, name):
        return struct.unpack_from("q", self.control, 8 * ORDERS.index(name))[0]

    # Power cuts

    def begin_recording(self):
        """Remembers the current files, all synced: call it while nothing runs."""
        self.before = self.log_path + ".before"
        shutil.rmtree(self.before, ignore_errors=True)
        shutil.copytree(self.data, self.before)
        if os.path.exists(self.log_path):
            os.remove(self.log_path)

    def cut_power(self, keep, seed):
        """Restores the files as a power failure might leave them: synced data, and of the rest `none`, `half` (each write
        with a probability of one half, one of them torn) or `all`. The process must be dead."""
        draw = random.Random(seed)
        files, unsynced = self._load(), {}
        for operation, path, offset, data in self._entries():
            if operation == "s":
                for change in unsynced.pop(path, []):
                    _apply(files, path, *change)
            elif operation == "u":
                files.pop(path, None)
                unsynced.pop(path, None)
            elif operation == "r":
                target = data.decode()
                files[target] = files.pop(path, bytearray())
                unsynced[target] = unsynced.pop(path, [])
            else:
                unsynced.setdefault(path, []).append((operation, offset, data))
        kept = 0
        for path, changes in unsynced.items():
            for change in _survivors(changes, keep, draw):
                _apply(files, path, *change)
                kept += 1
        self._store(files)
        return sum(map(len, unsynced.values())), kept

    def _entries(self):
        head = struct.Struct("<cHqI")
        with open(self.log_path, "rb") as file:
            log = file.read()
        at = 0
        while at + head.size <= len(log):
            operation, path_length, offset, length = head.unpack_from(log, at)
            end = at + head.size + path_length + length
            if end > len(log):
                return
            path = log[at + head.size:at + head.size + path_length].decode()
            yield operation.decode(), path, offset, log[end - length:end]
            at = end

    def _load(self):
        files = {}
        for folder, _, names in os.walk(self.before):
            for name in names:
                whole = os.path.join(folder, name)
                if not name.endswith("-shm"):
                    with open(whole, "rb") as file:
                        files[os.path.relpath(whole, self.before)] = bytearray(file.read())
        return files

    def _store(self, files):
        shutil.rmtree(self.data)
        for path, data in files.items():
            whole = os.path.join(self.data, path)
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            with open(whole, "wb") as file:
                file.write(data)


def _survivors(changes, keep, draw):
    if keep == "none":
        return []
    if keep == "all":
        return changes
    kept = [change for change in changes if draw.random() < 0.5]
    for index in range(len(kept) - 1, -1, -1):
        operation, offset, data = kept[index]
        if operation == "w" and len(data) > SECTOR:
            kept[index] = (operation, offset, data[:draw.randrange(1, len(data) // SECTOR + 1) * SECTOR])
            break
    return kept


def _apply(files, path, operation, offset, data):
    file = files.setdefault(path, bytearray())
    if operation == "t":
        if offset < len(file):
            del file[offset:]
        else:
            file.extend(bytes(offset - len(file)))
        return
    if offset > len(file):
        file.extend(bytes(offset - len(file)))
    file[offset:offset + len(data)] = data
