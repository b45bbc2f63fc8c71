"""``hwnoise deploy``: a trained network on its way to a chip, run, compared, written out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnoise.cli.options import Convention, Data, Dt, Json, Quiet, Reset, Seed, Task
from hwnoise.cli.output import emit_json, percent, print_lines

if TYPE_CHECKING:
    from hwnoise.deploying import Deployment


def deploy(
    source: Annotated[str, typer.Argument(metavar="RUN|FILE.nir", help="A run folder or a NIR file.")],
    to: Annotated[str, typer.Option(help="Where it is to run.", metavar="BACKEND")] = "lava",
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every spike and membrane with the emulator's.")
    ] = False,
    emit: Annotated[
        Path | None, typer.Option(help="A folder for a standalone script and its weights.", metavar="DIR")
    ] = None,
    emit_netx: Annotated[
        Path | None, typer.Option(help="A file for lava-dl's netx (HDF5).", metavar="FILE")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="A page with pictures of the comparison.", metavar="FILE")
    ] = None,
    samples: Annotated[int, typer.Option(help="Test samples to present.", metavar="N")] = 100,
    steps: Annotated[
        int | None, typer.Option(help="Steps of one sample; the run's own if left out.", metavar="N")
    ] = None,
    dt: Dt = None,
    reset: Reset = None,
    convention: Convention = None,
    task: Task = None,
    data: Data = None,
    device: Annotated[
        str | None, typer.Option(help="The chip of integers: a preset or a TOML file.", metavar="DEVICE")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Give Lava up after so many seconds.", metavar="S")
    ] = None,
    seed: Seed = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a trained network in Lava, in Loihi 2 fixed point.

    Only stock Lava processes are used, which have no noise. A network of numbers
    becomes one of spike rates. With --emit or --emit-netx alone nothing is run.
    Leaves with 1 if --verify finds a difference.

    Example:
      hwnoise deploy runs/digits-loihi2-snp-1 --to lava --verify --report lava.html
      hwnoise deploy runs/digits-loihi2-snp-1 --emit out --emit-netx out/digits.net
      hwnoise deploy model.nir --task mnist5k --samples 500 --verify
    """
    from hwnoise import deploying

    deploying.check_targets(emit, emit_netx, report)
    flags: dict[str, Any] = {"task": task, "data": data, "device": device, "seed": seed}
    flags |= {"dt": dt, "reset": reset, "convention": convention}
    subject = deploying.load(source, samples=samples, steps=steps, **flags)
    found = deploying.deploy(
        subject, to, verify=verify, emit=emit, emit_netx=emit_netx, report=report, timeout=timeout
    )
    if as_json:
        emit_json(found.record())
    else:
        print_lines(_short(found) if quiet else _lines(subject.name, found))
    if found.mismatches:
        raise typer.Exit(1)


def _short(found: Deployment) -> Iterator[str]:
    if found.mismatches is not None:
        yield f"{found.mismatches} mismatches"
    if found.accuracy is not None:
        yield percent(found.accuracy)
    yield from found.files


def _lines(name: str, found: Deployment) -> Iterator[str]:
    yield f"{name}: {found.neurons:,} neurons, {found.synapses:,} synapses"
    yield from (f"  {note}" for note in found.notes)
    if found.quantization is not None:
        yield from found.quantization.lines()
    if found.real is not None:
        yield f"run by Lava: {_where(found)}"
        yield f"  {_outcome(found)}"
    if found.comparison is not None:
        yield "compared with the emulator, both without noise, which stock Lava has not:"
        yield f"  {found.comparison.values:,} spikes and membranes, {_differences(found)}"
    if found.files:
        yield "written:"
        yield from (f"  {file}" for file in found.files)


def _where(found: Deployment) -> str:
    if found.real:
        return "on a Loihi 2"
    return "emulated in Loihi 2 fixed point, not on a chip"


def _outcome(found: Deployment) -> str:
    shown = f"{found.samples} samples of {found.steps_per_sample} steps in {found.seconds:.1f} s, "
    shown += f"{found.spikes:,} spikes"
    if found.accuracy is None:
        return shown
    shown += f", accuracy {percent(found.accuracy)}"
    if found.float_accuracy is None:
        return shown
    lost = 100 * (found.float_accuracy - found.accuracy)
    loss = f"{lost:.1f} points lost" if lost > 0 else "nothing lost"
    return f"{shown} ({percent(found.float_accuracy)} before the conversion: {loss})"


def _differences(found: Deployment) -> str:
    comparison = found.comparison
    if comparison is None or not comparison.mismatches:
        return "0 mismatches"
    return f"{comparison.mismatches:,} mismatches, first in the {comparison.first}"
