"""What a run is: every choice a user can make, checked, with one sentence where it cannot be used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hwnoise import validation
from hwnoise.streams import draw_seed


def _table(value: Any) -> Any:
    """Take ``optimizer = "adam"`` for a table that only names it."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, (dict, OptimizerConfig)):
        raise ValueError('has to be a name such as "adam", or a table with it')
    return value


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_plain(part) for part in value)
    return isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    for key, value in options.items():
        if not _is_plain(value):
            raise ValueError(
                f"has to hold finite numbers, words or lists of them, and {key!r} is none of these"
            )
    return options


def _without_null(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a null character, which no file name can")
    return text


Place = Annotated[str, AfterValidator(_without_null)]
Options = Annotated[dict[str, Any], AfterValidator(_plain)]
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class OptimizerConfig(BaseModel):
    """How an estimate becomes a change of the weights (table ``[optimizer]``).

    Attributes
    ----------
    name : str
        One of ``hwnoise.optimizers.names()``.
    learning_rate : float
        Step size, above 0.
    weight_decay : float
        Share of each weight taken off per unit of learning rate, >= 0; needs one read-back an epoch.
    schedule : str
        How the learning rate falls over the run: ``"constant"``, ``"linear"`` or ``"cosine"``.
    momentum, beta1, beta2, epsilon : float or None
        Parameters that only some optimizers have; None keeps their own default.
    """

    model_config = _STRICT

    name: str = "adam"
    learning_rate: float = Field(default=0.01, gt=0, le=1e6)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    momentum: float | None = Field(default=None, ge=0, lt=1)
    beta1: float | None = Field(default=None, ge=0, lt=1)
    beta2: float | None = Field(default=None, ge=0, lt=1)
    epsilon: float | None = Field(default=None, gt=0)


class RunConfig(BaseModel):
    """One training run. A field left out takes the default of its task and device.

    The same names serve in a TOML file, as flags and in Python; ``hwnoise.training.load_config``
    reads the first two.

    Attributes
    ----------
    task, device, learner, backend : str
        What is learned, on which chip (preset or TOML file), by which rule, computed by what.
    data : str or None
        The user's own data; None takes the data that come with the task.
    network : str or None
        ``"784-64-10"``, a NIR file or a run folder; None takes the task's own.
    weights : str or None
        Trained weights to start from: a NIR file or a run folder, or a ``.pt`` or ``.safetensors`` file
        with the weights of ``network``.
    age : float
        Seconds that the chip ages between being programmed and learning, 0 to 1e10.
    epochs, batch_size, chips : int
        Passes through the training data, samples per update, fresh chips in an evaluation.
    seed : int
        Every random number of the run follows from it; drawn from 63 bits if left out.
    optimizer : OptimizerConfig
        The optimizer and its step size.
    gain : float
        Size of the random initial weights over the usual (He, Glorot); unused for a network from a file.
    headroom : float
        Range of the devices over the largest initial weight, >= 1: room to grow while training.
    dt : float or None
        Time step [s] of a network from a file that does not state it.
    reset, convention : str or None
        What a spike does to the membrane there (``"zero"``, ``"subtract"``, ``"none"``), and the simulator
        by whose rules its neurons are stepped (``hwnoise.convention.TOOLS``).
    coding : str or None
        For a network with time, how samples reach it: ``"rate"``, ``"latency"``, ``"constant"``, or
        ``"native"`` where they have a time axis. Layer sizes then make a network of spiking neurons.
    steps : int or None
        Steps of time of one presentation.
    readout_scale : float or None
        Factor on the mean output before the softmax; None: what the network brings along, else 2.
    tau : float
        Membrane time constant of a random spiking network [s], with steps of a millisecond.
    learner_options, device_options, backend_options : dict
        Any other parameter, by name (``device_options={"read_noise.sigma": 0.1}``).
    chip : str or None
        A chip file or run folder: the run goes on with that very chip, its network and its devices.
    out : str or None
        The run folder; None makes one under ``runs/``.
    """

    model_config = _STRICT

    task: str = "digits"
    data: Place | None = None
    network: Place | None = None
    weights: Place | None = None
    age: float = Field(default=0.0, ge=0, le=1e10)
    device: Place = "pcm"
    learner: str = "anp"
    backend: str = "emulator"
    epochs: int = Field(default=30, ge=1, le=1_000_000)
    batch_size: int = Field(default=32, ge=1, le=1_000_000)
    seed: int = Field(default_factory=draw_seed, ge=0, lt=2**63)
    chips: int = Field(default=5, ge=1, le=1000)
    chip: Place | None = None
    out: Place | None = None
    optimizer: Annotated[OptimizerConfig, BeforeValidator(_table)] = OptimizerConfig()
    gain: float = Field(1.5, gt=0, le=100)
    headroom: float = Field(1.5, ge=1, le=100)
    dt: float | None = Field(default=None, gt=0)
    reset: Literal["zero", "subtract", "none"] | None = None
    convention: str | None = None
    coding: Literal["rate", "latency", "constant", "native"] | None = None
    steps: int | None = Field(default=None, ge=1, le=100_000)
    readout_scale: float | None = Field(default=None, gt=0, le=1e6)
    tau: float = Field(default=2e-3, gt=0, le=1e3)
    learner_options: Options = {}
    device_options: Options = {}
    backend_options: Options = {}


def validate(table: Mapping[str, Any], source: str) -> RunConfig:
    """Check a nested table and return it as a ``RunConfig``.

    Parameters
    ----------
    table : mapping
        Names and values as in a configuration file; what is missing keeps its default.
    source : str
        Where it comes from, to be named when something is wrong with it.

    Raises
    ------
    InputError
        One sentence for the first problem: the source, the key, the allowed range, the value.
    """
    try:
        return RunConfig.model_validate(dict(table))
    except ValidationError as error:
        in_optimizer = error.errors()[0]["loc"][:-1] == ("optimizer",)
        known = (OptimizerConfig if in_optimizer else RunConfig).model_fields
        raise validation.sentence(error, source, known) from None
