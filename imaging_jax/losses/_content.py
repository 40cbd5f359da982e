from collections.abc import Callable

import jax

from imaging_jax.losses._pixel import check_shapes, mse

_FEATURE_SCALE = 1 / 12.75


def content_loss(
    prediction: jax.Array, target: jax.Array, features: Callable[[jax.Array], jax.Array]
) -> jax.Array:
    """SRGAN's VGG loss: mean squared difference of features divided by 12.75.

    So scaled, the loss is 0.00615 times the features' own, about as large as that of pixels.

    Args:
      prediction: ``(..., H, W, C)``.
      target: the same shape.
      features: maps images to features of any shape, such as the map "relu5_4" of
        `imaging_jax.models.features.VGG19`.

    Returns:
      A scalar, at least 0.

    Raises:
      ValueError: where the shapes differ.

    Source: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", CVPR 2017, equation 5 and section 3.2; the mean is over the channels too.
    """
    check_shapes(prediction, target)
    scaled = (_FEATURE_SCALE * features(images) for images in (prediction, target))
    return mse(*scaled)
