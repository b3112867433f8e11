"""When a recording began, on the clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

# 2024-05-03_14-30-00, 20240503143000, 2024-05-03T14:30:00.250, FR20_2020-02-20_12-00-00
_DATE_IN_NAME = re.compile(
    r"(?<!\d)(?P<date>(?:19|20)\d\d([-_.]?)\d\d\2\d\d)[T _-]*"
    r"(?P<time>\d\d([-_.:]?)\d\d\4\d\d)(?:[.,_-]?(?P<ms>\d{3}))?(?!\d)"
)
_FIRST_BELIEVABLE_YEAR = 1990  # cameras without a clock write 1904 or 1970


def recording_start(
    given: datetime | None, metadata: Mapping[str, str], file_name: str
) -> datetime | None:
    """In UTC: the given time, else the container's `creation_time`, else a date in the file's name.

    A time without a zone is taken as UTC, wherever it stands: the same file means the same clock
    times on every machine.
    """
    if given is not None:
        return as_utc(given)
    return _creation_time(metadata.get("creation_time", "")) or date_in_name(file_name)


def as_utc(time: datetime) -> datetime:
    """The same moment in UTC; a time without a zone is UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def date_in_name(file_name: str) -> datetime | None:
    """The first date with a time of day that stands in a file name; a bare date says too little."""
    for found in _DATE_IN_NAME.finditer(file_name):
        digits = re.sub(r"\D", "", found["date"] + found["time"])
        try:
            time = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:  # month 13, hour 25: some other number
            continue
        return time.replace(microsecond=1000 * int(found["ms"] or 0))
    return None


def _creation_time(text: str) -> datetime | None:
    try:
        time = as_utc(datetime.fromisoformat(text.strip()))
    except ValueError:
        return None
    return time if time.year >= _FIRST_BELIEVABLE_YEAR else None
