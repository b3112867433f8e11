"""A video file as cameras on the network send it: over HTTP on this machine, at its own pace."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

LISTED = 3  # segments that a list names


class Segments:
    """A video cut at keyframes into parts of `seconds` or more; a list names what is there so far.

    Each camera begins when it is first asked, with as many segments as a list names.
    """

    def __init__(self, video: Path, seconds: float) -> None:
        self._parts, self._seconds = cut(video, seconds)
        self._began: dict[str, float] = {}

    def listed(self, camera: str) -> bytes:
        now = time.monotonic()
        passed_s = now - self._began.setdefault(camera, now - sum(self._seconds[:LISTED]))
        ready = sum(end <= passed_s for end in accumulate(self._seconds))
        first = max(0, ready - LISTED)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{max(self._seconds):.0f}"]
        lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for number in range(first, ready):
            lines += [f"#EXTINF:{self._seconds[number]:.3f},", f"{number}.ts"]
        lines += ["#EXT-X-ENDLIST"] * (ready == len(self._parts))
        return ("\n".join(lines) + "\n").encode()

    def part(self, number: int) -> bytes:
        return self._parts[number]


def cut(video: Path, seconds: float) -> tuple[list[bytes], list[float]]:
    """MPEG-TS in parts that follow each other without a gap, and the length of each in seconds."""
    starts: list[tuple[float, int]] = []  # seconds, bytes
    end_s, written = 0.0, io.BytesIO()
    # Each part can be understood alone.
    options = {"flush_packets": "1", "mpegts_flags": "pat_pmt_at_frames"}
    with av.open(str(video)) as clip, av.open(written, "w", "mpegts", options=options) as out:
        stream = clip.streams.video[0]
        copy = out.add_stream_from_template(stream)
        for packet in clip.demux(stream):
            if not packet.size:
                continue
            at = seconds_of(packet.pts, packet)
            end_s = max(end_s, at + seconds_of(packet.duration, packet))
            if packet.is_keyframe and (not starts or at - starts[-1][0] >= seconds - 1e-3):
                starts.append((at, written.tell()))
            packet.stream = copy
            out.mux(packet)
        whole = written.getvalue()
    ends = [*starts[1:], (end_s, len(whole))]
    parts = [whole[a:b] for (_, a), (_, b) in zip(starts, ends, strict=True)]
    return parts, [after - at for (at, _), (after, _) in zip(starts, ends, strict=True)]


def seconds_of(ticks: int | None, packet: Packet[Any]) -> float:
    """A packet's time, 0 where it is not told."""
    return float((ticks or 0) * (packet.time_base or 0))


def send_paced(video: Path, to: Any) -> None:
    """MPEG-TS, each packet when its time has come."""
    begin = time.monotonic()
    with (
        av.open(str(video)) as clip,
        av.open(to, "w", format="mpegts", options={"flush_packets": "1"}) as out,
    ):
        stream = clip.streams.video[0]
        copy = out.add_stream_from_template(stream)
        for packet in clip.demux(stream):
            if packet.size:
                due_s = seconds_of(packet.dts, packet) - (time.monotonic() - begin)
                time.sleep(max(0.0, due_s))
                packet.stream = copy
                out.mux(packet)


class Handler(BaseHTTPRequestHandler):
    """`/NAME.ts` is a stream of the whole video, `/NAME/live.m3u8` a list of its segments."""

    def __init__(self, video: Path, segments: Segments | None, *args: Any) -> None:
        self._video, self._segments = video, segments
        super().__init__(*args)

    def do_GET(self) -> None:
        _, camera, *rest = self.path.split("/")
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):  # who asked has gone
            if self._segments is None:
                send_paced(self._video, self.wfile)
            elif rest[0].endswith(".m3u8"):
                self.wfile.write(self._segments.listed(camera))
            else:
                self.wfile.write(self._segments.part(int(rest[0].removesuffix(".ts"))))

    def log_message(self, *args: object) -> None: ...


@contextmanager
def broadcast(video: Path, cameras: int, segment_s: float | None) -> Iterator[list[str]]:
    """The addresses of so many live cameras, all of which show the video once.

    With `segment_s` they send lists of segments of so many seconds (HLS), otherwise streams.
    """
    segments = None if segment_s is None else Segments(video, segment_s)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, video, segments))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    end = ".ts" if segments is None else "/live.m3u8"
    try:
        yield [f"http://127.0.0.1:{server.server_port}/camera{n}{end}" for n in range(cameras)]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
