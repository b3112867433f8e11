"""When a recording began."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from acme_tracker.video.start_time import date_in_name, recording_start

HALF_PAST_TWO = datetime(2024, 5, 3, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "cam1_2024-05-03_14-30-00.mp4",
        "20240503143000.mp4",
        "CAM 7 20240503_143000.avi",
        "2024-05-03T14:30:00.mkv",
        "2024-05-03T14:30:00Z.mkv",
        "2024.05.03 14.30.00.mp4",
        "99999999999999_20240503-143000_x.mp4",
    ],
)
def test_a_date_in_a_files_name_is_found(name: str) -> None:
    assert date_in_name(name) == HALF_PAST_TWO


def test_a_camera_in_front_of_the_date_does_not_matter() -> None:
    assert date_in_name("FR20_2020-02-20_12-00-00.mp4") == datetime(2020, 2, 20, 12, tzinfo=UTC)


def test_milliseconds_count() -> None:
    found = date_in_name("20240503_143000_250.mp4")
    assert found == HALF_PAST_TWO.replace(microsecond=250_000)


@pytest.mark.parametrize(
    "name", ["clip.mp4", "2024-05-03.mp4", "20241303143000.mp4", "1234567890123456789.mp4", ""]
)
def test_other_numbers_are_no_date(name: str) -> None:
    assert date_in_name(name) is None


def test_the_given_time_wins_over_the_container_and_that_over_the_name() -> None:
    metadata = {"creation_time": "2024-05-03T14:30:00.000000Z"}
    name = "2001-01-01_00-00-00.mp4"
    given = datetime.fromisoformat("1999-12-31T23:00:00-01:00")
    assert recording_start(given, metadata, name) == datetime(2000, 1, 1, tzinfo=UTC)
    assert recording_start(None, metadata, name) == HALF_PAST_TWO
    assert recording_start(None, {}, name) == datetime(2001, 1, 1, tzinfo=UTC)
    assert recording_start(None, {}, "clip.mp4") is None


def test_a_time_without_a_zone_is_utc() -> None:
    naive = datetime.fromisoformat("2024-05-03T14:30:00")
    assert recording_start(naive, {}, "") == HALF_PAST_TWO
    assert recording_start(None, {"creation_time": "2024-05-03 14:30:00"}, "") == HALF_PAST_TWO


@pytest.mark.parametrize("nonsense", ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "soon", ""])
def test_a_camera_without_a_clock_is_not_believed(nonsense: str) -> None:
    assert recording_start(None, {"creation_time": nonsense}, "clip.mp4") is None
