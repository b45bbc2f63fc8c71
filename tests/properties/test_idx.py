"""IDX files: what is written is read, and anything else is refused in words, whatever the bytes."""

from __future__ import annotations

import gzip
import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hwnoise.errors import InputError
from hwnoise.tasks.idx import read_idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
quick = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
arrays = st.sampled_from(sorted(CODES)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=4, max_side=6))
)


def idx_bytes(values):
    header = struct.pack(f">4B{values.ndim}I", 0, 0, CODES[values.dtype.str[1:]], values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some-images-idx3-ubyte"


@quick
@given(values=arrays, packed=st.booleans())
def test_round_trip(path, values, packed):
    content = idx_bytes(values)
    path.write_bytes(gzip.compress(content) if packed else content)
    read = read_idx(path)
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values)


@quick
@given(values=arrays, packed=st.booleans(), share=st.floats(0, 1, exclude_max=True))
def test_every_truncation_is_refused(path, values, packed, share):
    content = gzip.compress(idx_bytes(values)) if packed else idx_bytes(values)
    path.write_bytes(content[: math.floor(share * len(content))])
    with pytest.raises(InputError, match="some-images-idx3-ubyte"):
        read_idx(path)


@quick
@given(
    content=st.binary(max_size=64), head=st.sampled_from([b"", b"\0\0\x08", b"\0\0\x0e\2", b"\x1f\x8b\x08\0"])
)
@example(content=b"\4" + b"\xff" * 16, head=b"\0\0\x08")
@example(content=b"\4" + b"\xff" * 12 + bytes(4), head=b"\0\0\x08")
def test_any_bytes_are_an_array_or_one_sentence(path, content, head):
    path.write_bytes(head + content)
    try:
        size, sentence = read_idx(path).nbytes, ""
    except InputError as error:
        size, sentence = 0, str(error)
    assert size <= len(head + content)
    assert "\n" not in sentence
