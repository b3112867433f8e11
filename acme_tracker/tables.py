"""Rows as parallel arrays, checked when they are made: the base of most values that flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.bool_] | NDArray[np.intp] | Sequence[int] | slice


class Table:
    """Rows as parallel arrays: indexing, concatenation and length for the dataclasses below."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.__dataclass_fields__))))

    def __getitem__(self, index: Index) -> Self:
        return type(self)(**{name: column[index] for name, column in self._columns().items()})

    def _columns(self) -> dict[str, NDArray[Any]]:
        columns = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: column for name, column in columns.items() if column is not None}

    def _check(self, name: str, dtype: type, *row_shape: int, like: int | None = None) -> int:
        """Turn a column into a read-only array (N, *row_shape) of `dtype`; return N."""
        column: NDArray[Any] = np.asarray(getattr(self, name), dtype=dtype)
        if not column.ndim or column.shape[1:] != row_shape:  # seldom: most columns are as wanted
            column = _fitted(name, column, row_shape)
        if like is not None and len(column) != like:
            raise ValueError(f"{name} must have {like} rows, got {len(column)}")
        view = column.view()
        view.flags.writeable = False
        object.__setattr__(self, name, view)
        return len(column)

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """All rows of one or more tables; an optional column stays only if every table has it."""
        if not tables:
            raise ValueError("concatenate needs at least one table")
        shared = set.intersection(*(set(t._columns()) for t in tables))
        columns = cls.__dataclass_fields__.keys() & shared
        return cls(**{n: np.concatenate([getattr(t, n) for t in tables]) for n in columns})


def _fitted(name: str, column: NDArray[Any], row_shape: tuple[int, ...]) -> NDArray[Any]:
    """A column (N, *row_shape), -1 standing for any number; an empty list has any shape."""
    if column.size == 0 and column.ndim == 1 and row_shape and -1 not in row_shape:
        column = column.reshape((0, *row_shape))
    fits = column.ndim == 1 + len(row_shape) and all(
        wanted in (-1, got) for wanted, got in zip(row_shape, column.shape[1:], strict=True)
    )
    if not fits:
        shape = ", ".join("C" if size == -1 else str(size) for size in row_shape)
        raise ValueError(f"{name} must have shape (N, {shape}), got {column.shape}")
    return column
