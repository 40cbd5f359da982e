from pathlib import Path

import pytest

from imaging_jax.data_root import data_root, under_data

ROOT = Path(__file__).parents[1]


def test_paths_lie_below_the_folder_that_the_variable_names(monkeypatch, tmp_path):
    monkeypatch.setenv("IMAGING_DATA", str(tmp_path))
    assert data_root() == tmp_path
    assert under_data("sr/Set5", "the set Set5") == tmp_path / "sr" / "Set5"


@pytest.mark.parametrize("value", [None, ""])
def test_an_unset_variable_is_said_with_what_needs_it(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("IMAGING_DATA", raising=False)
    else:
        monkeypatch.setenv("IMAGING_DATA", value)
    assert data_root() is None
    with pytest.raises(ValueError, match=r"the set Set5 needs .*IMAGING_DATA.* holds sr/Set5"):
        under_data("sr/Set5", "the set Set5")


def test_the_variable_is_read_in_one_place():
    packages = [ROOT / name for name in ("imaging_jax", "train", "benchmarks", "tools")]
    reading = [
        file.relative_to(ROOT).as_posix()
        for package in packages
        for file in package.rglob("*.py")
        if "environ" in (text := file.read_text()) and '"IMAGING_DATA"' in text
    ]
    assert reading == ["imaging_jax/data_root.py"]
