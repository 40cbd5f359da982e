"""The folder of real images and published weights, which the environment variable names."""

import os
from pathlib import Path

_VARIABLE = "IMAGING_DATA"


def data_root() -> Path | None:
    """The folder that IMAGING_DATA names, or None."""
    root = os.environ.get(_VARIABLE)
    return Path(root) if root else None


def under_data(path: str, needed_by: str) -> Path:
    """The path below the folder that IMAGING_DATA names.

    Args:
        path: of a file or folder, there or not.
        needed_by: what needs it, for the message.

    Raises:
        ValueError: IMAGING_DATA is unset.
    """
    root = data_root()
    if root is None:
        raise ValueError(
            f"{needed_by} needs the environment variable {_VARIABLE}: "
            f"set {_VARIABLE} to the folder that holds {path}"
        )
    return root / path
