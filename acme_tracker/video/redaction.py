"""Keeps passwords out of everything that is shown, logged or named after a source."""

from __future__ import annotations

import re

HIDDEN = "***"
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_MISTYPED = re.compile(r"[^\s:@/]*:[^\s@]+@")  # user:password@ where no proper URL is
_HOST_AND_PORT = re.compile(r"(localhost|\[[0-9A-Fa-f:]+\]|[\w-]+(\.[\w-]+)+)(:\d+)?")
_SECRET_PARAMETER = re.compile(
    r"(?P<key>[?&;#][^=&;#?]*"
    r"(?:pass|pwd|token|secret|key|auth|sig|credential|session|user|login)[^=&;#?]*=)[^&;#]*",
    re.IGNORECASE,
)
# rtsp://host/user=admin_password=x_channel=1_stream=0.sdp, of cheap recorders
_SECRET_IN_PATH = re.compile(
    r"(?P<key>[/_](?:user(?:name)?|login|pass(?:word|wd)?|pwd)=)[^/?#&]*?(?=_[a-z]+=|[/?#&]|$)",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 100
_MOST_BYTES = 200  # of 255 that file systems take: "-2", times and endings come behind it


def spelled_out(text: str) -> str:
    """A path as text: bytes of a file name that are none are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def redact(word: str) -> str:
    """A source's word with its user, password and secret parameters hidden; paths come back whole.

    A password may hold "@", "/" or "?" that nobody encoded. Where that makes a URL ambiguous,
    rather too much of it is hidden. Bytes of a file name that are no text are spelled out.
    """
    word = spelled_out(word)
    url = _URL.match(word)
    if url is None:
        return _MISTYPED.sub(f"{HIDDEN}@", word)
    rest = url["rest"]
    if "@" in rest and not _HOST_AND_PORT.fullmatch(re.split(r"[/?#]", rest, maxsplit=1)[0]):
        rest = f"{HIDDEN}@{rest.rpartition('@')[2]}"
    for secret in (_SECRET_PARAMETER, _SECRET_IN_PATH):
        rest = secret.sub(rf"\g<key>{HIDDEN}", rest)
    return f"{url['scheme']}://{rest}"


def safe_name(text: str) -> str:
    """A file name made of a word: a URL loses its scheme and secrets, odd characters become "_"."""
    shown = _URL.sub(r"\g<rest>", redact(text)).replace(HIDDEN, "")
    name = _UNSAFE.sub("_", shown).strip("._-")[:_LONGEST_NAME]
    return name.encode()[:_MOST_BYTES].decode(errors="ignore") or "source"
