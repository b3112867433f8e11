"""Web servers of videos, and of lists of them (HLS), as cameras and their portals have them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from math import ceil
from pathlib import Path


@contextmanager
def running(server: HTTPServer) -> Iterator[str]:
    """The address of a server at work."""
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def served(data: bytes, says_size: bool, for_s: float = 0) -> Iterator[str]:
    """The address of a plain server's only content, which it sends once for each request.

    Within so many seconds, evenly.
    """
    parts = ceil(25 * for_s) or 1

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if says_size:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            begin = time.monotonic()
            with suppress(OSError):  # who asked has seen enough
                for number in range(parts):
                    time.sleep(max(0, begin + number * for_s / parts - time.monotonic()))
                    self.wfile.write(
                        data[number * len(data) // parts : (number + 1) * len(data) // parts]
                    )

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    with running(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"{address}/clip"


@contextmanager
def served_list(folder: Path, name: str, live: bool) -> Iterator[tuple[str, list[str]]]:
    """The address of a list in a folder, and what was asked for so far.

    A live one says only when it is asked for again that it is whole.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.path.lstrip("/")
            data = (folder / wanted).read_bytes()
            if live and wanted not in asked:
                data = data.replace(b"#EXT-X-ENDLIST", b"")
            asked.append(wanted)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"{address}/{name}", asked
