"""A standalone Python script that runs a network in Lava, with its integers beside it."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from hwnoise.backends.lava.detect import install_lines
from hwnoise.backends.lava.layout import lava_shape
from hwnoise.backends.lava.plan import MODULES, Array, Plan, Population, Process
from hwnoise.files import replacing

FILES = SCRIPT, WEIGHTS, SAMPLES = "run_in_lava.py", "weights.npz", "samples.npz"
_STEPS_AT_ONCE = 2000  # Lava keeps the whole input of a run in memory, and fetches its output value by value
_TAKEN = set(MODULES) | {
    "x",
    "W",
    "source",
    "np",
    "sys",
    "build",
    "run",
    "main",
    "dataclasses",
    "multiprocessing",
}


def emit(
    folder: Path, plan: Plan, x: Array, labels: Array | None, title: str, readout: str = "mean"
) -> tuple[Path, ...]:
    """Write the script, its weights and its samples into ``folder``.

    Parameters
    ----------
    folder : Path
        Made if it is not there; what an earlier script left there is replaced.
    plan : Plan
    x : (samples, steps, n_in) int32
        What the script presents.
    labels : (samples,) int, optional
    title : str
        First line of the script.
    readout : str
        Classes by the ``"mean"`` of the output over all steps, or by its ``"last"`` step.

    Returns
    -------
    tuple of Path
        The files, the script first.

    Raises
    ------
    InputError
        If the system refuses.
    """
    paths = tuple(folder / name for name in FILES)
    folder.mkdir(parents=True, exist_ok=True)
    weights: dict[str, Any] = {
        f"{process.name}.{key}": value
        for process in plan.processes
        for key, value in process.settings.items()
        if isinstance(value, np.ndarray)
    }
    weights |= {f"{p.name}.late_bias": p.late_bias for p in plan.populations if p.late_bias is not None}
    samples: dict[str, Any] = {"x": x} | ({} if labels is None else {"labels": labels})
    with replacing(paths[0]) as temporary:
        temporary.write_text(script(plan, title, readout), encoding="utf-8")
    for path, arrays in zip(paths[1:], (weights, samples), strict=True):
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
    return paths


def script(plan: Plan, title: str, readout: str = "mean") -> str:
    """Return the text of the script."""
    names = _identifiers(plan)
    output = next(p for p in plan.populations if p.name == plan.output)
    process = next(p for p in plan.processes if p.name == plan.output)
    template = Template(files(__package__).joinpath("script.txt").read_text(encoding="utf-8"))
    return template.substitute(
        _recording(process),
        title=title,
        score="outputs[:, -1]" if readout == "last" else "outputs.sum(axis=1)",
        version=version("hwnoise"),
        install="\n".join(f"    {line.replace('hwnoise[lava]', _LAVA_ONLY)}" for line in install_lines()),
        file=SCRIPT,
        imports="\n".join(_imports(plan)),
        steps=plan.steps,
        depth=plan.depth,
        output_depth=output.depth,
        at_once=max(_STEPS_AT_ONCE // plan.steps, 1) if plan.seamless else 1,
        processes="\n".join(f"    {names[p.name]} = {_construction(p)}" for p in plan.processes),
        wires="\n".join(_wires(plan, names)),
        output=names[output.name],
        late=", ".join(_late(plan, names)),
        input_shape=repr(lava_shape(plan.input_shape)),
        arranged=_arranged(plan),
    )


_LAVA_ONLY = 'numpy<2.4" scipy "networkx<=2.8.7" "asteval<1.1" "scikit-learn'  # what Lava itself imports


def _imports(plan: Plan) -> Iterator[str]:
    kinds = {process.kind for process in plan.processes}
    for module in sorted({MODULES[kind] for kind in kinds}):
        found = ", ".join(sorted(kind for kind in kinds if MODULES[kind] == module))
        yield f"from {module} import {found}  # noqa: E402"


def _construction(process: Process) -> str:
    """Return the call that makes the process, arguments in the order of its settings."""
    arguments = [] if process.is_graded else [f"name={json.dumps(process.name)}"]
    for key, value in process.settings.items():
        if isinstance(value, np.ndarray):
            arguments.append(f'{key}=W["{process.name}.{key}"]')
        elif key == "sign_mode":
            arguments.append(f"{key}=SignMode.{value}")
        else:
            arguments.append(f"{key}={value!r}")
    lines = "".join(f"        {argument},\n" for argument in arguments)
    return f"{process.kind}(\n{lines}    )"


def _wires(plan: Plan, names: dict[str, str]) -> Iterator[str]:
    by_name = {process.name: process for process in plan.processes}
    for before, after in plan.wires:
        target = by_name[after]
        gives = lava_shape(plan.input_shape) if before == "input" else by_name[before].gives
        port = "source.s_out" if before == "input" else f"{names[before]}.{_out(by_name[before])}"
        reshaped = "" if gives == target.takes else f".reshape({target.takes!r})"
        yield f"    {port}{reshaped}.connect({names[after]}.{_in(target)})"


def _in(process: Process) -> str:
    return "a_in" if _is_population(process) else "s_in"


def _out(process: Process) -> str:
    return "s_out" if _is_population(process) else "a_out"


def _is_population(process: Process) -> bool:
    return "LIF" in process.kind or process.is_graded


def _late(plan: Plan, names: dict[str, str]) -> list[str]:
    waiting = [p for p in plan.populations if p.late_bias is not None]
    return [f'({p.depth}, {names[p.name]}, W["{p.name}.late_bias"])' for p in sorted(waiting, key=_depth)]


def _depth(population: Population) -> int:
    return population.depth


def _recording(process: Process) -> dict[str, str]:
    """What is kept of the output: membranes where it never spikes, else spikes."""
    if process.integrates:
        return {
            "sink": "Read",
            "sink_arguments": "buffer=steps + DEPTH",
            "sink_wire": "sink.connect_var(output.v)",
            "what": "membranes",
        }
    return {
        "sink": "RingBuffer",
        "sink_arguments": f"shape={process.gives!r}, buffer=steps + DEPTH",
        "sink_wire": "output.s_out.connect(sink.a_in)",
        "what": "spikes",
    }


def _arranged(plan: Plan) -> str:
    """Return the expression that puts samples into the order of Lava's source: time last."""
    if len(plan.input_shape) == 1:
        return "samples.reshape(steps, -1).T"
    return f"samples.reshape(steps, *{plan.input_shape!r}).transpose(3, 2, 1, 0)"


def _identifiers(plan: Plan) -> dict[str, str]:
    """Return a Python name for each process, unlike every other."""
    found: dict[str, str] = {}
    for process in plan.processes:
        name = re.sub(r"\W|^(?=\d)", "_", process.name)
        while name in _TAKEN or keyword.iskeyword(name) or name in found.values():
            name += "_"
        found[process.name] = name
    return found
