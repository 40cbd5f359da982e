"""One training at a time in a run folder; reading it asks nobody."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOLCK, ENOSYS, EOPNOTSUPP
from pathlib import Path

import jax
import numpy as np
from filelock import FileLock, Timeout
from jax.experimental import multihost_utils

from train.config.console import say

LOCK, OWNER = ".lock", ".owner.json"
_LONGEST = 2048


@contextmanager
def held_alone(workdir: Path) -> Iterator[None]:
    """Holds a run folder, which is made if it isn't there, for the processes of one training.

    The lock is the operating system's, so that a killed process leaves none behind. The first
    process holds it and tells the others.

    Raises:
      ValueError: another training holds it; names its host and process.
    """
    lock = FileLock(workdir / LOCK, timeout=0, fallback_to_soft=False)
    try:
        _raise_everywhere(_acquire(lock, workdir) if jax.process_index() == 0 else None)
        yield
    finally:
        if lock.is_locked:
            (workdir / OWNER).unlink(missing_ok=True)
            lock.release()


def _acquire(lock: FileLock, workdir: Path) -> Exception | None:
    """Takes the lock; what failed is returned, since the other processes are waiting for word."""
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        owner = {"host": socket.gethostname(), "process": os.getpid()}
        (workdir / OWNER).write_text(json.dumps(owner) + "\n")
    except Timeout:
        return ValueError(
            f"{workdir} is being trained in by {_owner(workdir)}; wait for its end, stop it, or "
            "choose another --workdir"
        )
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", ENOSYS) not in (ENOSYS, ENOLCK, EOPNOTSUPP):
            return error
        say(f"{workdir} is on a file system without locks: see that only one training writes there")
    return None


def _owner(workdir: Path) -> str:
    try:
        owner = json.loads((workdir / OWNER).read_text())
        return f"process {owner['process']} on {owner['host']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def _raise_everywhere(error: Exception | None) -> None:
    if jax.process_count() > 1:
        words = str(error).encode()[:_LONGEST] if error else b""
        padded = np.frombuffer(words.ljust(_LONGEST, b"\0"), np.uint8)
        told = bytes(multihost_utils.broadcast_one_to_all(padded)).rstrip(b"\0").decode()
        error = error or (ValueError(told) if told else None)
    if error:
        raise error
