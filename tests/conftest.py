import os
from pathlib import Path

# Before jax starts: the same compiled programs serve every run of the suite, also the smallest,
# which are most of its time.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path.home() / ".cache/imaging_jax/xla"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

import jax
import pytest


@pytest.fixture(scope="session")
def imaging_data() -> Path:
    """The folder of real images and published weights that IMAGING_DATA names."""
    root = os.environ.get("IMAGING_DATA")
    if not root:
        pytest.skip("IMAGING_DATA is not set: no real images or published weights to test against")
    return Path(root)


@pytest.fixture
def x64():
    """Runs a test in float64, as adjoint, gradient and check-value tests do."""
    with jax.enable_x64(True):
        yield
