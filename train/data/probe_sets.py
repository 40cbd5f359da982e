"""Sets by which encoders are probed: images with labels, and the set that a probe is fitted to."""

from collections.abc import Callable

from train.data.data_set import DataSet
from train.data.fields import check_fields

FITTED_TO = "probe_fitted_to"


def probe(rest: str, open_set: Callable[[str], DataSet]) -> DataSet:
    """Opens "<set>@<set>": the second, on which probes that are fitted to the first are scored.

    Args:
      rest: the two sets, of the same fields.
      open_set: opens either, by name.

    Raises:
      ValueError: other words, a set without labels, or sets of other fields or classes.
    """
    name = f"probe:{rest}"
    fitted, at, scored = rest.partition("@")
    if not at or not fitted or not scored:
        raise ValueError(f"{name}: wanted probe:<set to fit to>@<set to score>")
    first, second = open_set(fitted), open_set(scored)
    for found in (first, second):
        if "label" not in found.fields:
            raise ValueError(f"{name}: {found.name} has no labels")
        found.check_one_size()
    check_fields(first.fields, second.fields, first.name, f"{name}, as {second.name} has them,")
    assets = {**second.assets, FITTED_TO: fitted}
    return DataSet(name, second.fields, second.names, second.load, assets)
