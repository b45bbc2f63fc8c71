"""Does a learner fit a chip? The match is made once, before training, and never falls back silently."""

from __future__ import annotations

from hwnoise.backends.base import Capabilities
from hwnoise.errors import MismatchError
from hwnoise.learners.base import Needs


def require(learner: str, needs: Needs, capabilities: Capabilities) -> None:
    """Raise MismatchError, naming what is missing and who would fit, unless ``needs`` are met."""
    if needs.served_by(capabilities):
        return
    from hwnoise.learners.registry import fitting  # the registry knows the learners, which know this file

    shown = "; ".join(
        f"{noise.name} ({noise.level}: {', '.join(sorted(noise.handles))})" for noise in capabilities.noises
    )
    others = ", ".join(fitting(capabilities)) or "none"
    raise MismatchError(
        f"learner {learner} needs {needs}, but this chip shows {shown or 'no noise'}; "
        f"learners that would fit: {others}"
    )
