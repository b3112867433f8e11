"""How long a video file says it is, in bytes: what shows that its end is missing.

Counts and durations in headers lie too often to tell a cut file from a careless writer; the sizes
of the outermost boxes do not, since no player could walk the file otherwise.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067  # Matroska's two top-level elements
_TS_SYNC, _TS_PACKET = b"\x47", 188
_MP4_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"styp", b"free", b"skip", b"wide")


def is_cut_off(path: Path) -> bool:
    """Whether MP4, AVI or Matroska is shorter than its own boxes, or MPEG-TS ends inside a packet.

    False for other kinds, and for a file that is gone by now.
    """
    if not path.is_file():
        return False
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF":
            return _riff_end(file, size) > size
        if head[4:8] in _MP4_FIRST_BOXES:
            return _mp4_end(file, size) > size
        if head[:4] == struct.pack(">I", _EBML):
            return _matroska_end(file) > size
        file.seek(_TS_PACKET)
        if head[:1] == _TS_SYNC == file.read(1):
            return size % _TS_PACKET != 0
    return False


def _riff_end(file: BinaryIO, size: int) -> int:
    """AVI: a chain of RIFF chunks. Anything after them is not the video's."""
    end = 0
    while end < size:
        file.seek(end)
        head = file.read(8)
        if len(head) < 8 or head[:4] != b"RIFF":
            break
        end += 8 + int(struct.unpack("<I", head[4:])[0])
    return end


def _mp4_end(file: BinaryIO, size: int) -> int:
    end = 0
    while end < size:
        file.seek(end)
        head = file.read(16)
        if len(head) < 8:
            return size + 1
        length = int(struct.unpack(">I", head[:4])[0])
        if length == 1 and len(head) == 16:
            length = int(struct.unpack(">Q", head[8:])[0])
        if length < 8:  # 0: as far as the file goes
            return size
        end += length
    return end


def _matroska_end(file: BinaryIO) -> int:
    """The end of the segment; 0 where its writer did not know it (live recordings)."""
    file.seek(0)
    while (element := _ebml_number(file, keep_marker=True)) is not None:
        length = _ebml_number(file, keep_marker=False)
        if length is None:
            break
        if element == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return 0


def _ebml_number(file: BinaryIO, keep_marker: bool) -> int | None:
    """A number of variable length; None at the end of the file and for "unknown" (all ones)."""
    first = file.read(1)
    if not first or first == b"\0":
        return None
    length = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(length - 1), "big")
    if keep_marker:
        return value
    value &= (1 << 7 * length) - 1
    return None if value == (1 << 7 * length) - 1 else value
