"""A PostgreSQL server with a directory of its own: started, stopped, crashed, copied to a standby, promoted."""
import glob
import os
import signal
import subprocess
import time

from field import Trouble, free_port, wait

SYSTEM_USER = "postgres"   # PostgreSQL does not run as root
SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "wal_level": "replica", "max_wal_senders": "4",
    "hot_standby": "on", "wal_receiver_status_interval": "1s", "shared_buffers": "32MB",
}


def find_program(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise Trouble(f"PostgreSQL is not installed: there is no /usr/lib/postgresql/*/bin/{name}")
    return found[-1]


def _as_server_user(command):
    if os.getuid() != 0:
        return command
    return ["setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--clear-groups", *command]


class Server:
    """Listens on 127.0.0.1:`port`. Everybody on this machine may log in; `postgres` is the superuser."""

    def __init__(self, directory, name):
        """- directory: of the run; the user postgres must be able to make files there."""
        self.name, self.port, self.directory = name, free_port(), os.path.join(directory, name)
        self.log = open(os.path.join(directory, f"{name}.log"), "ab")
        self.process = None

    def create(self):
        # Without syncing its many files: only the server itself must be durable.
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", self.directory)
        self.set(**SETTINGS)

    def set(self, **settings):
        """Settings that hold from the next start, or `reload`, on."""
        with open(os.path.join(self.directory, "postgresql.auto.conf"), "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def reload(self):
        self.sql("SELECT pg_reload_conf()")

    def start(self):
        deadline = time.monotonic() + 60
        while True:
            if self.process is None or self.process.poll() is not None:
                # Right after a crash the processes of the former server may not have ended yet.
                self.process = subprocess.Popen(
                    _as_server_user([find_program("postgres"), "-D", self.directory, "-p", str(self.port)]),
                    stdout=self.log, stderr=self.log, env=dict(os.environ, LC_ALL="C"))
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise Trouble(f"PostgreSQL does not start; see {self.log.name}")
            time.sleep(0.05)

    def _answers(self):
        return subprocess.run(["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGINT):
        """SIGTERM waits for clients, SIGINT ends them, SIGQUIT is a crash that they are told of."""
        self.process.send_signal(how)
        self.process.wait(60)

    def kill(self):
        """Only the postmaster; its processes notice."""
        self.process.kill()
        self.process.wait()

    def kill_all(self):
        """As if the machine had died: all processes at once."""
        children = [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _parent(entry) == self.process.pid]
        for process in [self.process.pid, *children]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def copy_to(self, standby):
        """Makes `standby` a synchronous standby: from now on a commit is acknowledged when it is there too."""
        subprocess.run(["rm", "-rf", standby.directory], check=True)
        self._run("pg_basebackup", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-D", standby.directory,
                  "-R", "--checkpoint=fast", "--no-sync")
        standby.set(primary_conninfo=f"host=127.0.0.1 port={self.port} user=postgres application_name={standby.name}",
                    synchronous_standby_names="")
        standby.start()
        self.set(synchronous_standby_names=f"ANY 1 ({standby.name})")
        self.reload()
        wait(f"{standby.name} is a synchronous standby", 30,
             lambda: self.sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum' AND state = 'streaming'") == "1")

    def promote(self):
        self.sql("SELECT pg_promote()")
        wait(f"{self.name} is the primary", 30, lambda: self.sql("SELECT pg_is_in_recovery()") == "f")

    def sql(self, text, database="postgres"):
        """Runs SQL as the superuser and returns the rows without headers: lines, columns separated by `|`."""
        result = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
             "-d", database, "-f", "-"], input=text, capture_output=True, text=True, timeout=60)
        if result.returncode != 0:
            raise Trouble(f"psql: {result.stderr.strip()}")
        return result.stdout.strip()

    def _run(self, program, *arguments):
        result = subprocess.run(_as_server_user([find_program(program), *arguments]), stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, timeout=120, env=dict(os.environ, LC_ALL="C"), cwd="/")
        if result.returncode != 0:
            raise Trouble(f"{program}: {result.stderr.strip()}")


def _parent(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError):
        return 0
