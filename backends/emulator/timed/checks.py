"""What a chip with a network with time refuses, each in one sentence and before anything has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.backends.base import LocalRule, Probe
from hwnoise.backends.emulator.active import Active
from hwnoise.backends.emulator.checks import check_probe
from hwnoise.errors import InputError
from hwnoise.kernels.finite import all_finite
from hwnoise.network import Network
from hwnoise.nodes import Input, shape_text

IN_TIME = frozenset({"spikes", "membranes"})


def check_timed_probe(probe: Probe, substrate: Any) -> None:
    """Raise InputError for a probe that means nothing, MismatchError for one this chip cannot answer."""
    check_probe(replace(probe, observe=probe.observe - IN_TIME, local=None), substrate)
    rule = probe.local
    if rule is None:
        return
    if "events" in probe.observe:
        raise InputError("a probe has a local rule or observes events: both arrive as the eligibility")
    hints = get_type_hints(LocalRule)
    for name in ("pre", "post"):
        if getattr(rule, name) not in get_args(hints[name]):
            choices = ", ".join(get_args(hints[name]))
            raise InputError(f"a local rule's {name} is one of {choices}, not {getattr(rule, name)!r}")
    if rule.decay is not None and not 0 <= rule.decay < 1:
        raise InputError(f"a local rule's decay is from 0 to below 1, not {rule.decay}")
    least, reason = (2, "pairs of") if rule.post.endswith("_difference") else (1, "several")
    if probe.passes < 2 or probe.passes % least:
        raise InputError(f"a local rule on {rule.post} needs {reason} passes, not {probe.passes}")


def checked_steps(
    x: ArrayLike, network: Network, lists: bool = False
) -> tuple[NDArray[np.float32], Active | None]:
    """Return ``x`` as (samples, steps, n_in) float32; a step may also have the shape of the input node.

    Returns
    -------
    x : (samples, steps, n_in) float32
    listed : Active or None
        Its steps as lists, if they are wanted (``lists``) and all are 0 or 1.

    Raises
    ------
    InputError
        Unless it can be that, with finite values.
    """
    shape = next(node.shape for node in network.nodes.values() if isinstance(node, Input))
    wanted = f"(samples, steps, {shape_text(shape)})"
    try:
        with np.errstate(over="ignore"):
            given = np.asarray(x, np.float32)
    except (TypeError, ValueError):
        raise InputError(f"inputs must be an array of numbers {wanted}") from None
    if given.size == 0 or given.shape[2:] not in (shape, (network.n_inputs,)):
        raise InputError(
            f"inputs of shape {given.shape} do not fit this network with time, which takes {wanted}"
        )
    flat = np.ascontiguousarray(given.reshape(-1, network.n_inputs))
    listed = Active.of(flat) if lists else None  # what is 0 or 1 is also finite: one look is enough
    if listed is None and not all_finite(flat):
        raise InputError("inputs must be finite numbers, and some are not")
    return flat.reshape(*given.shape[:2], network.n_inputs), listed
