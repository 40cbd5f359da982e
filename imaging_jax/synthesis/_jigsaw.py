import jax
import jax.numpy as jnp

from imaging_jax._counts import check_counts
from imaging_jax._images import as_image

_EPSILON = 1e-6


def jigsaw(
    key: jax.Array,
    images: jax.Array,
    permutations: jax.Array,
    grid: int = 3,
    tile: int = 64,
    normalized: bool = True,
) -> tuple[jax.Array, jax.Array]:
    """Makes a puzzle of each image: tiles of its cells, in one of several orders.

    Each tile lies anywhere in its cell, so that its edges don't tell its neighbours, and has a mean
    of 0 and a deviation of 1 by itself, so that its brightness and contrast don't either.

    Args:
      key: of orders and places.
      images: ``(N, H, W, C)``, in whose middle the grid lies.
      permutations: ``(P, grid²)``, such as of `distant_permutations`: tile i of a puzzle is of the
        cell ``permutations[label, i]``, counted in rows.
      grid: cells a side.
      tile: height and width of a tile, in pixels.
      normalized: whether each tile is.

    Returns:
      Tiles ``(N, grid², tile, tile, C)``, and labels ``(N,)`` of 0 to P - 1.

    Raises:
      ValueError: cells smaller than a tile, counts below 1, or permutations of another length.

    Source: Noroozi, Favaro, "Unsupervised learning of visual representations by solving jigsaw
    puzzles", ECCV 2016, section 3.
    """
    images = as_image("images", images, real=True)
    check_counts(grid=grid, tile=tile)
    permutations = jnp.asarray(permutations)
    if permutations.ndim != 2 or permutations.shape[1] != grid**2 or not len(permutations):
        raise ValueError(f"permutations: expected (P, {grid**2}), got {permutations.shape}")
    if images.ndim != 4 or min(images.shape[1:3]) < grid * tile:
        raise ValueError(
            f"images: expected (N, H, W, C) of {grid * tile} pixels a side, for {grid}x{grid} "
            f"tiles of {tile}, got {images.shape}"
        )
    count, height, width, channels = images.shape
    cell = jnp.array([height // grid, width // grid])
    start = (jnp.array([height, width]) - grid * cell) // 2
    label_key, place_key = jax.random.split(key)
    labels = jax.random.randint(label_key, (count,), 0, len(permutations))
    places = permutations[labels]
    rows_and_columns = jnp.stack([places // grid, places % grid], axis=-1)
    within = jax.random.randint(place_key, (count, grid**2, 2), 0, cell - tile + 1)
    corners = start + rows_and_columns * cell + within

    def cut(image, corner):
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (tile, tile, channels))

    tiles = jax.vmap(jax.vmap(cut, (None, 0)))(images, corners)
    return (_standardized(tiles) if normalized else tiles), labels


def _standardized(tiles):
    """Each tile and channel by its own mean and deviation."""
    axes = (-3, -2)
    variance = jnp.var(tiles, axis=axes, keepdims=True)
    return (tiles - jnp.mean(tiles, axis=axes, keepdims=True)) * jax.lax.rsqrt(variance + _EPSILON)
