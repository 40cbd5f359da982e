import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.io

from imaging_jax import pretrained
from tools.convert_weights import convert

KERNEL = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
BIAS = np.array([[1.5, -2.0]])


def converted(source, tmp_path):
    target = tmp_path / "out.safetensors"
    convert(source, target)
    return pretrained.read(target)


def test_structs_and_cells_of_matlab_become_names(tmp_path):
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = KERNEL, {"b": BIAS, "type": "conv"}
    file = tmp_path / "weights.mat"
    scipy.io.savemat(file, {"net": {"layers": cells, "depth": np.uint8(3)}, "Q": KERNEL[0]})
    found = converted(file, tmp_path)
    assert sorted(found) == ["Q", "net.depth", "net.layers.0", "net.layers.1.b"]
    np.testing.assert_array_equal(found["net.layers.0"], KERNEL, strict=True)
    np.testing.assert_array_equal(found["net.layers.1.b"], BIAS, strict=True)
    np.testing.assert_array_equal(found["Q"], KERNEL[0], strict=True)
    assert found["net.depth"].item() == 3


def test_format_7_3_reads_as_matlab_shows_it(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py isn't installed: uv sync --extra convert")
    file = tmp_path / "weights.mat"
    # As MATLAB writes it: 512 bytes of its own, axes in reverse, cells as references.
    with h5py.File(file, "w", userblock_size=512) as opened:
        layer = opened.create_dataset("#refs#/a", data=KERNEL.T)
        layer.attrs["MATLAB_class"] = np.bytes_("single")
        bias = opened.create_dataset("#refs#/b", data=BIAS.T)
        cells = opened.create_dataset("net/layers", (2, 1), h5py.ref_dtype)
        cells[:, 0] = [layer.ref, bias.ref]
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        words = opened.create_dataset("net/type", data=np.array([[99, 111]], np.uint16))
        words.attrs["MATLAB_class"] = np.bytes_("char")
    found = converted(file, tmp_path)
    assert sorted(found) == ["net.layers.0", "net.layers.1"]
    np.testing.assert_array_equal(found["net.layers.0"], KERNEL, strict=True)
    np.testing.assert_array_equal(found["net.layers.1"], BIAS, strict=True)


def test_an_object_of_format_7_3_is_an_error(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py isn't installed: uv sync --extra convert")
    with h5py.File(tmp_path / "net.mat", "w", userblock_size=512) as opened:
        # Such a dataset holds references of MATLAB's own.
        net = opened.create_dataset("net", data=np.array([[3707764736, 2, 1, 1]], np.uint32))
        net.attrs["MATLAB_class"] = np.bytes_("SeriesNetwork")
        net.attrs["MATLAB_object_decode"] = np.int32(3)
    with pytest.raises(ValueError, match=r"net\.mat: /net is an object"):
        converted(tmp_path / "net.mat", tmp_path)


def test_pth_files_are_read_without_their_objects(tmp_path):
    torch = pytest.importorskip("torch", reason="torch isn't installed")
    file = tmp_path / "weights.pth"
    torch.save({"state_dict": {"conv.weight": torch.from_numpy(KERNEL)}, "epoch": 3}, file)
    found = converted(file, tmp_path)
    np.testing.assert_array_equal(found["state_dict.conv.weight"], KERNEL, strict=True)


class Bomb:
    """Raises when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_what_cannot_be_converted_is_said_and_leaves_nothing(tmp_path):
    (tmp_path / "bomb.pth").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "damaged.mat").write_bytes(b"no MATLAB file")
    scipy.io.savemat(tmp_path / "complex.mat", {"a": np.ones(3), "z": np.ones(3) * 1j})
    scipy.io.savemat(tmp_path / "words.mat", {"a": "text"})
    scipy.io.savemat(tmp_path / "twice.mat", {"a.b": np.ones(3), "a": {"b": np.ones(3)}})
    scipy.io.savemat(tmp_path / "good.mat", {"a": np.ones(3)})
    before = sorted(tmp_path.iterdir())
    for source, target, message in (
        ("bomb.pth", "out.safetensors", "bomb.pth"),
        ("damaged.mat", "out.safetensors", "damaged.mat cannot be read"),
        ("complex.mat", "out.safetensors", "complex.mat: z is ndarray of complex128"),
        ("words.mat", "out.safetensors", "words.mat holds no arrays"),
        ("twice.mat", "out.safetensors", "two arrays would be called a.b"),
        ("missing.mat", "out.safetensors", "missing.mat: no such file"),
        ("weights.npy", "out.npz", "out.npz: wanted a name that ends in .safetensors"),
        ("good.mat", "good.mat", "good.mat: wanted a name"),
    ):
        with pytest.raises(ValueError, match=message):
            convert(tmp_path / source, tmp_path / target)
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_replaced(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"a": np.ones(3)})
    (tmp_path / "out.safetensors").write_bytes(b"kept")
    with pytest.raises(ValueError, match=r"out\.safetensors is there already"):
        convert(tmp_path / "a.mat", tmp_path / "out.safetensors")
    assert (tmp_path / "out.safetensors").read_bytes() == b"kept"


def test_the_command_says_an_error_in_one_line(tmp_path):
    command = [sys.executable, "-m", "tools.convert_weights", "none.mat", "out.safetensors"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "error: none.mat: no such file\n")
