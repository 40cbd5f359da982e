from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.layers import Conv, check_at_least, check_channels

# As the authors train it; the running statistics then follow the last batches closely.
EPSILON, MOMENTUM = 1e-4, 0.1


class DnCNN(nn.Module):
    """DnCNN: a chain of 3x3 convolutions predicts the noise, which is subtracted.

    One network serves one noise level at depth 17 (DnCNN-S, 556,097 parameters for grey images;
    555,137 with the batch norms merged into the convolutions), a range of levels at depth 20.
    Kernels start He normal over ``9 features``.

    Attributes:
        channels: image channels.
        depth: number of convolutions, at least 2.
        features: width of the hidden layers.
        batch_norm: hidden convolutions are followed by batch norms and have no bias; without, as
            after `merge_batch_norm`, each has a bias.
        dtype: type of computation; parameters are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another number of channels, or a depth below 2.

    Source: Zhang, Zuo, Chen, Meng, Zhang, "Beyond a Gaussian Denoiser: Residual Learning of Deep
    CNN for Image Denoising", IEEE TIP 2017, section III.
    """

    channels: int = 1
    depth: int = 17
    features: int = 64
    batch_norm: bool = True
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    takes: ClassVar[tuple[str, ...]] = ("image",)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Denoises ``(..., H, W, channels)`` in [0, 1]; ``train`` takes the batch's statistics."""
        check_channels(x, self.channels, "DnCNN")
        check_at_least(2, "DnCNN", depth=self.depth)
        conv = partial(
            Conv,
            kernel_size=(3, 3),
            kernel_init=nn.initializers.normal((2 / (9 * self.features)) ** 0.5),
            dtype=self.dtype,
            precision=self.precision,
        )
        noise = nn.relu(conv(self.features, name="conv1")(x))
        for index in range(2, self.depth):
            noise = conv(self.features, use_bias=not self.batch_norm, name=f"conv{index}")(noise)
            if self.batch_norm:
                noise = nn.BatchNorm(
                    use_running_average=not train,
                    momentum=MOMENTUM,
                    epsilon=EPSILON,
                    dtype=self.dtype,
                    name=f"norm{index}",
                )(noise)
            noise = nn.relu(noise)
        noise = conv(self.channels, name=f"conv{self.depth}")(noise)
        return x - noise.astype(x.dtype)


def merge_batch_norm(network: DnCNN, variables: dict[str, Any]) -> tuple[DnCNN, dict[str, Any]]:
    """Folds the batch norms of a trained DnCNN into its convolutions.

    Args:
        network: with `batch_norm`.
        variables: its "params" and "batch_stats".

    Returns:
        The network without batch norms and its variables; it predicts the same, faster.

    Raises:
        ValueError: on a network that has none.
    """
    if not network.batch_norm:
        raise ValueError("network.batch_norm is False: there are no batch norms to merge")
    params, statistics = variables["params"], variables["batch_stats"]
    merged = {name: layer for name, layer in params.items() if name.startswith("conv")}
    for name, running in statistics.items():
        norm, index = params[name], name.removeprefix("norm")
        gain = norm["scale"] / jnp.sqrt(running["var"] + EPSILON)
        merged[f"conv{index}"] = {
            "kernel": gain * params[f"conv{index}"]["kernel"],
            "bias": norm["bias"] - gain * running["mean"],
        }
    return network.clone(batch_norm=False), {"params": merged}
