"""Neurons that send their membrane: when the chip has them, and the bits of a spike (eq:quantize-graded)."""

from __future__ import annotations

from hwnoise.errors import MismatchError

PAYLOAD_BITS = 12  # of the largest payload to be expected; 11 more are left, and 1,000 of them fit a sum
BITS_TO_FILTERS = 8  # of the same, where a convolution follows: its sums have no exponent to make them small
MESSAGE_BITS = 24  # that a payload of the chip has


def check_graded(name: str, fade: float, rest: float, offset: float) -> None:
    """Raise MismatchError unless the graded neurons ``name`` keep nothing and rest at 0 (eq:loihi-graded)."""
    if fade < 1 - 1e-6:
        raise MismatchError(
            f"neurons {name!r} keep {1 - fade:.3g} of their membrane, and the chip's graded ones keep "
            "nothing: tau must be dt, in Euler's steps"
        )
    if rest or offset:
        raise MismatchError(
            f"neurons {name!r}: the chip's graded neurons have no bias, so v_leak and v_reset must be 0, "
            f"not {rest:g} and {offset:g}"
        )


def check_no_bias(name: str, largest: float) -> None:
    """Raise MismatchError if biases of up to ``largest`` feed the graded neurons ``name``."""
    if largest:
        raise MismatchError(
            f"neurons {name!r}: the chip's graded neurons have no bias, and theirs are up to {largest:.3g}"
        )


def check_no_pooling(name: str, is_graded: bool) -> None:
    """Raise MismatchError if the pooling ``name`` would hand on what ``is_graded``."""
    if is_graded:
        raise MismatchError(
            f"node {name!r} pools graded spikes for other synapses, and the chip's poolings count spikes"
        )
