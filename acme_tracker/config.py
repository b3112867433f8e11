"""Settings: plain frozen values, read from YAML files and `key=value` words.

`configs/track.yaml` lists the same keys with the same defaults and says what each means; a test
keeps the two in step. A mistyped key or a bad value is a ConfigError that names the key, the file
and the nearest valid name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Self, get_args, get_origin

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from acme_tracker.errors import ConfigError


def _group_of(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (UnionType,) else (annotation,)
    for option in options:
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


class Settings(BaseModel):
    """Base of every group of settings: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty_groups(cls, values: Any) -> Any:
        """A group whose keys are all commented out is there, and says nothing."""
        if not isinstance(values, dict):
            return values
        groups = {key for key, field in cls.model_fields.items() if _group_of(field.annotation)}
        return {k: {} if v is None and k in groups else v for k, v in values.items()}

    @classmethod
    def load(cls, path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Self:
        """Defaults, then the YAML file, then dotted `overrides` such as "detector.score": 0.4."""
        values = {} if path is None else _read_yaml(path)
        where = "the settings" if path is None else str(path)
        for key, value in (overrides or {}).items():
            _set_dotted(values, key, value)
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(_explain(cls, error, where, set(overrides or {}))) from None


class SourceSettings(Settings):
    start_s: float = Field(0, ge=0)
    duration_s: float | None = Field(None, gt=0)
    start_time: datetime | None = None
    image_rate: float = Field(25, gt=0)

    @field_validator("start_time")
    @classmethod
    def _of_our_times(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and not 1900 <= moment.year < 2200:  # arithmetic must not overflow
            raise ValueError("must be a moment between 1900 and 2200")
        return moment


class DetectorSettings(Settings):
    name: str = "smaller-vgg"
    weights: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    score: float | None = Field(None, ge=0, le=1)
    classes: tuple[str, ...] = ()
    threads: int = Field(2, ge=1)


class VisualTrackerSettings(Settings):
    name: str = "batched"
    weights: Path | None = None
    device: Literal["cpu", "cuda"] = "cpu"
    max_gap_s: float = Field(0.08, ge=0)


class AssociationSettings(Settings):
    method: Literal["centroid", "iou", "mixed"] = "centroid"
    max_distance: float = Field(0.7, gt=0)
    min_iou: float = Field(0.1, gt=0, lt=1)


class LifecycleSettings(Settings):
    start_score: float = Field(0.3, ge=0, le=1)
    confirm_score: float = Field(0.4, ge=0, le=1)
    confirm_detections: int = Field(2, ge=1)
    max_area: float = Field(0.8, gt=0, le=1)
    coast_s: float = Field(1.0, ge=0)
    lost_s: float = Field(5.0, ge=0)


class RedetectionSettings(Settings):
    every_frames: int | None = Field(None, ge=1)
    confidence_below: float = Field(0.9, ge=0, le=1)
    min_gap_s: float = Field(0.0, ge=0)
    idle_gap_s: float = Field(0.25, ge=0)
    movement_gap_s: float = Field(0.25, ge=0)
    max_gap_s: float = Field(0.5, gt=0)
    still_gap_s: float = Field(2.0, gt=0)


class OutputSettings(Settings):
    video: bool = True
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"] = "veryfast"
    crf: int = Field(23, ge=0, le=51)
    trail_s: float = Field(2.0, ge=0)
    window: bool = False


class TrackSettings(Settings):
    """Everything that `acme-tracker track` can be told; configs/track.yaml says what each means."""

    source: SourceSettings = SourceSettings()
    detector: DetectorSettings = DetectorSettings()
    visual_tracker: VisualTrackerSettings = VisualTrackerSettings()
    association: AssociationSettings = AssociationSettings()
    lifecycle: LifecycleSettings = LifecycleSettings()
    redetection: RedetectionSettings = RedetectionSettings()
    output: OutputSettings = OutputSettings()


def parse_assignments(words: Iterable[str]) -> dict[str, Any]:
    """`["detector.score=0.4"]` -> `{"detector.score": 0.4}`; the values are read as YAML."""
    values = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set wants KEY=VALUE (detector.score=0.4), got {word!r}")
        try:
            values[key.strip()] = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):  # a ValueError: of a day that no month has
            raise ConfigError(f"--set {key}: {text!r} is not a YAML value") from None
    return values


class _KeyTwiceError(yaml.YAMLError):
    """A mapping has a key twice: YAML forbids it, PyYAML keeps the last one."""


class _Loader(yaml.SafeLoader):
    """Reads what `yaml.safe_load` does, but no mapping that has a key twice."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)  # merge keys (<<) bring theirs in later
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if name in lines:
                raise _KeyTwiceError(
                    f"{line} has the key {key.value!r} of line {lines[name]} again: give it once"
                )
            lines[name] = line
        return node


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """A YAML file whose top level is a mapping; ConfigError, with the line, if it is not.

    No mapping in it may have a key twice: one of the two would be lost.
    """
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise ConfigError(f"cannot read {what} {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{what} {path} is not a text file") from None
    except _KeyTwiceError as error:
        raise ConfigError(f"{what} {path}:{error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{what} {path}{line} is not valid YAML") from None
    except ValueError as error:  # a day that no month has
        raise ConfigError(f"{what} {path} has an impossible value: {error}") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"{what} {path} must be keys and values, got a {type(loaded).__name__}")
    return loaded


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'this'?`, or the list of what is known where nothing is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(names)}"


def _read_yaml(path: Path) -> dict[str, Any]:
    return read_mapping(path, "configuration")


def _set_dotted(values: dict[str, Any], key: str, value: Any) -> None:
    *groups, last = key.split(".")
    for group in groups:
        inner = values.get(group)
        if inner is None:  # also where a file has the group's name and nothing in it
            inner = values[group] = {}
        if not isinstance(inner, dict):
            raise ConfigError(f"{key}: {group!r} is a value, not a group of settings")
        values = inner
    values[last] = value


def _explain(cls: type[Settings], error: ValidationError, where: str, overridden: set[str]) -> str:
    """The first problem of a validation, in one line."""
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    source = "--set or a flag" if any(key.startswith(o) for o in overridden) else where
    if first["type"] == "extra_forbidden":
        hint = nearest(path[-1], _keys_of(cls, path[:-1]))
        return f"unknown key {key!r} in {source}{hint}"
    if first["type"] == "missing":
        return f"{key} in {source} is missing: it must be given"
    if first["type"] == "value_error" and not path:  # of the whole: it names the keys itself
        return f"{source}: {first['ctx']['error']}"
    wanted = first["msg"][0].lower() + first["msg"][1:]
    if first["type"] == "tuple_type":
        wanted = "should be a list, [a, b]"
    if first["type"] == "model_type":
        wanted = f"should be a group of settings ({', '.join(_keys_of(cls, path))})"
    return f"{key} in {source}: {wanted}, got {first['input']!r}"


def _keys_of(cls: type[BaseModel], path: list[str]) -> list[str]:
    """The keys of the group at `path`, which may be one of several in a dict or tuple."""
    inside: Any = cls
    for part in path:
        group = _group_of(inside)
        if group is None:
            inside = next(filter(_group_of, get_args(inside)), None)
        else:
            inside = group.model_fields[part].annotation
    group = _group_of(inside)
    return [] if group is None else list(group.model_fields)
