"""The options that commands share, written once so that they read the same everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]
Seed = Annotated[int | None, typer.Option(help="Reproduces everything bit for bit.", metavar="N")]
Names = Annotated[bool, typer.Option("--quiet", "-q", help="Only the names, one on each line.")]
Unused = Annotated[int | None, typer.Option("--seed", help="Accepted; nothing here is random.", metavar="N")]

Task = Annotated[str | None, typer.Option(help="What to learn; `hwnoise tasks` lists them.", metavar="NAME")]
Data = Annotated[str | None, typer.Option(help="Your own data: IDX folder, .npz or .csv.", metavar="PATH")]
Network = Annotated[
    str | None,
    typer.Option(help="784-64-10, 1x28x28-c8k5-p2-10, a NIR file, or a run folder.", metavar="NETWORK"),
]
Backend = Annotated[
    str | None, typer.Option(help="What computes the chip; `hwnoise backends`.", metavar="NAME")
]
Device = Annotated[
    str | None, typer.Option(help="A preset (`hwnoise devices`) or a TOML file.", metavar="DEVICE")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any substrate or learner parameter; repeatable.", metavar="KEY=VALUE"),
]
Chip = Annotated[
    str | None,
    typer.Option("--chip", help="One kept chip: a file, or the chip of a run.", metavar="FILE|RUN"),
]
Dt = Annotated[
    float | None, typer.Option(help="Time step [s] of a file that does not state it.", metavar="S")
]
Reset = Annotated[
    str | None, typer.Option(help="What a spike does there: zero, subtract or none.", metavar="RESET")
]
Convention = Annotated[
    str | None, typer.Option(help="The tool that wrote it: snntorch, norse, ... (or nir).", metavar="TOOL")
]
Coding = Annotated[
    str | None,
    typer.Option(help="For spiking networks: rate, latency, constant or native.", metavar="CODING"),
]
Steps = Annotated[int | None, typer.Option(help="Steps of time of one presentation.", metavar="N")]
TorchDevice = Annotated[
    str | None,
    typer.Option("--torch-device", help="For snntorch: cpu, cuda or cuda:1.", metavar="DEVICE"),
]
Chips = Annotated[int | None, typer.Option(help="Chip instances to judge on.", metavar="N")]


def with_torch_device(settings: list[str] | None, device: str | None) -> list[str]:
    """Return ``--set`` with what ``--torch-device`` says added to it."""
    return [*(settings or ()), *([f'backend.torch_device="{device}"'] if device else ())]
