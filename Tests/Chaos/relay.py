"""What wires have in common: a port of their own, and a thread that carries bytes to a server and back."""
import asyncio
import threading


class Relay:
    """Relays 127.0.0.1:`port` to 127.0.0.1:`target`, from its creation on."""

    def __init__(self, target):
        self.target, self.connections = target, 0
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    # What a wire decides

    def refuses(self):
        """Whether a new connection is closed at once."""
        raise NotImplementedError

    def carriers(self, client, server):
        """Coroutines that carry bytes, for one connection; it ends when one of them does.
        - client, server: the reader and the writer of each side."""
        raise NotImplementedError

    async def ended(self):
        """Called when a side has ended, before the other side is closed."""

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        self.connections += 1
        writers = [writer]
        try:
            if self.refuses():
                return
            server = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(server[1])
            tasks = [asyncio.ensure_future(carrier) for carrier in self.carriers((reader, writer), server)]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await self.ended()
            for task in pending:
                task.cancel()
            await asyncio.gather(*done, *pending, return_exceptions=True)
        except OSError:
            pass
        finally:
            for one in writers:
                one.transport.abort()
