"""What NIR leaves open about a neuron: how a simulator turns its equation into steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from hwnoise.errors import InputError


@dataclass(frozen=True, slots=True)
class Convention:
    """How one step of a neuron is computed.

    With x the input of the step, b and a what one step leaves of the membrane and of a synaptic current:

    Attributes
    ----------
    integration : str
        ``"euler"``: b = 1 - dt/tau; ``"exponential"``: b = exp(-dt/tau).
    gain : str
        ``"physical"``: the input enters as r (1 - b) x; ``"unit"``: as r x; ``"one"``: as x.
    synapse_gain : str
        The same for a synaptic current: w_in (1 - a) x, w_in x, or x.
    synapse : str
        In which order the current decays (by a), takes its input, and is taken by the membrane:
        ``"decay_add_use"``, ``"add_decay_use"``, ``"add_use_decay"`` or ``"use_decay_add"``.
    reset_timing : str
        ``"same"``: a spike resets the membrane in its own step; ``"next"``: in the step after it.
        ``"corrected"``: in its own step, and a subtraction that leaves the membrane above its threshold
        is taken back in the next (snnTorch without delay, eq:lif-corrected).
    keeps_input : bool
        For a reset to v_reset in the next step: whether the input of that step survives it. Neurons
        with a synaptic current always lose it.
    spikes : str
        ``"one"`` a step, or ``"several"``: as many as thresholds fit into the membrane.
    fires_at_threshold : bool
        Whether a membrane exactly at the threshold fires.
    reset : str, optional
        ``"zero"``, ``"subtract"`` or ``"none"`` stands over ``Network.reset``, for single nodes.
    """

    integration: Literal["euler", "exponential"] = "euler"
    gain: Literal["physical", "unit", "one"] = "physical"
    synapse_gain: Literal["physical", "unit", "one"] = "physical"
    synapse: Literal["decay_add_use", "add_decay_use", "add_use_decay", "use_decay_add"] = "decay_add_use"
    reset_timing: Literal["same", "next", "corrected"] = "same"
    keeps_input: bool = False
    spikes: Literal["one", "several"] = "one"
    fires_at_threshold: bool = False
    reset: Literal["zero", "subtract", "none"] | None = None

    def as_metadata(self) -> dict[str, Any]:
        """Return the value of ``Network.metadata["convention"]``."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def with_fields(self, given: Mapping[str, Any]) -> Convention:
        """Return this convention with the fields ``given`` replaced.

        Raises
        ------
        InputError
            For an unknown field or a value that it cannot have.
        """
        for key, value in given.items():
            if key not in _CHOICES:
                raise InputError(f"convention has no field {key!r}; it has {', '.join(_CHOICES)}")
            if not any(type(value) is type(choice) and value == choice for choice in _CHOICES[key]):
                choices = ", ".join(map(str, _CHOICES[key]))
                raise InputError(f"convention.{key} must be one of {choices}, got {value!r}")
        return replace(self, **given)


@dataclass(frozen=True, slots=True)
class Tool:
    """What networks written by one simulator mean.

    Attributes
    ----------
    convention : Convention
    dt : float or None
        The step its files assume [s]; None: they do not.
    reset : str or None
        Its default; a file may come from a network that had another.
    """

    convention: Convention
    dt: float | None
    reset: str | None


TOOLS: dict[str, Tool] = {
    "nir": Tool(Convention(), None, "zero"),  # the equations as they stand, by Euler
    "snntorch": Tool(Convention(reset_timing="next", keeps_input=True), 1e-4, "subtract"),
    "norse": Tool(Convention(synapse_gain="unit", synapse="add_use_decay"), 1e-3, "zero"),
    "sinabs": Tool(  # time constants are in steps
        Convention(
            integration="exponential",
            synapse_gain="unit",
            synapse="add_decay_use",
            spikes="several",
            fires_at_threshold=True,
        ),
        1.0,
        "subtract",
    ),
    "rockpool": Tool(
        Convention(
            integration="exponential",
            gain="one",  # its files hold an r from which it infers dt
            synapse_gain="one",
            synapse="add_decay_use",
            spikes="several",
            fires_at_threshold=True,
        ),
        None,
        "subtract",
    ),
    "spikingjelly": Tool(Convention(fires_at_threshold=True), 1e-4, "zero"),
    "nengo": Tool(Convention(integration="exponential"), 1e-3, "zero"),  # but spikes fall on steps here
    "lava": Tool(Convention(gain="unit", synapse_gain="unit"), None, "zero"),  # its floating-point LIF
}


def tool(name: str) -> Tool:
    """Return what networks of the simulator ``name`` mean; InputError for an unknown one."""
    if name not in TOOLS:
        raise InputError(f"convention must be one of {', '.join(TOOLS)}, got {name!r}")
    return TOOLS[name]


def convention_of(metadata: Mapping[str, Any], node: str | None = None) -> Convention:
    """Return the convention that a network's ``metadata`` states, for one of its nodes or for all.

    ``metadata["convention"]`` is a tool's name or a mapping of fields, ``metadata["conventions"]`` a
    mapping of nodes to fields that differ. Without either it is that of NIR's equations.

    Raises
    ------
    InputError
        If they state none.
    """
    stated, single = metadata.get("convention", {}), metadata.get("conventions", {})
    if isinstance(stated, str):
        base = tool(stated).convention
    elif isinstance(stated, Mapping):
        base = Convention().with_fields(stated)
    else:
        raise InputError(f"metadata 'convention' must be a name or a mapping, got {stated!r}")
    own = single.get(node, {}) if isinstance(single, Mapping) else None
    if not isinstance(own, Mapping):
        raise InputError("metadata 'conventions' must map nodes to fields of a convention")
    return base.with_fields(own)


def _choices() -> dict[str, tuple[Any, ...]]:
    hints = get_type_hints(Convention)
    found = {}
    for f in fields(Convention):
        parts = get_args(hints[f.name]) or (Literal[True, False],)
        is_union = any(get_args(part) for part in parts)
        found[f.name] = tuple(v for part in parts for v in get_args(part)) if is_union else parts
    return found


_CHOICES = _choices()
