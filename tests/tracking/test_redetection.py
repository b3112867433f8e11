from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acme_tracker.config import RedetectionSettings
from acme_tracker.datatypes import Look, LookReason, Tracks, TrackState
from acme_tracker.frames import Frame
from acme_tracker.tracking.redetection import RedetectionPolicy, SceneCuts
from tests.fakes import moving_patches, textured_scene

BLANK = np.zeros((8, 8, 3), np.uint8)


def frame(index: int, fps: float = 10) -> Frame:
    return Frame.of_image(BLANK, index, index / fps)


def tracks(*confidence: float, state: TrackState = TrackState.CONFIRMED) -> Tracks:
    count = len(confidence)
    return Tracks(
        track_id=np.arange(1, count + 1),
        xyxy=np.tile(np.array([0, 0, 4, 4], np.float32), (count, 1)),
        velocity=np.zeros((count, 2), np.float32),
        class_id=np.zeros(count, np.int64),
        score=np.ones(count, np.float32),
        confidence=np.array(confidence, np.float32),
        quality=np.full(count, np.nan, np.float32),
        state=np.full(count, state),
        observed=np.zeros(count, bool),
    )


def decide(policy: RedetectionPolicy, now: Frame, seen: Tracks) -> Look | None:
    policy.watch(now)
    return policy.decide(now, seen)


def looks(policy: RedetectionPolicy, seen: list[Tracks]) -> dict[int, str]:
    decisions = {i: decide(policy, frame(i), t) for i, t in enumerate(seen)}
    return {i: str(look.reason) for i, look in decisions.items() if look}


def test_the_first_frame_is_looked_at() -> None:
    look = decide(RedetectionPolicy(RedetectionSettings()), frame(0), tracks())
    assert look is not None
    assert look.reason is LookReason.FIRST_FRAME


def test_sure_tracks_are_left_alone_until_the_longest_gap() -> None:
    policy = RedetectionPolicy(RedetectionSettings(max_gap_s=0.5))
    assert looks(policy, [tracks(0.95)] * 12) == {0: "first frame", 5: "max gap", 10: "max gap"}


def test_an_unsure_track_is_looked_at_on_the_same_frame() -> None:
    policy = RedetectionPolicy(RedetectionSettings(confidence_below=0.5, max_gap_s=9))
    assert looks(policy, [tracks(0.95), tracks(0.95, 0.6), tracks(0.95, 0.4), tracks(0.95)]) == {
        0: "first frame",
        2: "low confidence",
    }


@pytest.mark.parametrize(("confidence", "after"), [(0.1, 1), (0.4, 2), (0.7, 4)])
def test_the_less_sure_a_track_the_sooner_it_is_looked_at(confidence: float, after: int) -> None:
    policy = RedetectionPolicy(RedetectionSettings(idle_gap_s=0.4, movement_gap_s=9, max_gap_s=9))
    taken = looks(policy, [tracks(confidence)] * (after + 1))
    assert taken == {0: "first frame", after: "low confidence"}


def test_what_is_tracked_is_not_still_however_long_movement_may_wait() -> None:
    policy = RedetectionPolicy(RedetectionSettings(movement_gap_s=9, max_gap_s=0.5))
    assert looks(policy, [tracks(0.95)] * 6) == {0: "first frame", 5: "max gap"}


def test_lost_tracks_ask_for_nothing() -> None:
    policy = RedetectionPolicy(RedetectionSettings(max_gap_s=9, idle_gap_s=9))
    decide(policy, frame(0), tracks())
    assert decide(policy, frame(1), tracks(0.1, state=TrackState.LOST)) is None


def test_a_tentative_newcomer_is_looked_at_again_soon() -> None:
    policy = RedetectionPolicy(RedetectionSettings(max_gap_s=9, idle_gap_s=0.2))
    newcomer = Tracks.concatenate([tracks(0.95), tracks(0.95, state=TrackState.TENTATIVE)])
    assert looks(policy, [newcomer, newcomer, newcomer, tracks(0.95), tracks(0.95)]) == {
        0: "first frame",
        2: "newcomer",
    }


def test_a_look_put_off_by_the_least_gap_comes_when_the_gap_is_over() -> None:
    policy = RedetectionPolicy(RedetectionSettings(min_gap_s=0.3, max_gap_s=9))
    assert looks(policy, [tracks(0.95), *[tracks(0.1)] * 3]) == {
        0: "first frame",
        3: "low confidence",
    }


def test_an_engine_without_confidence_is_looked_after_by_the_longest_gap() -> None:
    policy = RedetectionPolicy(RedetectionSettings(max_gap_s=0.4))
    assert looks(policy, [tracks(np.nan)] * 6) == {0: "first frame", 4: "max gap"}


def test_an_empty_still_road_is_hardly_looked_at() -> None:
    policy = RedetectionPolicy(RedetectionSettings(max_gap_s=0.5, still_gap_s=1.5))
    assert looks(policy, [tracks()] * 32) == {0: "first frame", 15: "max gap", 30: "max gap"}


def test_what_moves_outside_every_track_is_looked_at_soon() -> None:
    policy = RedetectionPolicy(RedetectionSettings(movement_gap_s=0.2, max_gap_s=9))
    frames, truth = moving_patches([(20, 60), (200, 150)], (5, 0), 6)
    reasons = []
    for index, (picture, boxes) in enumerate(zip(frames, truth, strict=True)):
        known = replace(tracks(0.95, 0.95), xyxy=boxes)[: 1 if index <= 2 else 2]
        look = decide(policy, Frame.of_image(picture.image, index, index / 10), known)
        reasons.append(look and str(look.reason))
    assert reasons == ["first frame", None, "movement", None, None, None]


def test_tracks_that_move_are_looked_at_more_often_than_those_that_stand() -> None:
    policy = RedetectionPolicy(RedetectionSettings(movement_gap_s=0.3, max_gap_s=0.5))
    standing = tracks(0.95)
    moving = replace(standing, velocity=np.array([(2, 0)], np.float32))
    assert looks(policy, [*[moving] * 7, *[standing] * 5]) == {
        0: "first frame",
        3: "movement",
        6: "movement",
        11: "max gap",
    }


def test_a_gap_of_so_many_frames_ends_on_the_frame_whatever_the_times_round_to() -> None:
    policy = RedetectionPolicy(RedetectionSettings(max_gap_s=0.4))
    decisions = [decide(policy, frame(index, fps=5), tracks(0.95)) for index in range(40)]
    assert [look is not None for look in decisions] == [True, False] * 20


def test_what_moves_while_nothing_is_tracked_is_looked_at_sooner() -> None:
    policy = RedetectionPolicy(RedetectionSettings(idle_gap_s=0.2, movement_gap_s=9, max_gap_s=9))
    frames, _ = moving_patches([(20, 60)], (2, 0), 8)
    assert [f.index for f in frames if decide(policy, f, tracks())] == [0, 5]


def test_where_looks_find_nothing_movement_waits_longer_from_look_to_look() -> None:
    policy = RedetectionPolicy(RedetectionSettings(idle_gap_s=0.1, max_gap_s=99))
    pictures = [textured_scene((64, 48), seed=1), textured_scene((64, 48), seed=1)]
    pictures[1][10:20, 10:20] ^= 255  # a lamp that blinks
    taken = [
        index
        for index in range(60)
        if decide(policy, Frame.of_image(pictures[index % 2], index, index / 10), tracks())
    ]
    gaps = np.diff(taken)
    assert (np.diff(gaps) >= 0).all()
    assert gaps[0] == 1
    assert gaps[-1] >= 5


def test_a_new_scene_has_entries_of_its_own() -> None:
    policy = RedetectionPolicy(RedetectionSettings(max_gap_s=9))
    decide(policy, frame(0), tracks(0.95))
    policy.scene_cut()
    assert looks(policy, [tracks(0.95)] * 3) == {0: "scene cut"}


@pytest.mark.parametrize(("every", "reason"), [(1, "every frame"), (3, "cadence")])
def test_a_fixed_cadence_listens_to_nothing_else(every: int, reason: str) -> None:
    policy = RedetectionPolicy(RedetectionSettings(every_frames=every))
    found = looks(policy, [tracks(0.1)] * 7)
    assert found == dict.fromkeys(range(0, 7, every), reason)


def test_another_scene_is_a_cut() -> None:
    cuts = SceneCuts()
    scenes = [textured_scene(seed=s) for s in (1, 1, 2, 2)]
    assert [cuts.watch(Frame.of_image(s, i, i / 25)) for i, s in enumerate(scenes)] == [
        False,
        False,
        True,
        False,
    ]


def test_the_same_scene_in_another_size_is_a_cut() -> None:
    cuts = SceneCuts()
    scene = textured_scene((320, 240))
    shown = [scene, scene, scene[::2, ::2], scene[::2, ::2]]
    seen = [cuts.watch(Frame.of_image(p.copy(), i, i / 25)) for i, p in enumerate(shown)]
    assert seen == [False, False, True, False]


def test_neither_traffic_nor_a_change_of_light_is_a_cut() -> None:
    cuts = SceneCuts()
    frames, _ = moving_patches([(10, 60), (40, 150)], (6, 0), 20, patch=(120, 80))
    assert not any(cuts.watch(f) for f in frames)
    dark = Frame.of_image((frames[-1].image * 0.5).astype(np.uint8), 20, 0.8)
    assert not cuts.watch(dark)


def test_a_flat_picture_is_no_cut_from_another_flat_one() -> None:
    cuts = SceneCuts()
    black, white = np.zeros((72, 128, 3), np.uint8), np.full((72, 128, 3), 255, np.uint8)
    assert not any(cuts.watch(Frame.of_image(p, i, i)) for i, p in enumerate((black, white, black)))


def test_a_picture_of_nothing_is_a_cut_there_and_back() -> None:
    cuts = SceneCuts()
    road, black = textured_scene(seed=1), np.zeros_like(textured_scene())
    shown = (road, black, black, road, road)
    seen = [cuts.watch(Frame.of_image(p, i, i / 25)) for i, p in enumerate(shown)]
    assert seen == [False, True, False, True, False]


def test_a_scene_that_fades_to_nothing_and_back_is_no_cut() -> None:
    cuts = SceneCuts()
    light = [*np.linspace(1, 0, 40), *np.linspace(0, 1, 40)]
    pictures = [(textured_scene(seed=1) * share).astype(np.uint8) for share in light]
    assert not any(cuts.watch(Frame.of_image(p, i, i / 25)) for i, p in enumerate(pictures))


def test_a_cadence_takes_the_next_frame_where_one_is_missing() -> None:
    policy = RedetectionPolicy(RedetectionSettings(every_frames=4))
    there = [5, 6, 7, 9, 10, 11, 12, 13, 19, 20, 21]
    taken = [index for index in there if decide(policy, frame(index), tracks())]
    assert taken == [5, 9, 12, 19, 20]


def test_what_moved_while_nobody_asked_is_not_movement_now() -> None:
    policy = RedetectionPolicy(RedetectionSettings(idle_gap_s=0.1, max_gap_s=99, still_gap_s=99))
    empty = textured_scene((64, 48), seed=1)
    there = empty.copy()
    there[10:20, 10:20] ^= 255
    pictures = [empty, empty, there, there, there]
    taken = []
    for index, picture in enumerate(pictures):
        now = Frame.of_image(picture, index, index / 10)
        policy.watch(now)
        if index not in (1, 2, 3) and policy.decide(now, tracks()):  # the detector was busy
            taken.append(index)
    assert taken == [0]
