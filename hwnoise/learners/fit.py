"""Does a learner fit a chip? The match is made once, before training, and never falls back silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnoise.backends.base import Capabilities
from hwnoise.errors import MismatchError
from hwnoise.learners.base import TIMED, Needs

if TYPE_CHECKING:
    from hwnoise.network import Network


def require(learner: str, needs: Needs, capabilities: Capabilities, network: Network | None = None) -> None:
    """Raise MismatchError, naming what is missing and who would fit, unless ``needs`` are met."""
    if needs.met_by(capabilities) and needs.takes(network):
        return
    from hwnoise.learners.registry import fitting  # the registry knows the learners, which know this file

    others = ", ".join(fitting(capabilities, network)) or "none"
    if not needs.takes(network):
        wanted, found = ("a", "no") if needs.networks == TIMED else ("no", "a")
        raise MismatchError(
            f"learner {learner} is for networks with {wanted} time axis, and this one has {found} time axis; "
            f"learners that would fit: {others}"
        )
    shown = "; ".join(
        f"{noise.name} ({noise.level}: {', '.join(sorted(noise.handles))})" for noise in capabilities.noises
    )
    raise MismatchError(
        f"learner {learner} needs {needs}, but this chip shows {shown or 'no noise'}; "
        f"learners that would fit: {others}"
    )
