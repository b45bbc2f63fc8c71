"""``hwnoise evaluate``: how well a network does on chips of a kind, with an interval."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwnoise.cli.options import Backend, Chips, Data, Device, Json, Network, Quiet, Seed, Set, Task
from hwnoise.cli.output import emit_json, interval, percent
from hwnoise.errors import InputError

if TYPE_CHECKING:
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
      hwnoise evaluate --network 64-64-10 --seed 7
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
    found = _judge(config)
    if as_json:
        emit_json(asdict(found))
    else:
        shown = interval(found.accuracy, found.low, found.high)
        print(shown if quiet else f"{shown} on {_chips(found)}, seed {config.seed}")


def _judge(config: RunConfig) -> Evaluation:
    from hwnoise import substrate, tasks, training
    from hwnoise.backends import registry
    from hwnoise.streams import Stream
    from hwnoise.training.setup import make_network, require_fit

    stream = Stream(config.seed)
    task = tasks.load(config.task, config.data)
    network = make_network(str(config.network), stream.child("network"))
    require_fit(network, task)
    return training.evaluate(
        network,
        substrate.load(config.device, config.device_options),
        registry.get(config.backend),
        task,
        chips=config.chips,
        stream=stream.child("evaluate"),
        **config.backend_options,
    )


def _chips(found: Evaluation) -> str:
    each = sorted(found.chips)
    return "one chip" if len(each) == 1 else f"{len(each)} chips ({percent(each[0])} to {percent(each[-1])})"
