import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from imaging_jax.models.generative.roles import Autoencoder
from imaging_jax.models.layers import Conv, check_at_least, check_batch, check_choice, check_images

ACTIVATIONS = {"linear": lambda x: x, "relu": nn.relu, "sigmoid": nn.sigmoid}


class DenseAutoencoder(Autoencoder):
    """An autoencoder of dense layers, the decoder the encoder's mirror.

    Its layers are ``encoder1`` to ``encoderK`` and ``decoderK`` to ``decoder1``; the pair k maps
    the activations of layer k - 1 to those of layer k and back, and trains alone by `layer_pair`,
    greedily, before the whole is fine-tuned. Kernels start LeCun normal. With 28x28 pixels the
    widths (32,) have 50,992 parameters and (1000, 500, 250, 30), Hinton's, 2,837,314. Without
    hidden layers and all linear it spans the principal components.

    Attributes:
        widths: of the encoder's layers, the last of which is the code.
        activation: of the hidden layers: "relu", "sigmoid" or "linear".
        code_activation: likewise, of the code.
        output_activation: "sigmoid", or "linear".
        image_shape: height, width and channels.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the products.

    Raises:
        ValueError: on another image, an unknown activation, no widths or one below 1.

    Source: Hinton, Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks",
    Science 2006; greedy training of Bengio, Lamblin, Popovici, Larochelle, "Greedy Layer-Wise
    Training of Deep Networks", NIPS 2006, section 3.
    """

    widths: tuple[int, ...] = (32,)
    activation: str = "relu"
    code_activation: str = "linear"
    output_activation: str = "sigmoid"
    image_shape: tuple[int, int, int] = (28, 28, 1)
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    def setup(self):
        """Makes the layers."""
        model = type(self).__name__
        for name in ("activation", "code_activation"):
            check_choice(model, name, getattr(self, name), ACTIVATIONS)
        check_choice(model, "output_activation", self.output_activation, ("sigmoid", "linear"))
        if not self.widths:
            raise ValueError(f"{model}: widths must hold at least that of the code, got ()")
        for index, width in enumerate(self.widths):
            check_at_least(1, model, **{f"widths[{index}]": width})
        sizes = self._sizes
        for k in range(1, len(sizes)):
            dtype = self.dtype if k > 1 else jnp.float32
            setattr(self, f"encoder{k}", self._dense(sizes[k], self.dtype))
            setattr(self, f"decoder{k}", self._dense(sizes[k - 1], dtype))

    def __call__(self, x: jax.Array, train: bool = False) -> tuple[jax.Array, jax.Array]:
        """Encodes and decodes images.

        Args:
            x: ``(N, *image_shape)`` in [0, 1].
            train: changes nothing.

        Returns:
            The reconstruction, of the same shape, and the code ``(N, widths[-1])``.
        """
        code = self.encode(x)
        return self.decode(code), code

    def encode(self, x: jax.Array) -> jax.Array:
        """Maps images ``(N, *image_shape)`` in [0, 1] to codes ``(N, widths[-1])``."""
        return self.encode_until(x, len(self.widths))

    def encode_until(self, x: jax.Array, k: int) -> jax.Array:
        """Maps images ``(N, *image_shape)`` to the activations of layer ``k``, pixels for 0."""
        check_images(x, self.image_shape, type(self).__name__)
        if not 0 <= k <= len(self.widths):
            raise ValueError(f"k must lie in 0 ... {len(self.widths)}, got {k}")
        activations = x.reshape(x.shape[0], -1)
        for layer in range(1, k + 1):
            activations = self._up(activations, layer)
        return activations

    def layer_pair(self, activations: jax.Array, k: int) -> tuple[jax.Array, jax.Array]:
        """Passes through ``encoder{k}`` and ``decoder{k}`` alone.

        Args:
            activations: of layer ``k - 1``, as `encode_until` gives them.
            k: in 1 ... K.

        Returns:
            Their reconstruction and the activations of layer ``k``.
        """
        if not 1 <= k <= len(self.widths):
            raise ValueError(f"k must lie in 1 ... {len(self.widths)}, got {k}")
        check_batch(activations, "activations", (self._sizes[k - 1],), type(self).__name__)
        above = self._up(activations, k)
        return self._activation_of(k - 1)(self._decoder(k)(above)), above

    def decode(self, code: jax.Array) -> jax.Array:
        """Maps codes ``(N, widths[-1])`` to images, in [0, 1] where the output is sigmoid."""
        return self._activation_of(0)(self.decode_logits(code))

    def decode_logits(self, code: jax.Array) -> jax.Array:
        """Maps codes ``(N, widths[-1])`` to what the output activation is applied to."""
        check_batch(code, "code", self.widths[-1:], type(self).__name__)
        y = code
        for k in range(len(self.widths), 1, -1):
            y = self._activation_of(k - 1)(self._decoder(k)(y))
        return self._decoder(1)(y.astype(jnp.float32)).reshape(-1, *self.image_shape)

    @property
    def _sizes(self):
        return (math.prod(self.image_shape), *self.widths)

    def _up(self, activations, k):
        return self._activation_of(k)(getattr(self, f"encoder{k}")(activations))

    def _decoder(self, k):
        return getattr(self, f"decoder{k}")

    def _activation_of(self, layer):
        if layer == 0:
            return ACTIVATIONS[self.output_activation]
        return ACTIVATIONS[self.code_activation if layer == len(self.widths) else self.activation]

    def _dense(self, features, dtype):
        return nn.Dense(features, dtype=dtype, precision=self.precision)


class ConvolutionalAutoencoder(Autoencoder):
    """An autoencoder of 3x3 convolutions with ReLU; max-pooling halves, repetition doubles.

    28x28 pixels become a 4x4 code of 8 channels. There are 4,385 parameters; kernels start LeCun
    normal. The last convolution but one has no padding, so that 16x16 becomes 14x14.

    Attributes:
        features: channels of the outer layers.
        code_features: channels of the inner layers and the code.
        dtype: type of computation; parameters and the last layer are float32.
        precision: of the convolutions.

    Raises:
        ValueError: on another image or features below 1.

    Source: Masci, Meier, Cireşan, Schmidhuber, "Stacked Convolutional Auto-Encoders for
    Hierarchical Feature Extraction", ICANN 2011; sizes of blog.keras.io, "Building Autoencoders in
    Keras".
    """

    features: int = 16
    code_features: int = 8
    dtype: Any = jnp.float32
    precision: jax.lax.PrecisionLike = None

    image_shape: ClassVar[tuple[int, int, int]] = (28, 28, 1)

    def setup(self):
        """Makes the layers."""
        check_at_least(
            1, type(self).__name__, features=self.features, code_features=self.code_features
        )
        self.encoder1 = self._conv(self.features)
        self.encoder2 = self._conv(self.code_features)
        self.encoder3 = self._conv(self.code_features)
        self.decoder3 = self._conv(self.code_features)
        self.decoder2 = self._conv(self.code_features)
        self.decoder1 = self._conv(self.features, padding="VALID")
        self.output = self._conv(1, dtype=jnp.float32)

    def __call__(self, x: jax.Array, train: bool = False) -> tuple[jax.Array, jax.Array]:
        """Encodes and decodes images.

        Args:
            x: ``(N, 28, 28, 1)`` in [0, 1].
            train: changes nothing.

        Returns:
            The reconstruction, of the same shape in [0, 1], and the code ``(N, 4, 4, 8)``.
        """
        code = self.encode(x)
        return self.decode(code), code

    def encode(self, x: jax.Array) -> jax.Array:
        """Maps images ``(N, 28, 28, 1)`` in [0, 1] to codes ``(N, 4, 4, code_features)``."""
        check_images(x, self.image_shape, type(self).__name__)
        y = x
        for layer in (self.encoder1, self.encoder2, self.encoder3):
            y = nn.max_pool(nn.relu(layer(y)), (2, 2), (2, 2), "SAME")
        return y

    def decode(self, code: jax.Array) -> jax.Array:
        """Maps codes ``(N, 4, 4, code_features)`` to images ``(N, 28, 28, 1)`` in [0, 1]."""
        return nn.sigmoid(self.decode_logits(code))

    def decode_logits(self, code: jax.Array) -> jax.Array:
        """Maps codes ``(N, 4, 4, code_features)`` to the logits of images ``(N, 28, 28, 1)``."""
        check_batch(code, "code", (4, 4, self.code_features), type(self).__name__)
        y = code
        for layer in (self.decoder3, self.decoder2, self.decoder1):
            y = jnp.repeat(jnp.repeat(nn.relu(layer(y)), 2, axis=1), 2, axis=2)
        return self.output(y.astype(jnp.float32))

    def _conv(self, features, padding="SAME", dtype=None):
        return Conv(
            features, (3, 3), padding=padding, dtype=dtype or self.dtype, precision=self.precision
        )
