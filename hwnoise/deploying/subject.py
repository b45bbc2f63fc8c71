"""What is deployed: a run folder or a NIR file, as integers, with samples to try it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hwnoise.deploying import rates
from hwnoise.deploying.quantized import Quantized, quantize_with
from hwnoise.errors import InputError, MismatchError
from hwnoise.integers import IntegerNetwork
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

if TYPE_CHECKING:
    from hwnoise.tasks.base import Split, Task
    from hwnoise.training import RunConfig

Array = NDArray[Any]
CHIP = "loihi2"
RATE_STEPS = 64  # of a rate-coded network, where nothing else is said
ACTIVITY = 0.1  # of random input, where there is no task


@dataclass(frozen=True, eq=False)
class Subject:
    """A network of integers, and what it is shown.

    Attributes
    ----------
    name : str
        Of the file or folder.
    integers : IntegerNetwork
    x : (samples, steps, n_in) int32
    labels : (samples,) int, optional
        Without them there is no accuracy.
    readout : str
        How the output becomes classes: ``"mean"`` over all steps, or ``"last"`` step.
    float_accuracy : float, optional
        Of the network of numbers that was converted, on the same samples.
    notes : tuple of str
        What was chosen or lost on the way, a sentence each.
    quantized : Quantized, optional
        What a network of floats lost on its way to integers.
    """

    name: str
    integers: IntegerNetwork
    x: Array
    labels: Array | None
    readout: Literal["mean", "last"] = "mean"
    float_accuracy: float | None = None
    notes: tuple[str, ...] = ()
    quantized: Quantized | None = None

    def accuracy(self, output: Array) -> float | None:
        """Return the share of samples whose strongest output (samples, steps, n) is their label's."""
        if self.labels is None:
            return None
        score = output[:, -1] if self.readout == "last" else output.sum(axis=1, dtype=np.int64)
        return float(np.mean(score.argmax(axis=-1) == self.labels))


def load(path: str | Path, *, samples: int = 100, steps: int | None = None, **flags: Any) -> Subject:
    """Load a run folder or a NIR file and make integers of it.

    Parameters
    ----------
    path : path
    samples : int
        How many test samples to present, the first of the test data, >= 1.
    steps : int, optional
        Steps of one presentation; by default those of the run, or 64 for a converted network.
    **flags
        ``task``, ``data``, ``device``, ``seed``, ``dt``, ``reset``, ``convention``: as for
        ``hwnoise train``, over what the run says.

    Raises
    ------
    InputError, MismatchError
        If it cannot be read, or does not fit the chip; one sentence.
    """
    from hwnoise import nir_io, tasks
    from hwnoise.training.setup import require_fit

    if samples < 1:
        raise InputError(f"samples must be at least 1, not {samples}")
    if steps is not None and steps < 1:
        raise InputError(f"steps must be at least 1, not {steps}")
    config = _config(Path(path), flags)
    stated = {key: flags.get(key) for key in ("dt", "reset", "convention")}
    network = nir_io.read(_network_file(Path(path)), **stated)
    task = None
    if config is not None:
        task = tasks.load(config.task, config.data)
        require_fit(network, task)
    seed = flags.get("seed") if config is None else config.seed
    stream = Stream(seed or 0).child("deploy")
    name = Path(path).name
    if not network.is_timed:
        return _converted(name, network, task, samples, steps or RATE_STEPS)
    chip = _chip(config, flags.get("device"))
    if task is None or config is None:
        x = _random(network.n_inputs, samples, steps or 100, stream)
        integers, lost = _integers(network, chip, "samples of random spikes", x, None)
        note = f"no task is named: {samples} samples of random spikes, each input active in one step of ten"
        return Subject(name, integers, x, None, notes=(*network.assumptions, note), quantized=lost)
    config = config.model_copy(update={"steps": steps or config.steps})
    seen, x = (
        _encoded(network, task, part, config, samples, stream) for part in (task.validation, task.test)
    )
    integers, lost = _integers(network, chip, "validation samples", seen, task.validation.y[:samples])
    return Subject(name, integers, x, task.test.y[:samples], notes=network.assumptions, quantized=lost)


def _config(path: Path, flags: Mapping[str, Any]) -> RunConfig | None:
    """Return the run's configuration with ``flags`` over it; None for a file without a task."""
    from hwnoise import training

    stored = path / "config.toml"
    if not stored.is_file() and not flags.get("task") and not flags.get("data"):
        return None
    return training.load_config(stored if stored.is_file() else None, **flags)


def _network_file(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"{path}: no such run folder or file")
    if path.is_dir() and not (path / "network.nir").exists():
        raise InputError(f"{path} holds no network.nir: it is no run folder, or its run is not over")
    return path / "network.nir" if path.is_dir() else path


def _chip(config: RunConfig | None, device: str | None) -> Substrate:
    """Return the chip that is named, else the run's if it computes in integers, else ``CHIP``."""
    from hwnoise import substrate

    if device is not None:
        return substrate.load(device)
    if config is not None:
        own = substrate.load(config.device, config.device_options)
        if own.fixed_point is not None:
            return own
    return substrate.load(CHIP)


def _integers(
    network: Network, chip: Substrate, data: str, x: Array, labels: Array | None
) -> tuple[IntegerNetwork, Quantized | None]:
    """Return the integers that a network has on its chip, or those that ``x`` shows to be good ones."""
    from hwnoise.quantization import quantize

    if chip.fixed_point is None or chip.fixed_point.arithmetic != "loihi":
        raise MismatchError(
            f"'{chip.name}' does not compute in Loihi's integers: name a chip that does, such as {CHIP}"
        )
    if "integers" in network.metadata:
        return quantize(network, chip.fixed_point)[0], None
    return quantize_with(network, chip, data, x, labels)


def _converted(name: str, network: Network, task: Task | None, samples: int, steps: int) -> Subject:
    if task is None:
        raise InputError(
            f"{name} has no spiking neurons; to convert it, name the data to scale it by: --task"
        )
    found = rates.convert(network, task.train.x, steps)
    x, labels = task.test.x[:samples], task.test.y[:samples]
    exact = float(np.mean(rates.forward(network.dense_layers(), x).argmax(axis=-1) == labels))
    note = (
        f"relu layers became rates of spikes (threshold balancing), inputs graded spikes, over {steps} steps"
    )
    return Subject(name, found.integers, found.encode(x), labels, "last", exact, (note,))


def _encoded(
    network: Network, task: Task, part: Split, config: RunConfig, samples: int, stream: Stream
) -> Array:
    """Return the first samples of ``part`` as spikes, int32."""
    from hwnoise.training.presenting import choose_codec

    codec = choose_codec(config, network, task)
    if codec is None:
        raise MismatchError("this network has no neurons with time")
    x = codec.encode(part.x[:samples], stream.child("coding").key)
    whole = np.rint(x).astype(np.int32)
    if not np.array_equal(whole, x):
        raise MismatchError(f"coding {codec.name} gives currents, and a chip of integers takes spikes")
    return whole


def _random(n_in: int, samples: int, steps: int, stream: Stream) -> Array:
    drawn = stream.child("input").generator().random((samples, steps, n_in))
    return (drawn < ACTIVITY).astype(np.int32)
