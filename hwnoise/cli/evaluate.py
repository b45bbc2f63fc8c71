"""``hwnoise evaluate``: how well a network does on chips of a kind, with an interval."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnoise.cli.options import Backend, Chips, Data, Device, Json, Network, Quiet, Seed, Set, Task
from hwnoise.cli.output import emit_json, interval, percent
from hwnoise.errors import InputError

if TYPE_CHECKING:
    from hwnoise.ageing import Age
    from hwnoise.training import Evaluation, RunConfig


def evaluate(
    source: Annotated[
        str | None, typer.Argument(metavar="RUN|FILE.nir", help="A run folder or a NIR file.")
    ] = None,
    network: Network = None,
    task: Task = None,
    data: Data = None,
    device: Device = None,
    backend: Backend = None,
    chips: Chips = None,
    ages: Annotated[
        str | None,
        typer.Option(metavar="S,S,...", help="Seconds after programming at which to evaluate, rising."),
    ] = None,
    compensate: Annotated[
        bool,
        typer.Option("--compensate", help="With --ages: correct global drift digitally, layer by layer."),
    ] = False,
    settings: Set = None,
    seed: Seed = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the accuracy of a network on fresh noisy chips.

    The network is programmed into each chip and read once, with all its noise.
    A run folder brings its task, device and seed; options overrule them.

    Example:
      hwnoise evaluate runs/digits-pcm-anp-1
      hwnoise evaluate model.nir --device pcm --chips 20 --set one_over_f.scale=2
      hwnoise evaluate runs/digits-pcm-anp-1 --ages 1,3600,86400,31536000 --compensate
    """
    from hwnoise import training

    if (source is None) == (network is None):
        raise InputError("evaluate wants one network: RUN, FILE.nir, or --network 64-64-10")
    stored = Path(source or "", "config.toml")
    config = training.load_config(
        stored if source and stored.is_file() else None,
        settings or (),
        task=task,
        data=data,
        network=network or source,
        device=device,
        backend=backend,
        chips=chips,
        seed=seed,
    )
    if ages is not None:
        _show_ages(_judge_ages(config, _seconds(ages), compensate), as_json, quiet)
        return
    if compensate:
        raise InputError("--compensate corrects drift and needs --ages")
    found = _judge(config)
    if as_json:
        emit_json(asdict(found))
    else:
        shown = interval(found.accuracy, found.low, found.high)
        print(shown if quiet else f"{shown} on {_chips(found)}, seed {config.seed}")


def _judge(config: RunConfig) -> Evaluation:
    from hwnoise import training

    parts, options = _parts(config)
    return training.evaluate(*parts, **options)


def _judge_ages(config: RunConfig, seconds: tuple[float, ...], compensate: bool) -> tuple[Age, ...]:
    from hwnoise.ageing import evaluate_over_time

    parts, options = _parts(config)
    return evaluate_over_time(*parts, times=seconds, compensate=compensate, **options)


def _parts(config: RunConfig) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Network, substrate, backend and task, and how to evaluate them."""
    from hwnoise import substrate, tasks
    from hwnoise.backends import registry
    from hwnoise.streams import Stream
    from hwnoise.training.setup import make_network, require_fit

    stream = Stream(config.seed)
    task = tasks.load(config.task, config.data)
    network = make_network(str(config.network), stream.child("network"))
    require_fit(network, task)
    kind = substrate.load(config.device, config.device_options)
    options = {"chips": config.chips, "stream": stream.child("evaluate"), **config.backend_options}
    return (network, kind, registry.get(config.backend), task), options


def _seconds(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--ages wants seconds such as 1,3600,86400, not {text!r}") from None


def _show_ages(found: tuple[Age, ...], as_json: bool, quiet: bool) -> None:
    if as_json:
        emit_json([asdict(age) for age in found])
        return
    for age in found:
        shown = interval(age.accuracy, age.low, age.high)
        print(shown if quiet else f"{age.seconds:>14,.6g} s  {shown}")


def _chips(found: Evaluation) -> str:
    each = sorted(found.chips)
    return "one chip" if len(each) == 1 else f"{len(each)} chips ({percent(each[0])} to {percent(each[-1])})"
