"""``--data PATH``: what can be read, and one sentence for everything that cannot."""

from __future__ import annotations

import gzip
import struct
import zipfile

import numpy as np
import pytest

from hwnoise import tasks
from hwnoise.errors import InputError
from hwnoise.tasks import reading

N = 40
IMAGES = np.arange(N * 12, dtype=np.uint64).reshape(N, 3, 4).astype(np.uint8)
LABELS = (np.arange(N) % 4).astype(np.uint8)


def idx_bytes(values, code=0x08):
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape) + values.tobytes()


def write_mnist(folder, part="train", suffix="", images=IMAGES, labels=LABELS):
    pack = gzip.compress if suffix else bytes
    (folder / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(idx_bytes(images)))
    (folder / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx_bytes(labels)))
    return folder


def refusal(path):
    """The sentence with which a path is refused; it names the path."""
    with pytest.raises(InputError) as caught:
        tasks.load("digits", str(path))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


# --- IDX ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnist_folder_keeps_its_own_test_part(tmp_path, suffix):
    write_mnist(tmp_path, "train", suffix)
    write_mnist(tmp_path, "t10k", suffix, IMAGES[:8], LABELS[:8])
    task = tasks.load("digits", str(tmp_path))
    assert [len(part) for part in (task.train, task.validation, task.test)] == [36, 4, 8]
    np.testing.assert_array_equal(task.test.x, IMAGES[:8].reshape(8, 12) / np.float32(255))
    assert (task.name, task.image_shape, task.classes) == (tmp_path.name, (3, 4), ("0", "1", "2", "3"))


def test_unpacked_and_packed_copies_are_one_file(tmp_path):
    write_mnist(write_mnist(tmp_path), suffix=".gz")
    assert len(tasks.load("digits", str(tmp_path)).train) == 28


def test_images_file_finds_its_labels(tmp_path):
    write_mnist(tmp_path, "emnist-letters-train", ".gz")
    task = tasks.load("digits", str(tmp_path / "emnist-letters-train-images-idx3-ubyte.gz"))
    assert len(task.train) + len(task.validation) + len(task.test) == N


def test_idx_folder_faults(tmp_path):
    assert "no train-images-idx3-ubyte file" in refusal(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    assert "labels file train-labels-idx1-ubyte (.gz or not) is not beside it" in refusal(tmp_path)
    write_mnist(tmp_path, "emnist-train")
    assert "which images are meant" in refusal(tmp_path)
    assert "give the file with 'images' in its name" in refusal(tmp_path / "emnist-train-labels-idx1-ubyte")


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (b"", "not an IDX file (it starts with nothing)"),
        (b"PK\3\4", "not an IDX file (it starts with 50 4b 03 04)"),
        (b"\0\0\x08\x07" + bytes(40), "not an IDX file"),
        (b"\0\0\x08\x03\0\0", "truncated inside the IDX header"),
        (idx_bytes(IMAGES)[:-1], "truncated, 479 of 480 bytes of data are there"),
        (idx_bytes(IMAGES) + b"!", "more bytes than the 480 its header announces"),
        (idx_bytes(IMAGES[:0]), "holds no data"),
        (idx_bytes(IMAGES[:-1]), "has shape (39, 3, 4), but train-labels-idx1-ubyte holds 40 labels"),
        (idx_bytes(LABELS), "has shape (40,)"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 60000, 2**31, 28), "the header promises 3607772528640000 bytes"),
        (gzip.compress(idx_bytes(IMAGES), mtime=0)[:-9], "damaged gzip file"),
        (gzip.compress(idx_bytes(IMAGES), mtime=0)[:30] + bytes(60), "damaged gzip file"),
    ],
)
def test_malformed_images_are_one_sentence(tmp_path, images, sentence):
    write_mnist(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(images)
    assert sentence in refusal(path)


def test_labels_with_two_axes(tmp_path):
    write_mnist(tmp_path, labels=np.eye(N, dtype=np.uint8))
    with pytest.raises(InputError, match="train-labels-idx1-ubyte: labels have one axis, these have 2"):
        tasks.load("digits", str(tmp_path))


def test_a_promise_beyond_the_limit_is_refused_before_it_is_read(tmp_path, monkeypatch):
    write_mnist(tmp_path)
    monkeypatch.setattr(reading, "MAX_BYTES", 479)
    assert "480 bytes of data are more than the limit of 479" in refusal(tmp_path / "train-images-idx3-ubyte")


# --- npz ------------------------------------------------------------------------------------------


def test_npz_with_x_and_y(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, x=IMAGES, y=LABELS)
    task = tasks.load("digits", str(path))
    assert (task.name, task.source, task.default_network) == ("mine", str(path), "12-64-4")
    assert task.fingerprint == tasks.from_arrays(IMAGES, LABELS).fingerprint


def test_npz_with_parts_of_its_own(tmp_path):
    path = tmp_path / "mine.npz"
    words = np.array(["a", "b", "c", "d"])[LABELS]
    np.savez(path, x_train=IMAGES, y_train=words, x_test=IMAGES[:9], y_test=words[:9])
    task = tasks.load("digits", str(path))
    assert [len(part) for part in (task.train, task.validation, task.test)] == [36, 4, 9]
    assert task.classes == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        ({"a": IMAGES}, "needs the arrays x and y, or x_train and y_train; it holds a"),
        ({"x": IMAGES}, "has the array x, but not both x and y"),
        (
            {"x": IMAGES, "y": LABELS, "x_test": IMAGES},
            "has the array x_test, but not both x_test and y_test",
        ),
        (
            {"x": IMAGES, "y": LABELS.astype(object)},
            "array y holds Python objects, which are never unpickled",
        ),
        ({"x": np.full((N, 2), np.nan), "y": LABELS}, "sample 0 of x has a value that is not finite"),
        ({"x": IMAGES, "y": LABELS[1:]}, "there are 40 samples in x, but y has shape (39,)"),
        ({"x": IMAGES, "y": LABELS * 0}, "all samples are of one class, '0'"),
    ],
)
def test_malformed_npz_is_one_sentence(tmp_path, held, sentence):
    path = tmp_path / "mine.npz"
    np.savez(path, **held)
    assert sentence in refusal(path)


def npy_header(shape, descr="|u1"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (npy_header("(100000, 100000)") + bytes(10), "the header promises 10000000000 bytes"),
        (npy_header("(40, 3)") + bytes(10), "array x is malformed"),
        (npy_header("(40,") + bytes(10), "array x is malformed"),
        (npy_header("(-4, -10)") + bytes(40), "array x is malformed"),
        (npy_header("(40, 1)", "nonsense") + bytes(40), "array x is malformed"),
        (b"\x93NUMPY\x01", "array x is malformed"),
        (b"\x93NUMPY\3\0", "array x is in an unknown npy version"),
        (b"hello", "array x is malformed"),
    ],
)
def test_npz_whose_header_lies(tmp_path, x, sentence):
    path = tmp_path / "mine.npz"
    np.savez(path, y=LABELS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x.npy", x)
    assert sentence in refusal(path)


def test_npz_truncated_or_no_archive(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, x=IMAGES, y=LABELS)
    path.write_bytes(path.read_bytes()[:-30])
    assert "damaged npz archive" in refusal(path)
    path.write_bytes(b"")
    assert "damaged npz archive" in refusal(path)


# --- csv ------------------------------------------------------------------------------------------

ROWS = [(0.1 * (k % 7), -0.05 * k / 2, "red" if k % 2 else "blue, dark") for k in range(N)]
EXPECTED = tasks.from_arrays([row[:2] for row in ROWS], [row[2] for row in ROWS])


def table(header="", delimiter=",", order=(0, 1, 2), end="\n"):
    lines = [header] if header else []
    for row in ROWS:
        fields = [f'"{value}"' if isinstance(value, str) else repr(value) for value in row]
        lines.append(delimiter.join(fields[k] for k in order))
    return end.join(lines) + end


@pytest.mark.parametrize(
    "text",
    [
        table(),
        table("a,b,colour"),
        table("1,2,class"),
        table("Label,a,b", order=(2, 0, 1)),
        table("a,target,b", order=(0, 2, 1)),
        table("a;b;colour", ";"),
        table(delimiter="\t", end="\r\n"),
        table("\ufeffa,b,colour", end="\n\n"),
    ],
)
def test_tables_of_many_kinds_are_one_task(tmp_path, text):
    plain, packed = tmp_path / "mine.csv", tmp_path / "mine.csv.gz"
    plain.write_bytes(text.encode())
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, packed):
        task = tasks.load("digits", str(path))
        assert (task.name, task.classes) == ("mine", ("blue, dark", "red"))
        assert task.fingerprint == EXPECTED.fingerprint


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the first line has 0 columns"),
        ("1\n2\n", "the first line has 1 columns, at least two are needed"),
        ("a,b,c\n\n", "there is a header, but no samples"),
        ("label,a,class\n", "columns label and class could all be the class"),
        (table("a,b,colour") + "1,2\n", "line 42 has 2 columns, the first one 3"),
        (table() + "1,,red\n", "'' in line 41, column 2 is not a number"),
        (table() + "1,red,red\n", "'red' in line 41, column 2 is not a number"),
        (table() + "1,inf,red\n", "sample 40 of x has a value that is not finite"),
        (table() + "1,2,\n", "sample 40 has no label"),
        ("1,2,3.5\n1,2,4.5\n", "label 3.5 of sample 0 is not a whole number"),
        ("1,2,red\n" * 20, "all samples are of one class, 'red'"),
        ("a" * 200_000 + ",b\n", "not a text table (field larger than field limit"),
    ],
)
def test_malformed_tables_are_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    assert sentence in refusal(path)


def test_table_that_is_no_text_or_too_long(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"1,2\n\xff\xfe\n")
    assert "not text in UTF-8 (byte 4)" in refusal(path)
    path.write_bytes(gzip.compress(b"1,2\n" * 100, mtime=0)[:-4])
    assert "damaged gzip file" in refusal(path)
    monkeypatch.setattr(reading, "MAX_BYTES", 7)
    path.write_bytes(gzip.compress(b"1,2\n" * 100))
    assert "more than the limit of 7 bytes of text" in refusal(path)


# --- which reader ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gone", "gone.npz", "gone.csv", "train-images-idx3-ubyte"])
def test_missing_file(tmp_path, name):
    assert "no such file" in refusal(tmp_path / name).lower()


def test_unknown_kind(tmp_path):
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"PAR1")
    assert "unknown kind of data, give IDX files, .npz, or .csv, .tsv, .txt (or .gz)" in refusal(path)
