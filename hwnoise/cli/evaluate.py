"""``hwnoise evaluate``: how well a network does on chips of a kind, with an interval."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnoise.cli import options
from hwnoise.cli.output import emit_json, interval
from hwnoise.cli.repairing import show_repair
from hwnoise.errors import InputError

if TYPE_CHECKING:
    from hwnoise.ageing import Age
    from hwnoise.cli.judging import Judge
    from hwnoise.cost import Cost
    from hwnoise.training import Evaluation, RunConfig

_OF_THE_CHIP = ("network", "dt", "reset", "convention", "device", "backend", "chips", "coding", "steps")


def evaluate(
    source: Annotated[
        str | None,
        typer.Argument(metavar="RUN|FILE", help="A run folder or a NIR file; or weights, with --network."),
    ] = None,
    network: options.Network = None,
    dt: options.Dt = None,
    reset: options.Reset = None,
    convention: options.Convention = None,
    task: options.Task = None,
    data: options.Data = None,
    device: options.Device = None,
    backend: options.Backend = None,
    chips: options.Chips = None,
    chip: options.Chip = None,
    ages: Annotated[
        str | None,
        typer.Option(metavar="S,S,...", help="Seconds after programming at which to evaluate, rising."),
    ] = None,
    compensate: Annotated[
        bool,
        typer.Option("--compensate", help="With --ages: correct global drift digitally, layer by layer."),
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="What learning wins back on aged chips, beside what else would."),
    ] = False,
    epochs: Annotated[
        int | None, typer.Option(help="With --repair: passes through the training data.", metavar="N")
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Count events, and say what they take in joules and seconds.")
    ] = False,
    constants: Annotated[
        list[str] | None,
        typer.Option(
            "--constants", help="Your own costs for --cost: a TOML file, or a known set.", metavar="FILE"
        ),
    ] = None,
    coding: options.Coding = None,
    steps: options.Steps = None,
    torch_device: options.TorchDevice = None,
    settings: options.Set = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure the accuracy of a network on fresh noisy chips.

    The network is programmed into each chip and read once, with all its noise.
    A run folder brings its task, device and seed; options overrule them.

    Example:
      hwnoise evaluate runs/digits-pcm-anp-1
      hwnoise evaluate model.nir --device pcm --chips 20 --set one_over_f.scale=2
      hwnoise evaluate runs/digits-pcm-anp-1 --ages 1,3600,86400,31536000 --compensate
      hwnoise evaluate --chip runs/digits-pcm-anp-1 --cost
      hwnoise evaluate weights.pt --network 784-64-10 --task mnist5k
      hwnoise evaluate model.nir --task mnist5k --repair --ages 2592000
    """
    flags: dict[str, Any] = {"task": task, "data": data, "seed": seed, "network": network, "device": device}
    flags |= {"dt": dt, "reset": reset, "convention": convention}
    flags |= {"backend": backend, "chips": chips, "coding": coding, "steps": steps}
    if repair:
        _refuse_beside_repair(chip, compensate, cost or bool(constants))
        flags |= {"epochs": epochs}
        show_repair(source, options.with_torch_device(settings, torch_device), flags, ages, as_json, quiet)
        return
    if epochs is not None:
        raise InputError("--epochs is for --repair: nothing else here learns")
    judge = _judge(chip, source, options.with_torch_device(settings, torch_device), flags)
    if compensate and ages is None:
        raise InputError("--compensate corrects drift and needs --ages")
    found = judge.now() if ages is None else judge.over(_seconds(ages), compensate)
    spent = judge.cost(constants) if cost or constants else None
    if as_json:
        emit_json(_record(found, spent))
    else:
        _show(judge, found, spent, quiet)


def _judge(chip: str | None, source: str | None, settings: list[str] | None, flags: dict[str, Any]) -> Judge:
    from hwnoise.cli.judging import OfFreshChips, OfKeptChip

    if chip is None:
        return OfFreshChips(_config(source, settings, flags))
    said = [f"--{key}" for key in _OF_THE_CHIP if flags[key] is not None]
    said += [source] if source is not None else []
    said += ["--set"] if settings else []
    if said:
        raise InputError(f"--chip is one chip with its own network and device: leave out {', '.join(said)}")
    return OfKeptChip(chip, {key: flags[key] for key in ("task", "data", "seed")})


def _refuse_beside_repair(chip: str | None, compensate: bool, cost: bool) -> None:
    for option, is_given in (("--chip", chip), ("--compensate", compensate), ("--cost", cost)):
        if is_given:
            raise InputError(f"--repair compares repairs on fresh chips: leave out {option}")


def _config(source: str | None, settings: list[str] | None, flags: dict[str, Any]) -> RunConfig:
    from hwnoise import training
    from hwnoise.training.starting import holds_weights_only

    if source is not None and holds_weights_only(source):
        return training.load_config(None, settings or (), **flags, weights=source)
    if (source is None) == (flags["network"] is None):
        raise InputError("evaluate wants one network: RUN, FILE.nir, or --network 64-64-10")
    stored = Path(source or "", "config.toml")
    path = stored if source and stored.is_file() else None
    return training.load_config(path, settings or (), **flags | {"network": flags["network"] or source})


def _seconds(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--ages wants seconds such as 1,3600,86400, not {text!r}") from None


def _record(found: Evaluation | tuple[Age, ...], spent: Cost | None) -> Any:
    """What ``--json`` prints: one object, or with ``--ages`` a list; with ``--cost`` an object of both."""
    plain = [asdict(age) for age in found] if isinstance(found, tuple) else asdict(found)
    if spent is None:
        return plain
    return (
        {"ages": plain, "cost": spent.as_dict()}
        if isinstance(plain, list)
        else {**plain, "cost": spent.as_dict()}
    )


def _show(judge: Judge, found: Evaluation | tuple[Age, ...], spent: Cost | None, quiet: bool) -> None:
    for each in found if isinstance(found, tuple) else (found,):
        shown = interval(each.accuracy, each.low, each.high)
        if quiet:
            print(shown)
        else:
            print(judge.line(each, shown))
    if spent is not None:
        print(f"\nreading {judge.samples:,} samples once on one chip\n{spent}")
