"""Tokens predicted from those before: one network, cross-entropy of its logits."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax

from imaging_jax.models.language import LanguageModel, continue_tokens
from train.data.fields import Field, Fields
from train.tasks.classification import cross_entropy
from train.tasks.supervised import NETWORK, Supervised


class LanguageModelling(Supervised):
    """Trains a network to predict every token of a window from those before it.

    Args:
      network: tokens (N, T) -> logits (N, T, vocabulary).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network that predicts no tokens.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, LanguageModel):
            raise ValueError(
                f"task.name=language_modelling: {type(network).__name__} predicts no tokens"
            )
        super().__init__(network, optimizer, steps, cross_entropy, accumulate, ema_decay)

    @property
    def takes(self) -> Fields:
        """Tokens, and where they are to be continued a seed for each sequence."""
        return {"tokens": self._tokens(None), "seed": Field((), "uint32", "latent")}

    @property
    def gives(self) -> Fields:
        """Logits of the token that follows each; or tokens that follow the last."""
        scores = Field((None, self.network.vocabulary_size), "float32", "scores")
        return {"scores": scores, "continuation": self._tokens(None)}

    @property
    def learns(self) -> Fields:
        """Windows of a context, and the token behind."""
        return {"tokens": self._tokens(self.network.context + 1)}

    @property
    def options(self) -> Mapping[str, tuple]:
        """How tokens are continued: the number to draw, the temperature, and among how many."""
        return {"length": (), "temperature": (), "top_k": ()}

    def check_data(self, data: Any) -> None:
        """As `Task.check_data`; also where the vocabulary lacks tokens of the data."""
        super().check_data(data)
        needed, known = data.fields["tokens"].range[1], self.network.vocabulary_size
        if needed > known:
            raise ValueError(
                f"model.vocabulary_size={known}: the text has {needed} different characters"
            )

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The tokens of windows, and the tokens behind each."""
        del key
        return (batch["tokens"][:, :-1],), batch["tokens"][:, 1:]

    def apply(
        self,
        variables: dict,
        inputs: dict,
        length: int = 1,
        temperature: float = 1.0,
        top_k: int | None = None,
    ) -> dict[str, jax.Array]:
        """Scores the token behind each of (N, T), or draws `length` tokens behind the last."""
        tokens, own = inputs["tokens"], variables[NETWORK]
        if "seed" not in inputs:
            return {"scores": self.network.apply(own, tokens)}

        def continued(seed, tokens):
            key, prompt = jax.random.key(seed), tokens[None]
            return continue_tokens(self.network, own, key, prompt, length, temperature, top_k)[0]

        return {"continuation": jax.vmap(continued)(inputs["seed"], tokens)}

    def _tokens(self, length):
        return Field((length,), "int32", "tokens", (0, self.network.vocabulary_size))
