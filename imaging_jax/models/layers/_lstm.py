from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

Carry = tuple[jax.Array, jax.Array]


class LSTM(nn.Module):
    """The cell of a long short-term memory, of gates i, f, o and candidates g.

    ``4 H (F + H) + 4 H`` parameters: memory c ← σ(f) c + σ(i) tanh(g), output h = σ(o) tanh(c).

    Attributes:
        features: width H of memory and output.
        dtype: type of the products; memory, gates and parameters are float32.
        precision: of the products.

    Source: Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, with
    the forget gate of Gers, Schmidhuber, Cummins, 2000.
    """

    features: int
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    @nn.compact
    def __call__(self, carry: Carry, x: jax.Array) -> tuple[Carry, jax.Array]:
        """Reads ``x (N, F)`` with memory and output before, ``(N, H)`` each.

        Returns:
            Both afterwards, and the output once more.
        """
        memory, output = carry
        dense = nn.Dense(
            4 * self.features, dtype=self.dtype, precision=self.precision, name="gates"
        )
        gates = dense(jnp.concatenate([x, output], axis=-1)).astype(jnp.float32)
        enter, forget, candidate, leave = jnp.split(gates, 4, axis=-1)
        memory = nn.sigmoid(forget) * memory + nn.sigmoid(enter) * jnp.tanh(candidate)
        output = nn.sigmoid(leave) * jnp.tanh(memory)
        return (memory, output), output
