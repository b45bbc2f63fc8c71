"""Learners by name: what there is, what fits, and how to make one."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hwnoise.backends.base import Capabilities
from hwnoise.errors import InputError
from hwnoise.learners.anp import ActivityNodePerturbation
from hwnoise.learners.base import Learner
from hwnoise.learners.hedonistic import Hedonistic
from hwnoise.learners.node_perturbation import NodePerturbation
from hwnoise.learners.spiking_node_perturbation import SpikingNodePerturbation
from hwnoise.learners.three_factor import ThreeFactor
from hwnoise.learners.weight_perturbation import WeightPerturbation
from hwnoise.learners.yardsticks import YARDSTICKS, Yardstick

if TYPE_CHECKING:
    from hwnoise.network import Network

Rule = (
    type[ActivityNodePerturbation]
    | type[NodePerturbation]
    | type[WeightPerturbation]
    | type[Hedonistic]
    | type[SpikingNodePerturbation]
    | type[ThreeFactor]
    | type[Yardstick]
)
_RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        ActivityNodePerturbation,
        NodePerturbation,
        WeightPerturbation,
        Hedonistic,
        SpikingNodePerturbation,
        ThreeFactor,
    )
} | {rule.name: rule for rule in YARDSTICKS}


def names() -> tuple[str, ...]:
    """Names of all learners."""
    return tuple(_RULES)


def make(name: str, **options: Any) -> Learner:
    """Make a learner.

    Parameters
    ----------
    name : str
        One of ``names()``.
    **options
        The parameters of the rule, see ``describe()``.

    Raises
    ------
    InputError
        Unknown name, unknown option or value out of range, with what would be allowed.

    Examples
    --------
    >>> make("anp", pairs=2).directions(batch=64)
    128
    """
    if name not in _RULES:
        raise InputError(f"learner {name!r} does not exist; choose one of {', '.join(names())}")
    unknown = sorted(set(options) - set(_options(_RULES[name])))
    if unknown:
        known = ", ".join(_options(_RULES[name]))
        raise InputError(f"learner {name} has no option {unknown[0]!r}; its options are {known}")
    return _RULES[name](**options)


def describe() -> list[dict[str, str]]:
    """Name, summary, needs, options and source of every learner, one dict each."""
    return [
        {
            "name": name,
            "summary": rule.summary,
            "needs": str(rule.needs),
            "options": ", ".join(f"{key}={value}" for key, value in _options(rule).items()),
            "source": rule.source,
        }
        for name, rule in _RULES.items()
    ]


def fitting(capabilities: Capabilities, network: Network | None = None) -> tuple[str, ...]:
    """Names of the learners that can work with what a chip shows, and with ``network`` if it is known."""
    return tuple(
        name for name, rule in _RULES.items() if rule.needs.met_by(capabilities) and rule.needs.takes(network)
    )


def _options(rule: Rule) -> dict[str, object]:
    return {option.name: option.default for option in fields(rule) if option.init}
