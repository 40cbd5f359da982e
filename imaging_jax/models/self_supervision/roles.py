"""What networks that learn without labels have in common, by which tasks know them."""

from flax import linen as nn


class Encoder(nn.Module):
    """Makes features of images, which serve other tasks once it is trained.

    A network has a method ``encode(x, train=False)``: images ``(N, H, W, C)`` as its call takes
    them, or parts of them, to float32 features ``(N, D)``.
    """
