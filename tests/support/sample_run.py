"""A run folder as training leaves it behind, made without training anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

LAYERS = ("hidden", "readout")
EPOCHS = 30


def write_run(folder: Path, *, finished: bool = True, **changes: Any) -> Path:
    """Write a sample run into ``folder`` (made if needed).

    Parameters
    ----------
    folder : Path
        The run folder.
    finished : bool
        Whether there is a ``summary.json``.
    **changes
        Replace keys of the summary; a value of None removes the key.

    Returns
    -------
    Path
        ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(epoch) + "\n" for epoch in metrics())
    (folder / "metrics.jsonl").write_text(lines, encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest()), encoding="utf-8")
    if finished:
        found = {key: value for key, value in (summary() | changes).items() if value is not None}
        (folder / "summary.json").write_text(json.dumps(found), encoding="utf-8")
    return folder


def metrics() -> list[dict[str, float]]:
    """One row per epoch: a loss that falls, accuracies that rise and waver."""
    rng = np.random.default_rng(7)
    rows = []
    for epoch in range(1, EPOCHS + 1):
        left = float(np.exp(-epoch / 5))
        rows.append(
            {
                "epoch": epoch,
                "loss": 0.11 + 2.2 * left + 0.02 * rng.standard_normal(),
                "train_accuracy": min(1.0, 0.975 - 0.75 * left + 0.006 * rng.standard_normal()),
                "validation_accuracy": min(1.0, 0.957 - 0.75 * left + 0.009 * rng.standard_normal()),
                "reads": 2150 * epoch,
                "writes": int(61_000 * (1 - left)) + 900 * epoch,
                "seconds": 0.27 * epoch,
            }
        )
    return rows


def summary() -> dict[str, Any]:
    """Everything a finished run knows."""
    return {
        "task": "digits",
        "device": "pcm",
        "learner": "anp",
        "backend": "emulator",
        "network": "64-64-10",
        "seed": 7,
        "epochs": EPOCHS,
        "accuracy_before": {"value": 0.103, "low": 0.075, "high": 0.138},
        "accuracy_after": {"value": 0.956, "low": 0.930, "high": 0.972},
        "accuracy_fresh_chips": {
            "value": 0.944,
            "low": 0.938,
            "high": 0.950,
            "chips": [0.936, 0.942, 0.945, 0.947, 0.950],
        },
        "confusion": confusion(),
        "classes": [str(digit) for digit in range(10)],
        "layers": layers(),
        "alignment": {
            "cosine": 0.41,
            "bias": 0.31,
            "variance": 0.53,
            "snr": 1.9,
            "layers": {"hidden": 0.34, "readout": 0.72},
            "ranks": {"hidden": 9.3, "readout": 6.1},
            "weights": 256,
            "directions": 512,
            "gradient": "central differences",
        },
        "writes_per_device": {name: wear(name) for name in LAYERS},
        "events": {"reads": 64_500, "conversions": 9_546_000, "device_reads": 611_000_000, "pulses": 241_300},
        "forecast": {
            "verdict": "learnable",
            "sentence": "The fresh noise is 4.1 % of the signal: about 20 epochs to the plateau.",
        },
        "observability": [
            "one_over_f is seen as the difference of two interleaved passes; 62 % of its variance is fresh.",
            "programming_noise is frozen between writes and cancels in the difference.",
        ],
        "seconds": 8.1,
        "passes": 64_500,
        "writes": 241_300,
        "version": "0.1.0",
        "command": "hwnoise train --task digits --device pcm --learner anp --network 64-64-10 --seed 7",
    }


def layers() -> list[dict[str, Any]]:
    """Signal and noise at the nodes of each layer."""
    levels = ((64, 64, 0.92, 0.118, 0.62), (64, 10, 1.71, 0.143, 0.58))
    keys = ("n_in", "n_out", "signal", "noise", "fresh_fraction")
    return [
        {"name": name} | dict(zip(keys, level, strict=True))
        for name, level in zip(LAYERS, levels, strict=True)
    ]


def confusion() -> list[list[int]]:
    """360 answers of ten classes, true classes in rows."""
    counts = np.diag([35, 33, 35, 36, 35, 34, 36, 35, 31, 34])
    for true, answer, count in ((8, 1, 3), (1, 8, 2), (9, 5, 1), (9, 3, 1), (3, 8, 1), (5, 9, 2), (7, 4, 1)):
        counts[true, answer] += count
    rows: list[list[int]] = counts.tolist()
    return rows


def wear(layer: str) -> dict[str, list[float]]:
    """How often the devices of a layer were written."""
    rng = np.random.default_rng(len(layer))
    devices, chance = (8192, 0.12) if layer == "hidden" else (1280, 0.07)
    writes = rng.negative_binomial(4, chance, devices)
    counts, edges = np.histogram(np.minimum(writes, 119), bins=20, range=(0, 120))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def manifest() -> dict[str, Any]:
    """Versions, seed and the hash of the substrate."""
    return {
        "seed": 7,
        "substrate": "b2:6f1c0f1d9be3a4f2",
        "versions": {"hwnoise": "0.1.0", "python": "3.11.2", "numpy": "2.3.5", "numba": "0.68.1"},
    }
