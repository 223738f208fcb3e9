"""A wire between Convey and its broker that loses, repeats, delays, splits and lies."""
import asyncio
import random

from relay import Relay

QUIET = {"cut_after": 0, "duplicate": 0.0, "delay": 0.0, "split": False, "hole": False, "lie": 0.0, "refuse": False}
# Packets that no broker should send: unknown properties, types, ids and lengths.
LIES = [
    bytes([0x20, 0x05, 0x00, 0x00, 0x02, 0xFF, 0x01]),               # CONNACK with an unknown property
    bytes([0x40, 0x02, 0xFF, 0xFE]),                                 # PUBACK for a packet that was never sent
    bytes([0x40, 0x04, 0x00, 0x01, 0x10, 0x00]),                     # PUBACK, success without subscribers
    bytes([0x90, 0x04, 0x12, 0x34, 0x00, 0x80]),                     # SUBACK for nothing
    bytes([0x30, 0x08, 0x00, 0x01, 0x78, 0x02, 0xFF, 0x00, 0x7B, 0x7D]),  # PUBLISH with an unknown property
    bytes([0x36, 0x06, 0x00, 0x01, 0x78, 0x00, 0x01, 0x00]),         # PUBLISH at QoS 3
    bytes([0x34, 0x07, 0x00, 0x01, 0x78, 0x00, 0x01, 0x00, 0x7B]),   # PUBLISH at QoS 2, which nobody requested
    bytes([0xF0, 0x00]),                                             # an unexpected AUTH
    bytes([0x00, 0x00]),                                             # a reserved type
    bytes([0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),                     # a length of five bytes
    bytes([0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0x00, 0x01]),               # 256 MiB that never arrive
    bytes([0xE0, 0x01, 0x8B]),                                       # DISCONNECT: server shutting down
]


class Wire(Relay):
    """Relays 127.0.0.1:`port` to the broker. Set `trouble` entries at any time; they apply from the next packet on."""

    def __init__(self, broker_port, seed):
        self.draw = random.Random(seed)
        self.trouble = dict(QUIET)
        super().__init__(broker_port)

    def quiet(self):
        self.trouble = dict(QUIET)

    def refuses(self):
        return self.trouble["refuse"]

    def carriers(self, client, server):
        limit = self.trouble["cut_after"]
        cut_after = self.draw.randrange(1, limit) if limit else 0
        return [self._carry(client[0], server[1], False, cut_after), self._carry(server[0], client[1], True, cut_after)]

    async def _carry(self, reader, writer, from_broker, cut_after):
        """Packet by packet, so that packets can be repeated and false ones inserted."""
        carried = 0
        while packet := await _packet(reader):
            while self.trouble["hole"]:
                await asyncio.sleep(0.05)
            trouble = self.trouble
            if trouble["delay"]:
                await asyncio.sleep(self.draw.random() * trouble["delay"])
            carried += len(packet)
            if cut_after and carried > cut_after:
                writer.write(packet[:self.draw.randrange(len(packet))])
                await writer.drain()
                return
            if from_broker and self.draw.random() < trouble["lie"]:
                writer.write(self.draw.choice(LIES))
            writer.write(packet)
            # Only a PUBLISH at QoS 1 may come twice.
            if packet[0] >> 4 == 3 and packet[0] & 6 == 2 and self.draw.random() < trouble["duplicate"]:
                writer.write(bytes([packet[0] | 8]) + packet[1:])
            if trouble["split"]:
                await writer.drain()
                await asyncio.sleep(0)
            await writer.drain()


async def _packet(reader):
    """One MQTT packet; empty at the end."""
    try:
        head = await reader.readexactly(2)
        length, shift = head[1] & 127, 7
        while head[-1] & 128 and shift < 28:
            head += await reader.readexactly(1)
            length |= (head[-1] & 127) << shift
            shift += 7
        return head + (await reader.readexactly(length) if length else b"")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
