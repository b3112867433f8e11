"""What differs between a file and a network stream when FFmpeg opens it."""

from __future__ import annotations

import re

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "rtp", "srt", "tcp")
OPEN_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 10.0
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
ALWAYS_LIVE = ("rtsp", "rtsps", "udp", "rtp", "srt", "tcp")
LISTS = ("hls", "dash")  # formats that name segments, each of which holds seconds of video
_SIZED = ("http", "https")
_SIZE_SAYS_NOTHING = (*LISTS, "sdp", "mpjpeg")  # a list's own, or made up by a camera


def scheme_of(word: str) -> str | None:
    """`http` of `http://host/x`, in small letters; None for everything that is not a URL."""
    found = _SCHEME.match(word)
    return found[1].lower() if found else None


def is_live(scheme: str | None, duration: int | None, size: int, format_name: str) -> bool:
    """A file never is, HTTP only where it has neither a duration nor a size in bytes."""
    sized = scheme in _SIZED and size > 0 and format_name not in _SIZE_SAYS_NOTHING
    endless = (duration is None or duration <= 0) and not sized
    return scheme is not None and (scheme in ALWAYS_LIVE or endless)


def open_options(scheme: str | None) -> dict[str, str]:
    """FFmpeg's options: RTSP over TCP, which loses no packets on the way."""
    return {"rtsp_transport": "tcp"} if scheme in ("rtsp", "rtsps") else {}
