"""Reading label files: encodings, numbers, and XML and JSON with places in their errors."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from acme_tracker.datasets.problems import FileError

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LINE = "\x00line"  # no XML attribute can have this name


def read_text(path: Path) -> str:
    """A text file in UTF-8 or UTF-16 with or without byte order mark, else taken as Latin-1."""
    data = _read_bytes(path)
    marked = (encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark))
    encoding = next(marked, "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\x00" in text:
        raise FileError(path, "is not a text file")
    return text


def read_lines(path: Path) -> list[tuple[int, str]]:
    """(1-based number, stripped text) of the lines that are not blank."""
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    lines = enumerate(text.split("\n"), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def numbers(words: Iterable[object]) -> list[float]:
    """Finite numbers; the ValueError names the word that is none."""
    values = []
    for word in words:
        try:
            value = float(word)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ValueError(f"{word!r} is not a number") from None
        if not math.isfinite(value):
            raise ValueError(f"{word!r} is not a finite number")
        values.append(value)
    return values


def whole(word: object) -> int:
    """A whole number, also written as 3.0; below 2**53, up to which floats are exact."""
    (value,) = numbers((word,))
    if value != int(value) or abs(value) > 2**53:
        raise ValueError(f"{word!r} is not a whole number")
    return int(value)


def read_json(path: Path) -> Any:
    """The value of a JSON file; FileError with the line if it is not valid."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FileError(path, f"not valid JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise FileError(path, "JSON is nested too deeply") from None


def read_xml(path: Path) -> ET.Element:
    """The root of an XML file, every element with its `line_of`."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: builder.start(
        tag, {**attributes, _LINE: str(parser.CurrentLineNumber)}
    )
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(_read_bytes(path), True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        said = str(error).partition(": line")[0]
        raise FileError(path, f"not valid XML: {said}", getattr(error, "lineno", None)) from None
    return builder.close()


def line_of(element: ET.Element) -> int:
    """The 1-based line on which an element of `read_xml` begins."""
    return int(element.attrib[_LINE])


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None
