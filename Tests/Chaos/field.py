"""The parts of a run: a broker with roles, Convey behind a wire and on a disk that can be made to fail, a model, a tool worker."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from disk import Disk, compile_shim
from model import Model
from traffic import Observer, Publisher
from wire import Wire

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
ROLES = ["convey", "host", "bridge", "projection", "tool-weather", "kiosk-7"]
START_SECONDS = 60
PORT_IN_USE = 69   # Convey's exit status, among other reasons
SHARD_ENDED = b"a shard has failed; the others continue"   # in Convey's log


class Trouble(Exception):
    """A description of something that must not happen."""


def wait(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Trouble(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def http_get(port, path, seconds=10):
    """The status and the body of an answer; status 0 where nothing answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (OSError, http.client.HTTPException):
        return 0, b""


class Broker:
    """A mosquitto with the access rules of broker/acl.example and a password for each role."""

    def __init__(self, directory, password):
        self.directory, self.port = directory, free_port()
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        self.command = [mosquitto, "-c", os.path.join(directory, "mosquitto.conf")]
        passwords = os.path.join(directory, "passwords")
        for index, role in enumerate(ROLES):
            subprocess.run(["mosquitto_passwd", *(["-c"] if index == 0 else []), "-b", passwords, role, password(role)],
                           check=True)
        rules = os.path.join(directory, "acl")
        shutil.copyfile(os.path.join(PROJECT, "broker", "acl.example"), rules)
        for file in (passwords, rules):
            os.chmod(file, 0o600)
        with open(self.command[2], "w") as file:
            file.write(f"""listener {self.port} 127.0.0.1
allow_anonymous false
password_file {passwords}
acl_file {rules}
persistence true
persistence_location {directory}/
max_queued_messages 0
max_inflight_messages 6000
max_packet_size 1048576
set_tcp_nodelay true
user {os.environ.get("USER", "root")}
log_dest file {directory}/mosquitto.log
""")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait("mosquitto listens", 20, self._listens)

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(20)

    def freeze(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)


class Surroundings:
    """What Convey works with: a broker, a model, a tool worker, and those who talk to it. `get` asks Convey, wherever it runs."""

    def __init__(self, convey, seed, shards):
        self.convey, self.seed, self.shards = convey, seed, shards
        self.tags = {}   # of the shards, from the ids of published events
        self.directory = tempfile.mkdtemp(prefix="convey-chaos-")
        self.broker = Broker(self.directory, self.password)
        self.broker.start()
        self.model = Model(seed)
        self.worker = None
        self.log = open(os.path.join(self.directory, "convey.log"), "ab")
        self.start_worker()
        self.publisher, self.observer = Publisher(self, seed), Observer(self)
        # Set by attacks after which the broker cannot have delivered everything.
        self.broker_lost_messages = False
        self.faults = 0
        self.gaps = {}   # seconds without a marker, by what happened

    @staticmethod
    def password(role):
        return f"secret-{role}"

    def _write_config(self, name, broker_port, http_port, **more):
        """Writes a configuration for `convey serve` and returns its path."""
        config = {
            "http": {"address": f"127.0.0.1:{http_port}"},
            "broker": {"url": f"mqtt://127.0.0.1:{broker_port}", "username": "convey", "client_id": "convey"},
            "llm": {"base_url": f"http://127.0.0.1:{self.model.port}/v1", "model": "chaos", "coalesce_delay": "5ms"},
            "effects": {"llm": {"backoff": "100ms", "backoff_limit": "500ms"},
                        "tool": {"backoff": "100ms", "backoff_limit": "500ms"}},
            "tools": {"weather": {"description": "The weather in a city", "timeout": "5s", "parameters": {
                "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
            "shutdown": {"timeout": "15s"}, **more,
        }
        path = os.path.join(self.directory, f"{name}.yaml")
        with open(path, "w") as file:
            json.dump(config, file)  # JSON is YAML.
        return path

    def _environment(self):
        return dict(os.environ, CONVEY_BROKER_PASSWORD=self.password("convey"))

    def start_worker(self):
        secret = os.path.join(self.directory, "worker.password")
        with open(secret, "w") as file:
            file.write(self.password("tool-weather"))
        self.worker = subprocess.Popen(
            [os.environ["CHAOS_PYTHON"], os.path.join(PROJECT, "examples", "tool_worker.py"), "--broker", f"mqtt://127.0.0.1:{self.broker.port}",
             "--username", "tool-weather", "--password-file", secret, "--tool", "weather",
             "--log", os.path.join(self.directory, "worker.jsonl")],
            stdout=self.log, stderr=self.log)

    # Questions

    def get(self, path, seconds=10):
        """The status and the body of an answer over HTTP; status 0 where nothing answers."""
        raise NotImplementedError

    def ask(self, path):
        status, body = self.get(path, 30)
        if status != 200:
            raise Trouble(f"GET {path} answers {status} {body[:300]!r}")
        return json.loads(body)

    def metric(self, name):
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return 0.0

    def settle(self, seconds):
        """Waits until each signal has its receipt, nothing is under way, and everything is published."""
        self.publisher.pause()
        if not self.publisher.wait_for_receipts(seconds):
            raise Trouble(f"{len(self.publisher.open)} signals have no receipt after {seconds} s")
        wait("no effect is under way", seconds, lambda: not self.ask("/v1/effects?limit=1")["effects"])
        wait("everything is applied and published", seconds,
             lambda: self.metric("convey_queue_depth") == 0 and self.metric("convey_outbox_lag") == 0)

    def check_history(self):
        """Raises Trouble where what was noted beside the journal shows that a rule was broken."""

    def _verify(self, data):
        result = subprocess.run([self.convey, "verify", "--data", data], capture_output=True, text=True, timeout=600,
                                env=dict(os.environ))
        if result.returncode != 0:
            raise Trouble(f"convey verify: {(result.stdout + result.stderr)[-2_000:]}")

    def _close(self, keep, processes):
        self.publisher.close()
        self.observer.close()
        for process in (*processes, self.worker, self.broker.process):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        self.model.server.shutdown()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)


class Field(Surroundings):
    """Convey on a disk that can be made to fail, behind a wire to its broker. `start`, `kill` and `stop` are Convey's."""

    def __init__(self, convey, seed, shards=1):
        super().__init__(convey, seed, shards)
        self.data = os.path.join(self.directory, "data")
        self.http_port = free_port()
        self.wire = Wire(self.broker.port, seed)
        self.disk = Disk(compile_shim(self.directory), self.directory, self.data)
        self.process = None
        self._configure()

    def _configure(self):
        self.config = self._write_config("convey", self.wire.port, self.http_port, node="chaos", data={"dir": self.data},
                                         journal={"shards": self.shards})

    def launch(self, recording=False, prefix=()):
        """Starts Convey without waiting for it."""
        self.log_start = os.path.getsize(self.log.name)
        environment = self._environment() | self.disk.environment(recording)
        self.process = subprocess.Popen([*prefix, self.convey, "serve", "--config", self.config],
                                        env=environment, stdout=self.log, stderr=self.log)

    def start(self, recording=False, prefix=()):
        self.launch(recording, prefix)
        self.wait_until_ready()

    def first_start(self):
        """The port for HTTP was free a moment ago; another process may have taken it since."""
        for _ in range(3):
            self.launch()
            try:
                return self.wait_until_ready()
            except Trouble:
                if self.process.poll() != PORT_IN_USE:
                    raise
                self.http_port = free_port()
                self._configure()
        raise Trouble("no free port for HTTP")

    def wait_until_ready(self):
        wait("Convey is ready", START_SECONDS, self.is_ready)

    def is_ready(self):
        if self.process.poll() is not None:
            raise Trouble(f"Convey ended with {self.process.returncode} while it started; see {self.log.name}")
        return self.get("/readyz")[0] == 200

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.is_running():
            self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; it must end by itself."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Trouble("Convey did not end within 40 s of SIGTERM") from None
        if code != 0:
            raise Trouble(f"Convey ended with {code} after SIGTERM")

    def restart_until_ready(self):
        """For attacks after which Convey, or one of several shards, may have ended as it should: then starts it again."""
        if not self.is_running():
            self.process.wait()
            self.launch()
        wait("Convey is ready", START_SECONDS, self._is_ready_after_restart)

    def _is_ready_after_restart(self):
        if self.has_ended_shard():
            self.kill()
            self.launch()
        return self.is_ready()

    def has_ended_shard(self):
        """Whether a shard has ended since the last launch: the process continues for the others, but that shard does not return."""
        with open(self.log.name, "rb") as file:
            file.seek(self.log_start)
            return SHARD_ENDED in file.read()

    def shard_of(self, subject):
        """The shard of a conversation that the publisher knows, and Convey perhaps not yet."""
        path = f"/v1/conversations/{subject}/events?limit=1"
        wait(f"{subject} has a record", START_SECONDS, lambda: self.get(path)[0] == 200)
        return self.ask(path)["events"][0]["partition"] % self.shards

    def resident_megabytes(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))

    def get(self, path, seconds=10):
        return http_get(self.http_port, path, seconds)

    def verify(self):
        self._verify(self.data)

    def close(self, keep):
        self._close(keep, [self.process])
