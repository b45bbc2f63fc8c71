"""Deployment: a network in Lava, compared with the emulator, and written out for others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hwnoise.deploying import netx, script
from hwnoise.deploying.comparison import Comparison, compare
from hwnoise.deploying.picture import write_picture
from hwnoise.deploying.quantized import Quantized
from hwnoise.deploying.subject import Subject
from hwnoise.errors import InputError

BACKENDS = ("lava",)


@dataclass(frozen=True)
class Deployment:
    """What became of a network on its way to a backend.

    Attributes
    ----------
    backend : str
    neurons, synapses : int
        That the network needs on the chip, as the room of a preset counts them: a matrix keeps its zeros,
        too, and a filter is kept once.
    samples, steps_per_sample, steps : int
        Presented, the length of one presentation, and that of all together.
    real : bool or None
        Whether a chip ran it or a simulation of one; None if it was not run.
    seconds : float or None
        That the steps took there.
    spikes : int or None
        Of all populations.
    accuracy, float_accuracy : float or None
        On the samples presented; and, of a network that was converted, before that.
    comparison : Comparison or None
        With the emulator, step by step.
    files : tuple of str
        What was written.
    notes : tuple of str
        What was chosen or lost on the way, a sentence each.
    quantization : Quantized or None
        What a network of floats lost on its way to integers.
    """

    backend: str
    neurons: int
    synapses: int
    samples: int
    steps_per_sample: int
    steps: int
    real: bool | None = None
    seconds: float | None = None
    spikes: int | None = None
    accuracy: float | None = None
    float_accuracy: float | None = None
    comparison: Comparison | None = None
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    quantization: Quantized | None = None

    @property
    def mismatches(self) -> int | None:
        """Spikes and membranes that differ from the emulator's; None if nothing was compared."""
        return None if self.comparison is None else self.comparison.mismatches

    def record(self) -> dict[str, Any]:
        """Everything, for ``--json``."""
        return asdict(self) | {"mismatches": self.mismatches}


def deploy(
    subject: Subject,
    to: str = "lava",
    *,
    verify: bool = False,
    emit: Path | None = None,
    emit_netx: Path | None = None,
    report: Path | None = None,
    timeout: float | None = None,
) -> Deployment:
    """Run ``subject`` on a backend, or write it out, or both.

    It is run unless files are all that is wanted: without ``verify``, ``emit`` and ``emit_netx``
    need no Lava.

    Parameters
    ----------
    subject : Subject
    to : str
        ``"lava"``.
    verify : bool
        Compare spikes and membranes with the emulator's at every step.
    emit : Path, optional
        A folder for a standalone script with its weights.
    emit_netx : Path, optional
        An HDF5 file for lava-dl's netx.
    report : Path, optional
        An HTML file with pictures of the comparison, which it asks for.
    timeout : float, optional
        Seconds after which Lava is given up.

    Raises
    ------
    InputError, MismatchError
        If the network does not fit, or Lava is needed and not installed.
    LavaError
        If Lava failed or took too long.
    """
    if to not in BACKENDS:
        raise InputError(f"--to must be {' or '.join(BACKENDS)}, not {to!r}")
    if timeout is not None and not timeout > 0:
        raise InputError(f"--timeout must be a number of seconds > 0, not {timeout:g}")
    network = subject.integers
    sizes = {
        "neurons": sum(node.n for node in network.neurons.values()),
        "synapses": sum(node.weight.size for node in network.synapses.values()),
        "samples": len(subject.x),
        "steps_per_sample": subject.x.shape[1],
        "steps": len(subject.x) * subject.x.shape[1],
    }
    files, notes = _written(subject, emit, emit_netx)
    files += () if report is None else (str(report),)
    account = Deployment(
        to, **sizes, float_accuracy=subject.float_accuracy, files=files,
        notes=(*subject.notes, *_came_as_integers(subject), *notes), quantization=subject.quantized,
    )  # fmt: skip
    if verify or not files or report is not None:
        return _run(subject, account, verify, report, timeout)
    return account


def _came_as_integers(subject: Subject) -> tuple[str, ...]:
    """Say so of a network that is neither quantized nor converted here."""
    if subject.quantized is not None or subject.float_accuracy is not None:
        return ()
    return ("it brings the chip's integers: nothing had to be quantized",)


def _written(
    subject: Subject, folder: Path | None, file: Path | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write what is asked for; return the files and what there is to say about them."""
    from hwnoise.backends.lava.planning import make_plan

    files: list[str] = []
    notes: tuple[str, ...] = ()
    plan = make_plan(subject.integers, subject.x.shape[1])  # also refuses what Lava cannot run
    if folder is not None:
        title = f"The spiking network {subject.name} in Lava."
        files += map(str, script.emit(folder, plan, subject.x, subject.labels, title, subject.readout))
    if file is not None:
        notes = netx.write(file, subject.integers)
        files.append(str(file))
    return tuple(files), notes


def _run(
    subject: Subject, account: Deployment, verify: bool, report: Path | None, timeout: float | None
) -> Deployment:
    """Run it in Lava, compare it with the emulator and draw that, as far as asked for."""
    from hwnoise.backends.lava import runner

    recording = runner.run(subject.integers, subject.x, timeout=timeout)
    kind = subject.integers.neurons[recording.output].kind
    output = (recording.membranes if kind == "li" else recording.spikes)[recording.output]
    found = replace(
        account,
        real=recording.hardware,
        seconds=recording.seconds,
        spikes=sum(int(np.count_nonzero(s)) for s in recording.spikes.values()),
        accuracy=subject.accuracy(output.reshape(*output.shape[:2], -1)),
    )
    if not verify and report is None:
        return found
    from hwnoise.deploying.emulation import emulate

    ours, theirs = emulate(subject.integers, subject.x), (recording.spikes, recording.membranes)
    found = replace(found, comparison=compare((ours[0], theirs[0]), (ours[1], theirs[1])))
    if report is not None:
        write_picture(report, subject, found, ours, theirs)
    return found
