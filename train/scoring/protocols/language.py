"""How well the tokens of a text are predicted from those before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_softmax

from train.data.data_set import DataSet
from train.data.fields import Field, Fields
from train.scoring import pictures
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.system import System

_WINDOWS = 64


@dataclass(frozen=True)
class LanguageProtocol(Protocol):
    """Bits a character, by windows of a context.

    Windows begin half a context apart, and of each but the first the second half is scored, so
    that every character but a text's first is scored once, from half a context at least. What is
    left behind the last whole window isn't scored.
    """

    reads: ClassVar[Fields] = {"tokens": Field((None,), "int32", "tokens")}
    feeds: ClassVar[tuple[str, ...]] = ("tokens",)
    wants: ClassVar[tuple[str, ...]] = ("scores",)
    condition: ClassVar[str] = "context"
    usual: ClassVar[tuple[int, ...]] = (64,)
    best: ClassVar[tuple[str, ...]] = ("bits_per_character",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where the vocabularies differ, or a text has no window."""
        super().check(system, dataset, value)
        if value % 2:
            raise ValueError(f"context={value}: wanted an even number")
        learnt = system.assets.get("vocabulary")
        if learnt and learnt != dataset.assets["vocabulary"]:
            foreign = sorted(set(dataset.assets["vocabulary"]) ^ set(learnt))
            raise ValueError(
                f"{dataset.name} has another vocabulary than {system.weights}: they differ by "
                f"{''.join(foreign)!r}"
            )
        for name, item in zip(dataset.names, dataset, strict=True):
            if len(item["tokens"]) <= value:
                raise ValueError(
                    f"context={value}: {dataset.name}/{name} has {len(item['tokens'])} characters, "
                    "wanted more"
                )

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """Windows, as many together as there are, up to 64."""
        del system, size
        for index, item in enumerate(dataset):
            windows = np.lib.stride_tricks.sliding_window_view(item["tokens"], value + 1)
            windows = windows[:: value // 2]
            for start in range(0, len(windows), _WINDOWS):
                part = windows[start : start + _WINDOWS]
                counted = np.ones((len(part), value), bool)
                counted[(start == 0) :, : value // 2] = False
                reference = (part[:, 1:], counted)
                yield Batch([index], {"tokens": part[:, :-1]}, reference)

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> np.ndarray:
        """Bits of every character that counts: minus the logarithms of their probabilities."""
        del value
        tokens, counted = batch.reference
        scores = log_softmax(np.asarray(outputs["scores"], np.float64), axis=-1)
        found = np.take_along_axis(scores, tokens[..., None], axis=-1)[..., 0]
        return -found[counted] / np.log(2)

    def finish(
        self, found: list[np.ndarray], dataset: DataSet, value: int | None
    ) -> dict[str, float]:
        """{"bits_per_character"}: their mean."""
        del dataset, value
        return {"bits_per_character": float(np.mean(np.concatenate(found)))}

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """The first characters that are scored, coloured by their bits."""
        del count
        batch = next(self.batches(system, dataset, value, 1))
        bits = self.score(batch, system.apply(batch.inputs), value)
        tokens, counted = batch.reference
        vocabulary = dataset.assets["vocabulary"]
        text = "".join(vocabulary[token] for token in tokens[counted])
        sheet = pictures.coloured_text(text, bits)
        return Shown(
            {"text": sheet},
            {"bits of each character, from white to red": (sheet,)},
            hint="more of it: python -m train.sample --system={run} --prompt=…",
        )
