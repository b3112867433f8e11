"""Packets that give no frame leave a gap, where a frame is missing."""

from __future__ import annotations

from acme_tracker.video.losses import Losses


def gaps(story: str) -> list[int | None]:
    """What is missing before each frame.

    `5` is a packet of this timestamp (`?`: without one), `5!` one that fails, `=5` a frame.
    """
    losses, found = Losses(), []
    for word in story.split():
        digits = word.strip("=!")
        pts = None if digits == "?" else int(digits)
        if word.startswith("="):
            found.append(losses.before(pts))
            continue
        losses.expect(pts)
        if word.endswith("!"):
            losses.fail(pts)
    return found


def test_packets_that_fail_leave_a_gap_before_the_next_frame() -> None:
    assert gaps("0 =0 1 =1 2! 3! 4 =4 5 =5") == [0, 0, 2, 0]


def test_the_gap_is_where_the_frame_would_be_shown_not_where_it_is_decoded() -> None:
    assert gaps("0 4! 2 =0 1 =1 =2 3 =3 8 6 5 =5 =6 7 =7 =8") == [0, 0, 0, 0, 1, 0, 0, 0]


def test_a_packet_that_fails_after_it_gave_its_frame_is_no_gap() -> None:
    assert gaps("0 =0 1! =1 2 =2") == [0, 0, 0]


def test_packets_that_are_not_to_be_shown_are_no_gap() -> None:
    assert gaps("0 =0 1 2 =2 3 4 =4") == [0, 0, 0]
    assert gaps("0 =0 1 2 =2 3! 4 =4 5 6 =6") == [0, 0, 1, 0]


def test_what_a_decoder_leaves_out_in_silence_after_damage_is_a_gap() -> None:
    assert gaps("0 =0 1! 2 3 4 =4 5 =5 6 7 8 =8") == [0, 3, 0, 2]


def test_what_comes_after_it_was_counted_as_missing_is_told() -> None:
    assert gaps("0 1 2 =0 3! 4 =4 5 =1 6 =5 =2 =6") == [0, 3, None, 0, None, 0]


def test_the_video_begins_with_the_first_frame_that_there_is() -> None:
    assert gaps("0! 1! 2 =2 3 =3") == [0, 0]


def test_without_a_timestamp_the_gap_is_before_the_next_frame() -> None:
    assert gaps("0 =0 1 =1 ?! 3 =3") == [0, 0, 1]


def test_frames_without_timestamps_are_no_gap() -> None:
    assert gaps("? =? ? =? ? =?") == [0, 0, 0]


def test_a_gap_counts_once_where_timestamps_begin_anew() -> None:
    assert gaps("6 =6 7! 8 =8 0 =0 7 =7") == [0, 1, 0, 0]
    assert gaps("6 =6 7 =7 8! 0 =0 1 =1 8 =8") == [0, 0, 1, 0, 0]
