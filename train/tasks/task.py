"""What every task has: fields that it takes and gives, stages, and a pure application."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import lcm
from typing import Any, ClassVar

import jax

from train.data.fields import Field, Fields, check_fields
from train.state.stage import Stage
from train.state.train_state import TrainState

# Networks that pool or unshuffle see pixels in groups of up to so many.
_PERIOD = 8


def period_of(*networks: Any) -> int:
    """Side of the groups of pixels that networks see together; 8 where they name none."""
    return lcm(*(getattr(network, "period", _PERIOD) for network in networks))


class Task(ABC):
    """What is trained, and how it is applied.

    A task is built of a config by `from_config(config, settings)`.

    Attributes:
      exports: networks whose variables an application needs; the first gives a system its name.
      whole: why a picture can't be cut into tiles, in words, where networks are known to look at
        all of it; empty where the support of the gradient tells how far they do.
      period: side of the groups of pixels that networks see, as by pooling or in windows: where a
        picture is cut, parts begin at multiples of it.
    """

    exports: ClassVar[tuple[str, ...]]
    whole: ClassVar[str] = ""
    period: ClassVar[int] = _PERIOD

    @property
    @abstractmethod
    def takes(self) -> Fields:
        """What it can be applied to, by name; an application may be given some of them only."""

    @property
    @abstractmethod
    def gives(self) -> Fields:
        """What an application may give back, by name."""

    @property
    def options(self) -> Mapping[str, tuple]:
        """What an application is told, with the values that it serves, none for all."""
        return {}

    @property
    @abstractmethod
    def stages(self) -> list[Stage]:
        """The stretches of its training."""

    @abstractmethod
    def apply(self, variables: dict, inputs: dict, **options: Any) -> dict[str, jax.Array]:
        """Applies it: a pure function, differentiable, that clips nothing.

        Args:
          variables: what `variables` gives of a state.
          inputs: arrays (N, ...) by the names of `takes`.
          **options: by the names of `options`.

        Returns:
          Arrays (N, ...) by the names of `gives`.
        """

    @property
    @abstractmethod
    def learns(self) -> Fields:
        """What an item of a batch must hold."""

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """A batch as shapes, read off the config's section `data` without opening it.

        Where `learns` leaves an axis open, it is as long as a patch.
        """

        def axes(field: Field) -> tuple[int, ...]:
            return tuple(data["patch_size"] if n is None else n for n in field.shape)

        return {
            name: jax.ShapeDtypeStruct((data["batch_size"], *axes(field)), field.dtype)
            for name, field in self.learns.items()
        }

    def check_data(self, data: Any) -> None:
        """Raises a ValueError where the data lack what is learnt from."""
        check_fields(data.fields, self.learns, "data", "the task")

    def variables(self, state: TrainState) -> dict[str, Any]:
        """What an application needs of a state: {network: variables}, averaged where they are."""
        return {name: state.variables(name) for name in self.exports}
