"""What every effect shares: strict frozen parameters, a fit's name, a source, and how it can be observed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from hwnoise.backends.base import Handle

Handles = Annotated[tuple[Handle, ...], Field(strict=False)]  # TOML has arrays, no tuples


class Effect(BaseModel):
    """Parameters of one physical effect.

    Attributes
    ----------
    fit : str
        Name of the published fit the numbers come from (fits of one device differ).
    source : str
        Key of the substrate's ``[[sources]]`` entry.
    handles : tuple of str
        How a learner may observe this noise; empty for what is no noise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)
    enters: ClassVar[Literal["weight", "node"] | None] = None  # where its noise does, if it is one
    time_scale: ClassVar[Literal["read", "memory", "write"]] = "read"  # how long a draw of it holds

    fit: str = Field(default="", max_length=200)
    source: str = Field(default="", max_length=100)
    handles: Handles = ()
