"""Windows of a series, cut at random times and places inside the compiled step."""

import jax

from train.data.data_sets import data_set
from train.data.fields import Field, Fields, check_fields
from train.data.resident import Resident

_SERIES = {
    "series": Field((None, None, None, None), "float32", "frames"),
    "climatology": Field((None, None, None, None), "float32", "frames"),
    "deviation": Field((), "float32", "figure"),
}


class SeriesWindows(Resident):
    """Histories, and the image some steps behind each.

    Args:
      series: a set of a part to learn from, such as "ecv:fit".
      batch_size: windows a batch.
      patch_size: height and width that are cut of the images.
      history: steps that are seen.
      horizon: steps from the last of them to the one that is predicted.

    Raises:
      ValueError: a set of something else, a part to score, or one that a window doesn't fit into.
    """

    def __init__(self, series: str, batch_size: int, patch_size: int, history: int, horizon: int):
        source = data_set(series)
        check_fields(source.fields, _SERIES, f"data.series={series!r}", "the data")
        item = source[0]
        if item["first"]:
            raise ValueError(f"data.series={series!r}: wanted a part to learn from, fit or train")
        steps, height, width, channels = item["series"].shape
        for name, value in (("history", history), ("horizon", horizon)):
            if value < 1:
                raise ValueError(f"data.{name}={value}: wanted at least 1")
        if steps < history + horizon:
            raise ValueError(
                f"data.history={history} and data.horizon={horizon}: {source.name} has {steps} "
                "steps, wanted as many as both"
            )
        if not 1 <= patch_size <= min(height, width):
            raise ValueError(
                f"data.patch_size={patch_size}: wanted 1 to {min(height, width)}, {source.name} "
                f"has {height}x{width} pixels"
            )
        self.assets = source.assets
        self.batch_size = batch_size
        self.patch_size = patch_size
        self.history = history
        self.horizon = horizon
        self.arrays = {name: item[name] for name in _SERIES}
        frame = (patch_size, patch_size, channels)
        self.fields: Fields = {
            "history": Field((history, *frame), "float32", "frames"),
            "climatology": Field((history + 1, *frame), "float32", "frames"),
            "deviation": Field((), "float32", "figure"),
            "target": Field(frame, "float32", "image"),
        }

    def batch(self, key: jax.Array, inputs: dict) -> dict[str, jax.Array]:
        """Cuts {"history", "climatology", "deviation", "target"}.

        The climatology is that of the history's steps, and of the target's behind them.
        """
        keys = jax.random.split(key, self.batch_size)
        return jax.vmap(lambda key: self._window(key, inputs))(keys)

    def _window(self, key, inputs):
        when, where = jax.random.split(key)
        length, side = self.history + self.horizon, self.patch_size
        steps, height, width, channels = inputs["series"].shape
        start = jax.random.randint(when, (), 0, steps - length + 1)
        limits = jax.numpy.array([height, width]) - side + 1
        top, left = jax.random.randint(where, (2,), 0, limits)

        def cut(values):
            at, size = (start, top, left, 0), (length, side, side, channels)
            return jax.lax.dynamic_slice(values, at, size)

        values, usual = cut(inputs["series"]), cut(inputs["climatology"])
        seen = self.history
        return {
            "history": values[:seen],
            "climatology": jax.numpy.concatenate([usual[:seen], usual[-1:]]),
            "deviation": inputs["deviation"],
            "target": values[-1],
        }
