"""Our convolution is Lava's, with its axes turned and its kernels flipped."""

from __future__ import annotations

from typing import Any

import lava_models
import numpy as np
import pytest

from hwnoise.backends.emulator.integer.synapses import FilterSynapses
from hwnoise.integers import IntegerSynapses
from hwnoise.kernels.loihi_convolution import as_24_bits

SHAPES = [  # (n_in, height, width), (n_out, kernel height, kernel width), stride, padding, dilation, groups
    ((1, 5, 5), (1, 3, 3), (1, 1), (0, 0), (1, 1), 1),
    ((4, 9, 8), (6, 3, 2), (2, 1), (1, 1), (1, 2), 2),
    ((3, 7, 10), (3, 2, 3), (3, 2), (0, 2), (2, 1), 3),
    ((2, 6, 6), (5, 1, 1), (1, 2), (0, 0), (1, 1), 1),
]


@pytest.mark.parametrize("case", SHAPES)
@pytest.mark.parametrize("message_bits", [0, 8])
def test_convolution_equals_lava(case: Any, message_bits: int, rng: np.random.Generator) -> None:
    """Check eq:loihi-convolution, one step later in Lava; weights are used as they are."""
    (n_in, height, width), (n_out, *kernel), stride, padding, dilation, groups = case
    weight = rng.integers(-300, 301, (n_out, n_in // groups, *kernel)).astype(np.int32)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    size = [
        (n + 2 * p - r) // s + 1 for n, p, r, s in zip((height, width), padding, reach, stride, strict=True)
    ]
    geometry = {
        "kind": "conv", "input_shape": (n_in, height, width), "output_shape": (n_out, *size),
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
    }  # fmt: skip
    images = rng.integers(-9, 10, (12, n_in, height, width)) * (rng.random((12, n_in, height, width)) < 0.4)
    lava = lava_models.Synapses(
        "conv", weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1), message_bits, groups=groups,
        stride=stride[::-1], padding=padding[::-1], dilation=dilation[::-1],
        output_shape=(*size[::-1], n_out),
    )  # fmt: skip
    sent = np.array([lava.step(image.transpose(2, 1, 0)).transpose(2, 1, 0) for image in images])
    current = np.zeros((1, 12, n_out * size[0] * size[1]), np.int32)
    ours = FilterSynapses(IntegerSynapses(weight, 1.0, message_bits=message_bits, geometry=geometry))
    ours.bring(images.reshape(1, 12, -1).astype(np.int32), current)
    found = current.reshape(12, n_out, *size)
    assert found[:-1].any()
    assert np.array_equal(found[:-1], sent[1:])


def test_a_sum_wraps_at_24_bits_as_twos_complement() -> None:
    """Check eq:loihi-convolution at the ends of its range, where the neurons' own wrap differs."""
    from lava.proc.conv.utils import signed_clamp

    edges = np.array([0, 1, 2**23 - 1, 2**23, 2**23 + 1, -(2**23), -(2**23) - 1, 2**24, 3 * 2**23 + 5])
    assert [as_24_bits(x) for x in edges] == signed_clamp(edges, 24).tolist()
    assert as_24_bits(np.int64(2**23)) == -(2**23)
