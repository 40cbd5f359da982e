import jax


def perceptual_index(niqe: jax.Array, ma_score: jax.Array) -> jax.Array:
    """Perceptual index PI, ``½ ((10 - Ma) + NIQE)``, without reference; smaller is better.

    PIRM 2018 took both scores of the luminance in 8 bits (``round_to_8bit`` of ``luminance``) with
    4 pixels shaved off every side, averaged each over the images, and combined the averages, which
    is the average of the images' indices.

    Args:
      niqe: of `imaging_jax.metrics.niqe`, any shape.
      ma_score: 0 to 10, larger is better, of the same shape: the score of Ma et al., "Learning a
        no-reference quality metric for single-image super-resolution", CVIU 2017, whose regression
        forests are published as a program.

    Returns:
      The same shape.

    Blau, Mechrez, Timofte, Michaeli, Zelnik-Manor, "The 2018 PIRM challenge on perceptual image
    super-resolution", ECCV Workshops 2018.
    """
    return 0.5 * ((10 - ma_score) + niqe)
