"""What decides which of the teachers' boxes become labels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from acme_tracker.config import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class LabelSettings(Settings):
    """Scores are even ones: 0.5 is the least that counts with a teacher by its own card.

    Attributes:
        every_s: seconds between labelled frames of a video.
        most: frames of a video at most, spread over it.
        aside_s: how long before and after a labelled frame the teachers look too.
        same_iou: boxes of several teachers that overlap so are one object.
        agreed_score: least mean score of an object that teachers find who weigh more than half.
        alone_score: least score of an object that a single teacher finds.
        moving_score: least score of one that moves evenly from frame to frame.
        doubtful_score: least score of one to ignore; below it, nothing is there.
        class_share: share of the votes by which these classes win; else the super-class stays.
            COCO's detectors take lorries for buses, vans for trucks and bicycles for motorcycles,
            but seldom the other way round: on 1,450 pictures that people labelled, 97 % of the cars
            so named were right, 93 % of the buses, 82 % of the trucks, all motorcycles.
        other_share: the same for all other classes.
        least_px: what is narrower or lower is to ignore.
        known_iou: a teacher's box that overlaps a human one so is the same object.
        jpeg_quality: of the frames that are written.
    """

    every_s: float = Field(0.5, gt=0)
    most: int | None = Field(None, gt=0)
    aside_s: float = Field(0.3, gt=0)
    same_iou: float = Field(0.55, gt=0, lt=1)
    agreed_score: Share = 0.5
    alone_score: Share = 0.7
    moving_score: Share = 0.4
    doubtful_score: float = Field(0.4, gt=0, le=1)
    class_share: dict[str, Share] = {"car": 0.5, "bicycle": 0.6}
    other_share: Share = 0.8
    least_px: float = Field(6, ge=0)
    known_iou: float = Field(0.4, gt=0, lt=1)
    jpeg_quality: int = Field(92, ge=1, le=100)
