import json
import pickle
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors
import safetensors.numpy

from imaging_jax.pretrained import load_params, read, save

TREE = {
    "head": {"kernel": np.arange(24.0, dtype=np.float32).reshape(2, 3, 4), "bias": np.zeros(4)},
    "block1": {"conv1": {"kernel": np.ones((3, 2), np.float32)}},
    "step": np.float32(7),
}


def like_of(tree):
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, jnp.float32), tree)


class Bomb:
    """Raises when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_reads_npz_and_safetensors(tmp_path):
    arrays = {"a.weight": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.float64([0.5])}
    np.savez(tmp_path / "weights.npz", **arrays)
    safetensors.numpy.save_file(arrays, tmp_path / "weights.safetensors")
    for name in ("weights.npz", "weights.safetensors"):
        found = read(tmp_path / name)
        assert found.keys() == arrays.keys()
        for key, value in arrays.items():
            np.testing.assert_array_equal(found[key], value, strict=True)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".pkl"])
def test_never_unpickles(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="nothing is unpickled") as caught:
        read(path)
    assert "python -m tools.convert_weights weights.pth" in str(caught.value)
    assert str(path) in str(caught.value)


def test_never_unpickles_what_pretends_to_be_npz(tmp_path):
    objects = tmp_path / "objects.npz"
    np.savez(objects, weights=np.array([Bomb()], dtype=object))
    disguised = tmp_path / "disguised.npz"
    disguised.write_bytes(pickle.dumps(Bomb()))
    for path in (objects, disguised):
        with pytest.raises(ValueError, match="nothing is unpickled") as caught:
            read(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_damage_is_a_value_error_that_names_the_file(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    arrays = {"a": np.arange(40.0), "b": np.ones((3, 5), np.float32)}
    if suffix == ".npz":
        np.savez_compressed(path, **arrays)
    else:
        safetensors.numpy.save_file(arrays, path)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    damaged = [b"", b"not an archive", whole[:20], whole[:-1], whole[: len(whole) // 2]]
    for _ in range(100):
        copy = bytearray(whole)
        copy[random.integers(len(copy))] ^= int(random.integers(1, 256))
        damaged.append(bytes(copy))
    messages = []
    for content in damaged:
        path.write_bytes(content)
        try:
            read(path)  # a flipped time stamp or number need not show
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert all(str(path) in message for message in messages)


def test_members_that_are_no_arrays_are_an_error(tmp_path):
    path = tmp_path / "weights.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no array")
    with pytest.raises(ValueError, match=r"weights\.npz.*readme\.txt"):
        read(path)


def test_other_suffixes_and_missing_files(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.npz or \.safetensors"):
        read(tmp_path / "weights.h5")
    for suffix in (".npz", ".safetensors"):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / f"missing{suffix}")


def test_a_tree_survives_the_round_trip(tmp_path):
    path = tmp_path / "run.safetensors"
    tree = {**TREE, "view": TREE["head"]["kernel"].T}  # not contiguous
    save(path, tree, {"config": "quickstart"})
    loaded = load_params(path, like_of(tree))
    assert jax.tree.structure(loaded) == jax.tree.structure(tree)
    for found, wanted in zip(jax.tree.leaves(loaded), jax.tree.leaves(tree), strict=True):
        assert found.dtype == jnp.float32
        np.testing.assert_array_equal(found, wanted)
    with safetensors.safe_open(path, "np") as file:
        assert file.metadata() == {"config": "quickstart"}
        assert "block1/conv1/kernel" in file.keys()  # noqa: SIM118


def test_the_file_is_plain_safetensors(tmp_path):
    path = tmp_path / "run.safetensors"
    save(path, {"a": {"b": np.float32([1, 2])}}, {})
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    start, stop = header["a/b"]["data_offsets"]
    data = content[8 + length :][start:stop]
    np.testing.assert_array_equal(np.frombuffer(data, "<f4"), [1, 2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tree: tree["head"].pop("bias"), r"head/bias of shape \(4,\) is not in the model"),
        (
            lambda tree: tree["head"].update(scale=np.zeros(2)),
            r"head/scale of shape \(2,\) is missing",
        ),
        (
            lambda tree: tree["head"].update(bias=np.zeros(5)),
            r"head/bias has shape \(4,\), the model wants \(5,\)",
        ),
    ],
)
def test_another_tree_is_an_error_that_names_the_leaf(tmp_path, change, message):
    path = tmp_path / "run.safetensors"
    save(path, TREE, {})
    wanted = jax.tree.map(np.asarray, TREE)
    change(wanted)
    with pytest.raises(ValueError, match=message):
        load_params(path, like_of(wanted))


def test_a_failed_save_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "run.safetensors"
    save(path, TREE, {})
    before = path.read_bytes()
    with pytest.raises((TypeError, ValueError, safetensors.SafetensorError)):
        save(path, {"a": np.zeros(2)}, {"steps": 1200})  # metadata must be strings
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.safetensors"]


def test_save_rejects_names_it_could_not_read_back(tmp_path):
    with pytest.raises(ValueError, match="must not hold '/'"):
        save(tmp_path / "run.safetensors", {"a/b": np.zeros(1)}, {})
    with pytest.raises(ValueError, match=r"must end in \.safetensors"):
        save(tmp_path / "run.npz", TREE, {})
