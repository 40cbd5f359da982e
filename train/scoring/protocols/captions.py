"""How captioners are scored: their sentences against all that people say of the images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_softmax

from imaging_jax.metrics import bleu, cider_d, rouge_l
from imaging_jax.models.captioning import PAD
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Field, Fields, check_fields
from train.data.vocabulary import decoded, encoded, sentences_of
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.systems.attended import attended
from train.systems.system import System

_CHUNK = 50


@dataclass(frozen=True)
class CaptionProtocol(Protocol):
    """CIDEr-D first, then BLEU-1 to 4 and ROUGE-L, by words as `caption_words` cuts them.

    Where a system scores tokens, also the perplexity of all references, a token and its END, by
    the system's vocabulary, in which other words are one, unknown. Where the set says which words
    tell its facts, also the share of captions that tell the same as the first reference.
    """

    reads: ClassVar[Fields] = {
        "image": PICTURE,
        "captions": Field((None, None), "int32", "tokens"),
    }
    feeds: ClassVar[tuple[str, ...]] = ("image",)
    wants: ClassVar[tuple[str, ...]] = ("caption",)
    condition: ClassVar[str] = "beam"
    told: ClassVar[bool] = True
    usual: ClassVar[tuple[int, ...]] = (3,)
    best: ClassVar[tuple[str, ...]] = ("cider_d",)

    def check(self, system: System, dataset: DataSet, value: int | None) -> None:
        """As `Protocol.check`; also where images or sentences don't fit the system."""
        super().check(system, dataset, value)
        whom = f"{system.name} ({system.weights})"
        wanted = {name: system.takes[name] for name in ("image", "label") if name in system.takes}
        check_fields(dataset.fields, wanted, dataset.name, whom)
        dataset.check_one_size()
        if "tokens" in system.takes:
            # Raises where a sentence is longer than the system reads.
            self._tokens(system, sentences_of(*_said(dataset)))

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """The set in chunks, of which one is held at a time."""
        del value, size
        for start in range(0, len(dataset), _CHUNK):
            yield self._batch(system, dataset, range(start, min(start + _CHUNK, len(dataset))))

    def _batch(self, system, dataset, indices):
        labels = ("label",) if "label" in system.takes else ()
        found = dataset.together(("captions", "image", *labels), indices)
        sentences = sentences_of(found["captions"], dataset.assets["vocabulary"])
        image = found["image"] / dataset.fields["image"].white
        inputs = {"image": image.astype(np.float32)} | {name: found[name] for name in labels}
        if "tokens" in system.takes:
            inputs["tokens"] = self._tokens(system, sentences)
        return Batch(indices, inputs, (sentences, system.assets["vocabulary"]))

    def _tokens(self, system, sentences):
        length = system.takes["tokens"].shape[-1]
        return encoded(sentences, system.assets["vocabulary"], length)

    def score(self, batch: Batch, outputs: Mapping[str, Any], value: int | None) -> dict:
        """Words of each caption and of its references; nats of each token of these."""
        del value
        sentences, vocabulary = batch.reference
        tokens = np.asarray(outputs["caption"]).tolist()
        scored = {"captions": [decoded(own, vocabulary) for own in tokens], "said": sentences}
        if "scores" not in outputs:
            return scored
        targets = batch.inputs["tokens"][..., 1:]
        logarithms = log_softmax(np.asarray(outputs["scores"], np.float64), axis=-1)
        nats = -np.take_along_axis(logarithms, targets[..., None], axis=-1)[..., 0]
        return scored | {"nats": nats[targets != PAD]}

    def finish(self, found: list[dict], dataset: DataSet, value: int | None) -> dict[str, float]:
        """{"cider_d", "bleu_1" to "bleu_4", "rouge_l"}, "facts_right" and "perplexity"."""
        del value
        captions, said = (
            [item for part in found for item in part[name]] for name in ("captions", "said")
        )
        values = {
            "cider_d": float(np.mean(cider_d(captions, said))),
            **{f"bleu_{order}": float(v) for order, v in enumerate(bleu(captions, said), 1)},
            "rouge_l": float(np.mean(rouge_l(captions, said))),
        }
        if facts := dataset.assets.get("facts"):
            right = [
                told_facts(own, facts) == told_facts(others[0], facts)
                for own, others in zip(captions, said, strict=True)
            ]
            values["facts_right"] = float(np.mean(right))
        if "nats" in found[0]:
            nats = np.concatenate([part["nats"] for part in found])
            values["perplexity"] = float(np.exp(np.mean(nats)))
        return values

    def show(self, system: System, dataset: DataSet, value: int | None, count: int) -> Shown:
        """Images with their captions, and what each word attended."""
        # A batch as it is scored is compiled already.
        batch = next(self.batches(system, dataset, value, 1))
        outputs = system.apply(batch.inputs, **self.options(value))
        captions = self.score(batch, outputs, value)["captions"]
        attention = outputs.get("attention", [None] * len(captions))
        sheets = [
            attended(*each)
            for each in islice(zip(batch.inputs["image"], captions, attention, strict=True), count)
        ]
        sheet = np.concatenate(sheets)
        return Shown(
            {"captions": sheet},
            {"captions, and where each word was looked for": (sheet,)},
            hint="your own picture: python -m train.predict --weights={run} photo.png",
        )


def told_facts(words: Sequence[str], facts: Sequence[Sequence[Sequence[str]]]) -> list[set[int]]:
    """Of each fact, which of its values are named.

    Args:
      words: of a sentence.
      facts: of each its values, of each the words for it.
    """
    return [
        {index for index, names in enumerate(values) if not set(names).isdisjoint(words)}
        for values in facts
    ]


def _said(dataset: DataSet) -> tuple[np.ndarray, list[str]]:
    captions = np.stack([dataset[index]["captions"] for index in range(len(dataset))])
    return captions, dataset.assets["vocabulary"]
