"""Cubes restored from file to file by stand-ins."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import io

from train.data.cubes import Cube, read_cube, write_cube
from train.data.fields import Field
from train.systems.cube_files import (
    CubeRestorer,
    cube_outputs,
    files_written,
    restore_cubes,
    takes_cubes,
    told_of,
)
from train.systems.interpolation import interpolation
from train.systems.system import Origin, System

ROOT = Path(__file__).resolve().parents[3]


def restoring(function, bands=None, options=None, pure=False):
    """A system of a function of cubes (N, H, W, bands)."""
    field = {"image": Field((None, None, bands), "float32", "cube", (0.0, 1.0))}
    apply = lambda inputs, **told: {"image": function(inputs["image"])}  # noqa: E731
    return System(
        *("stand-in", "by_hand", apply, Origin("fitted"), field, field),
        options={} if options is None else options,
        pure=apply if pure else None,
    )


HALVES = restoring(lambda x: x / 2)
HALVER = CubeRestorer(HALVES, {}, 2e9)


def numbers(dtype="<u2", shape=(5, 7, 4)):
    values = np.random.default_rng(0).permutation(np.arange(np.prod(shape))).reshape(shape)
    return (2 * values).astype(dtype)


def write(path, pixels):
    """A file whose bands are last, but in TIFF pages and in ENVI, by lines, in the middle."""
    suffix = path.suffix
    if suffix == ".hdr":
        code = {"u1": 1, "u2": 12, "f4": 4}[pixels.dtype.str[1:]]
        rows, columns, bands = pixels.shape
        path.write_text(
            f"ENVI\nsamples = {columns}\nlines = {rows}\nbands = {bands}\ndata type = {code}\n"
            f"interleave = bil\nbyte order = {int(pixels.dtype.str[0] == '>')}\n"
        )
        path.with_suffix(".bil").write_bytes(pixels.transpose(0, 2, 1).tobytes())
        return
    {
        ".mat": lambda: io.savemat(path, {"Y": pixels, "wl": np.arange(400, 404)}),
        ".npy": lambda: np.save(path, pixels),
        ".npz": lambda: np.savez(path, Y=pixels),
        ".tif": lambda: tifffile.imwrite(
            path, np.moveaxis(pixels, -1, 0), photometric="minisblack", metadata=None
        ),
    }[suffix]()


@pytest.mark.parametrize("suffix", [".mat", ".npy", ".npz", ".tif", ".hdr"])
@pytest.mark.parametrize("dtype", ["u1", "<u2", "<f4"])
def test_a_cube_stays_what_its_file_holds(dtype, suffix, tmp_path):
    pixels = numbers(dtype, (5, 7, 3))
    path = tmp_path / f"a.b{suffix}"
    write(path, pixels)
    axis = 2 if suffix in (".npy", ".npz", ".mat") else None
    pairs = cube_outputs([path], None)
    output = tmp_path / f"a.b_denoised{suffix}"
    assert pairs == [(path, output)]
    restore_cubes(HALVER, pairs, axis, preview=True)
    assert all(file.exists() for file in files_written(pairs, preview=True))
    assert len(files_written(pairs, preview=True)) == 2 + (suffix == ".hdr")
    found, source = read_cube(output, axis), read_cube(path, axis)
    np.testing.assert_allclose(found.pixels, pixels / 2, rtol=1e-6 if dtype == "<f4" else 0)
    assert found.pixels.dtype == pixels.dtype
    assert found.stored.band_axis == source.stored.band_axis
    if suffix == ".hdr":
        assert output.read_text() == path.read_text()
        assert output.with_suffix(".bil").exists()
    with Image.open(tmp_path / "a.b_denoised.png") as picture:
        assert (picture.size, picture.mode) == ((14, 5), "RGB")


def test_folders_give_their_cubes_once(tmp_path, capsys):
    (tmp_path / "sub").mkdir()
    for name in ("b.tif", "sub/c.hdr"):
        write(tmp_path / name, numbers())
    (tmp_path / "notes.txt").write_text("no cube")
    restore_cubes(HALVER, cube_outputs([tmp_path, tmp_path / "sub/c.bil"], None))
    names = {"b_denoised.tif", "sub/c_denoised.hdr"}
    assert {str(o.relative_to(tmp_path)) for _, o in cube_outputs([tmp_path], None)} == names
    assert "written by this command: b_denoised.tif, sub/c_denoised.hdr" in capsys.readouterr().out
    there = cube_outputs([tmp_path], str(tmp_path / "out"))
    assert {str(o.relative_to(tmp_path / "out")) for _, o in there} == names
    # What is named is meant.
    (pair,) = cube_outputs([tmp_path / "b_denoised.tif"], str(tmp_path / "x.npz"))
    assert pair[1] == tmp_path / "x.npz"
    restore_cubes(HALVER, [pair])
    assert np.load(pair[1])["cube"].max() == round(278 / 4)


def test_outputs_in_each_others_way_are_refused(tmp_path):
    for name in ("here/a.npy", "there/a.npy", "here/a.mat"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, numbers())
    both = [tmp_path / "here/a.npy", tmp_path / "there/a.npy"]
    with pytest.raises(ValueError, match=r"would both become"):
        cube_outputs(both, str(tmp_path / "out"))
    with pytest.raises(ValueError, match=r"is one file, the cubes are 2"):
        cube_outputs(both, "out.npy")
    with pytest.raises(ValueError, match=r"--output=out\.png: known endings are \.mat"):
        cube_outputs(both[:1], "out.png")
    pairs = cube_outputs([tmp_path / "here"], None)
    assert len(files_written(pairs)) == 2
    with pytest.raises(ValueError, match=r"a_denoised\.png: would be written for two cubes"):
        files_written(pairs, preview=True)
    write(tmp_path / "b.hdr", numbers())
    (tmp_path / "b.bil").unlink()
    with pytest.raises(ValueError, match=r"b\.hdr: wanted one raw file"):
        files_written(cube_outputs([tmp_path / "b.hdr"], None))


def test_what_cannot_be_restored_is_told_after_the_others_are_written(tmp_path):
    np.save(tmp_path / "a.npy", np.full((5, 7, 4), np.nan))
    write(tmp_path / "b.npy", numbers())
    write(tmp_path / "c.npy", numbers(shape=(5, 7, 3)))
    pairs = cube_outputs([tmp_path], None)
    four = CubeRestorer(restoring(lambda x: x, bands=4), {}, 2e9)
    with pytest.raises(ValueError, match=r"2 of 3 not done: \S+a\.npy: band 0.*c\.npy -> .*3 bands; by_hand takes 4"):  # fmt: skip # noqa: E501
        restore_cubes(four, pairs, 2)
    assert [output.exists() for _, output in pairs] == [False, True, False]
    nothing = CubeRestorer(restoring(lambda x: x * np.nan), {}, 2e9)
    with pytest.raises(ValueError, match="by_hand gave NaN"):
        nothing(Cube(numbers()))


def test_the_level_is_told_where_the_system_goes_by_one():
    assert takes_cubes(HALVES)
    assert not takes_cubes(interpolation("nearest"))
    assert told_of(HALVES, None) == {}
    with pytest.raises(ValueError, match="goes by nothing, not by sigma"):
        told_of(HALVES, 25.0)
    served = restoring(lambda x: x, options={"sigma": (30, 50)})
    assert told_of(served, None) == {"sigma": 30}
    assert told_of(served, 50.0) == {"sigma": 50}
    with pytest.raises(ValueError, match=r"sigma=25\.0: by_hand serves \(30, 50\)"):
        told_of(served, 25.0)
    free = restoring(lambda x: x, options={"sigma": ()})
    with pytest.raises(ValueError, match="--sigma is missing"):
        told_of(free, None)
    assert told_of(free, 12.5) == {"sigma": 12.5}


@pytest.mark.slow
def test_a_large_cube_is_taken_in_tiles(capsys):
    def smooth(x):
        kernel = jnp.full((3, 3, 1, x.shape[-1]), 1 / 9)
        return jax.lax.conv_general_dilated(
            *(jnp.asarray(x), kernel, (1, 1), "SAME"),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=x.shape[-1],
        )

    sizes = []

    def counted(x):
        sizes.append(x.shape[1:3])
        return smooth(x)

    cube = Cube(np.random.default_rng(0).random((90, 75, 2)).astype(np.float32))
    large = CubeRestorer(restoring(counted, pure=True), {}, 2e9)(cube)
    assert sizes[-1] == (90, 75)
    small = CubeRestorer(restoring(counted, pure=True), {}, 6e4)(cube)
    assert max(sizes[-1]) < 70
    np.testing.assert_allclose(small.pixels, large.pixels, atol=1e-6)
    mean = restoring(lambda x: x * 0 + jnp.mean(x, axis=(1, 2), keepdims=True), pure=True)
    assert np.ptp(CubeRestorer(mean, {}, 1e4)(cube).pixels[..., 0]) == 0
    assert "by_hand looks at the whole cube" in capsys.readouterr().out


STAND_IN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from tests.train.systems.test_cube_files import restoring
from train.systems import catalogue

catalogue.SYSTEMS["halves"] = lambda _: restoring(lambda x: x / 2)
catalogue.SYSTEMS["serves"] = lambda _: restoring(lambda x: x, 4, {"sigma": (30,)})
from train import predict

for words in sys.argv[1].split(";"):
    sys.argv = ["predict", *words.split()]
    for flag in predict.flags.FLAGS.get_key_flags_for_module("train.predict"):
        flag.unparse()
    try:
        predict.main()
    except SystemExit:
        pass
"""


def test_the_command_restores_cubes(tmp_path):
    pixels = numbers()
    np.savez(tmp_path / "a.npz", noisy=np.moveaxis(pixels, -1, 0), clean=pixels)
    write_cube(tmp_path / "b.hdr", Cube(pixels))
    a, b = tmp_path / "a.npz", tmp_path / "b.img"
    calls = [
        f"--weights=halves --band_axis=first --variable=noisy {a}",
        f"--weights=halves --preview {b}",
        f"--weights=halves {b}",
        f"--weights=serves --sigma=25 {b}",
        f"--weights=serves --sigma=auto {b}",
        f"--weights=serves --scale=2 {b}",
        f"--weights=bicubic --band_axis=last {a}",
        f"--weights=serves --sigma=30 --overwrite {b}",
    ]
    done = subprocess.run(
        [sys.executable, "-c", STAND_IN, str(ROOT), ";".join(calls)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert done.returncode == 0, done.stderr
    assert len(errors) == 5, done.stderr
    assert "b_denoised.hdr, " in errors[0]
    assert "--overwrite replaces" in errors[0]
    assert "sigma=25.0: by_hand serves (30,)" in errors[1]
    assert "--sigma=auto: wanted a number" in errors[2]
    assert "--scale: serves takes cubes" in errors[3]
    assert "--band_axis: bicubic takes pictures" in errors[4]
    with np.load(tmp_path / "a_denoised.npz") as file:
        np.testing.assert_array_equal(file["noisy"], np.moveaxis(pixels // 2, -1, 0))
        np.testing.assert_array_equal(file["clean"], pixels)
    np.testing.assert_array_equal(read_cube(tmp_path / "b_denoised.img").pixels, pixels)
    assert (tmp_path / "b_denoised.png").exists()


def test_white_keeps_the_values_that_lie_beyond():
    pixels = np.float32([[[-1.0, 0.5], [2.0, 5.0]]])
    unit, low, high = Cube(pixels).to_unit(white=2.0)
    np.testing.assert_array_equal(unit, pixels / 2)
    assert (low, high) == (0.0, 2.0)
    np.testing.assert_array_equal(Cube(pixels).from_unit(unit, low, high).pixels, pixels)
