"""A web server of video lists (HLS), as cameras and their portals have them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


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

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{name}", asked
        finally:
            server.shutdown()
            thread.join()
