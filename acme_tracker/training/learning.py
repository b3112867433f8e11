"""What the training loop needs to know of a kind of model, whatever it learns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from acme_tracker.errors import DatasetError
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.settings import TrainSettings

Run = Callable[..., Any]  # the network: for all processes, and in the run's precision


class Made(Protocol):
    """A batch of some kind."""

    @property
    def names(self) -> Sequence[Sequence[str]]:
        """Of the images that each sample is made of."""
        ...


AnyBatch = TypeVar("AnyBatch", bound=Made)


class Learner(Protocol[AnyBatch]):
    """A network and what it learns from. The trainer drives it: steps, schedule, checkpoints."""

    settings: TrainSettings

    @property
    def network(self) -> nn.Module:
        """The one to train."""
        ...

    @property
    def backbone(self) -> Sequence[str]:
        """Names of those parts of the network that fine-tuning may keep still."""
        ...

    @property
    def divisible(self) -> bool:
        """Whether the network takes one tensor and draws nothing at random; see Abreast."""
        ...

    @property
    def least_values(self) -> int:
        """How many values a channel one picture gives the batch norm that sees fewest."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Of the images to learn from."""
        ...

    @property
    def measure(self) -> str:
        """Which of the figures must rise, as early stopping sees it."""
        ...

    def begin(self) -> None:
        """Give the network the weights that a new run begins with.

        Raises:
            ConfigError: there are none, or they are of another kind of network.
            DetectorError: they cannot be read.
        """
        ...

    def summary(self) -> str:
        """What there is to learn, in a line."""
        ...

    def fingerprint(self) -> dict[str, str | int]:
        """What identifies the data, in few words."""
        ...

    def open_loader(self, order: EpochBatches) -> Iterable[AnyBatch | DatasetError]:
        """Gives the batches of the epoch that `order` is set to, each time it is gone through."""
        ...

    def losses(self, run: Run, batch: AnyBatch) -> dict[str, Tensor]:
        """Scalars of a batch: `loss`, which is to fall, and others to note down."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Figures of a network on the images held out, in percent."""
        ...

    def sheet(self, batch: AnyBatch) -> bytes:
        """A JPEG of a batch as the network sees it."""
        ...

    def pictures(self, network: nn.Module) -> dict[str, bytes]:
        """Files by name that show what a network makes of the images held out."""
        ...

    def save(self, network: nn.Module, path: Path, notes: Mapping[str, str]) -> None:
        """Write a network's weights, with what it takes to build it again."""
        ...
