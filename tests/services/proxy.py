# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of a server, which can do to connections what networks do."""
import asyncio
import threading

CHUNK = 1 << 16


class Proxy:
    """Passes bytes on to `port` of this machine, on a thread of its own. Its methods may be called from
    any thread."""

    def __init__(self, port):
        self.port, self.writers = port, set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.call(self.start())

    def call(self, what):
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(30)

    async def start(self):
        self.passing = asyncio.Event()
        self.passing.set()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, far_writer}
        try:
            await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        finally:
            self.writers -= {writer, far_writer}

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(CHUNK):
                await self.passing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # its other end is told below
        writer.transport.abort()

    def cut(self):
        """Resets every connection there is, in the middle of whatever it says."""
        self.call(self.abort_all())

    async def abort_all(self):
        for writer in list(self.writers):
            writer.transport.abort()

    def hold(self):
        """Nothing passes any more, and nobody is told, until let_go()."""
        self.loop.call_soon_threadsafe(self.passing.clear)

    def let_go(self):
        self.loop.call_soon_threadsafe(self.passing.set)

    def close(self):
        self.let_go()
        self.call(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    async def end(self):
        self.server.close()
        await self.abort_all()
