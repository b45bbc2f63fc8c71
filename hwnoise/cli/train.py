"""``hwnoise train``: on-chip learning from a configuration file, flags, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hwnoise.cli import options
from hwnoise.cli.output import emit_json, print_lines


def train(
    experiment: Annotated[
        Path | None, typer.Argument(metavar="EXP.toml", help="A configuration file; flags overrule it.")
    ] = None,
    task: options.Task = None,
    data: options.Data = None,
    network: options.Network = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", help="Trained weights: NIR file, run, .pt or .safetensors.", metavar="FILE|RUN"
        ),
    ] = None,
    age: Annotated[
        float | None, typer.Option(help="Seconds that the chip ages before it learns.", metavar="S")
    ] = None,
    dt: options.Dt = None,
    reset: options.Reset = None,
    convention: options.Convention = None,
    device: options.Device = None,
    learner: Annotated[
        str | None, typer.Option(help="The learning rule; `hwnoise learners` lists them.", metavar="NAME")
    ] = None,
    backend: options.Backend = None,
    epochs: Annotated[int | None, typer.Option(help="Passes through the training data.", metavar="N")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples for each update.", metavar="N")] = None,
    coding: options.Coding = None,
    steps: options.Steps = None,
    torch_device: options.TorchDevice = None,
    settings: options.Set = None,
    chip: options.Chip = None,
    save_chip: Annotated[
        Path | None,
        typer.Option("--save-chip", help="Keep the trained chip in this file.", metavar="FILE"),
    ] = None,
    chips: options.Chips = None,
    out: Annotated[Path | None, typer.Option(help="The run folder.", metavar="DIR")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    seed: options.Seed = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network on a noisy chip by the chip's own noise.

    Without arguments: handwritten digits on a phase-change-memory chip. What is
    left out takes the default of the task and the device.

    Example:
      hwnoise train
      hwnoise train --device smtj --epochs 60 --seed 7
      hwnoise train --device loihi2 --coding latency
      hwnoise train --from model.nir --task mnist5k --age 2592000
      hwnoise train --from weights.pt --network 784-64-10 --task mnist5k
      hwnoise train exp.toml --set one_over_f.scale=2 --out runs/louder
      hwnoise train --resume --out runs/louder
      hwnoise train --chip lab.safetensors --save-chip lab-trained.safetensors
    """
    from hwnoise import training

    if save_chip is not None:
        from hwnoise.chips.file import check_target

        check_target(save_chip)  # before hours of training, not after them
    config = training.load_config(
        experiment,
        options.with_torch_device(settings, torch_device),
        task=task,
        data=data,
        network=network,
        weights=start,
        age=age,
        dt=dt,
        reset=reset,
        convention=convention,
        device=device,
        learner=learner,
        backend=backend,
        epochs=epochs,
        batch_size=batch_size,
        coding=coding,
        steps=steps,
        chips=chips,
        chip=chip,
        out=out,
        seed=seed,
    )
    summary = training.run(config, resume=resume, progress="quiet" if quiet else "auto")
    if save_chip is not None:
        from hwnoise import chips as kept

        kept.save(save_chip, training.trained_chip(summary.folder))
    if as_json:
        emit_json(summary.flat())
    else:
        print_lines([*summary.lines(), *_verdict(summary.content["forecast"])])


def _verdict(forecast: Mapping[str, Any]) -> list[str]:
    """What was foreseen, in the columns of ``Summary.lines``."""
    from hwnoise.training.measure import memory_sentence

    said = {"forecast": forecast["sentence"], "noise": memory_sentence(forecast["memory"])}
    return [f"{word:<28}{sentence}" for word, sentence in said.items()]
