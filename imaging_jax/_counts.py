import numpy as np


def check_counts(**values: int) -> None:
    """ValueError where a named count isn't a positive integer."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name}: expected a positive integer, got {value!r}")
