"""A wire between a node and PostgreSQL that can be cut in every direction, be slow or half open, also in the middle of a COMMIT."""
import asyncio

from relay import Relay

QUIET = {"refuse": False,   # no new connections
         "delay": 0.0,      # seconds for each piece, in both directions
         "up": False,       # nothing reaches the server; the connection stays open
         "down": False,     # nothing comes from the server
         "keep": False}     # the end of one side is not handed on: the other side's connection stays open
# What can happen at a COMMIT of the connection that owns a shard. What the server does: nothing, it rolls back; one or the other; it
# commits. What the client sees: the connection ends; or it is silent.
AT_COMMIT = ["before", "at once", "after", "silent"]
CHUNK = 65_536


class DatabaseWire(Relay):
    """Relays 127.0.0.1:`port` to the server. Set `trouble` entries at any time; they hold from the next bytes on."""

    def __init__(self, server_port):
        self.trouble = dict(QUIET)
        self.at_commit, self.commits_left = None, 0
        self.open = set()   # the transports of all connections
        super().__init__(server_port)

    def quiet(self):
        self.trouble, self.at_commit = dict(QUIET), None

    def cut(self):
        """Ends all connections."""
        self.loop.call_soon_threadsafe(lambda: [transport.abort() for transport in list(self.open)])

    def break_commit(self, how, after):
        """Breaks the connection of a shard's owner at a COMMIT, once.
        - how: one of AT_COMMIT.
        - after: COMMITs that pass before."""
        self.commits_left, self.at_commit = after, how

    def refuses(self):
        return self.trouble["refuse"]

    def carriers(self, client, server):
        link = Link(self, client, server)
        self.open |= link.transports
        return [link.carry_up(), link.carry_down()]

    async def ended(self):
        while self.trouble["keep"]:
            await asyncio.sleep(0.05)
        self.open = {transport for transport in self.open if not transport.is_closing()}

    async def hold(self, direction):
        while self.trouble[direction]:
            await asyncio.sleep(0.02)
        if self.trouble["delay"]:
            await asyncio.sleep(self.trouble["delay"])


class Link:
    """One connection. What the client sends is read message by message, so that a COMMIT is seen."""

    def __init__(self, wire, client, server):
        self.wire, self.client, self.server = wire, client, server
        self.transports = {client[1].transport, server[1].transport}
        self.is_owner = False      # of a shard
        self.commits = set()       # names of prepared statements
        self.answers = True        # whether what the server sends is handed on
        self.committed = asyncio.Event()   # the server has answered a COMMIT whose answer is not handed on

    async def carry_up(self):
        reader, writer = self.client[0], self.server[1]
        length = await reader.readexactly(4)
        startup = length + await reader.readexactly(int.from_bytes(length, "big") - 4)
        self.is_owner = b"convey-shard-" in startup
        writer.write(startup)
        while message := await _message(reader):
            await self.wire.hold("up")
            if self._is_commit(message) and self._is_to_break():
                await self._break_commit(message)
                return
            writer.write(message)
            await writer.drain()

    def _is_commit(self, message):
        if not self.is_owner:
            return False
        kind, strings = message[:1], message[5:].split(b"\0", 2)
        if kind == b"P" and strings[1] == b"COMMIT":
            self.commits.add(strings[0])
        return kind == b"B" and strings[1] in self.commits

    def _is_to_break(self):
        if self.wire.at_commit is None:
            return False
        self.wire.commits_left -= 1
        return self.wire.commits_left < 0

    async def _break_commit(self, message):
        how, self.wire.at_commit = self.wire.at_commit, None
        reader, writer = self.client[0], self.server[1]
        if how == "before":
            return
        self.answers = how == "at once"
        while message and message[:1] != b"S":   # up to the Sync
            writer.write(message)
            message = await _message(reader)
        writer.write(message)
        await writer.drain()
        if how != "at once":
            await asyncio.wait_for(self.committed.wait(), 10)
        if how == "silent":
            await reader.read()   # until the client gives up

    async def carry_down(self):
        reader, writer = self.server[0], self.client[1]
        while chunk := await reader.read(CHUNK):
            await self.wire.hold("down")
            if self.answers:
                writer.write(chunk)
                await writer.drain()
            elif chunk.endswith(b"Z\0\0\0\x05I"):   # ready for the next query
                self.committed.set()


async def _message(reader):
    """One message of the protocol (postgresql.org/docs/15/protocol-message-formats.html); empty at the end."""
    try:
        head = await reader.readexactly(5)
        return head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
