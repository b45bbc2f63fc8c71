"""The example and the notebook that take a network from torch onto a damaged chip run, and it is repaired."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_journey_of_the_example(tmp_path: Path) -> None:
    words = ["--quick", "--samples", "2", "--json", "--out", str(tmp_path)]
    command = [sys.executable, "-W", "error", str(EXAMPLES / "06_repair_network.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    stages = {name: stage["value"] for name, stage in found["perceptron"]["stages"].items()}
    best = max(stages[name] for name in ("aged", "compensated", "reprogrammed", "verified"))
    assert stages["repaired"] > best + 0.1
    assert (
        abs(found["spiking_8_bits"]["stages"]["programmed"]["value"] - found["spiking_8_bits"]["exact"])
        < 0.03
    )
    assert found["deployed"].get("mismatches", 0) == 0
    assert (Path(found["deployed"]["run"]) / "network.nir").exists()


def test_the_cells_of_the_notebook_run_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLES)
    notebook = json.loads((EXAMPLES / "07_journey.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names: dict[str, object] = {"__name__": "notebook"}
    for number, cell in enumerate(cells, 1):
        assert cell["execution_count"] == number
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    said = capsys.readouterr().out
    exact, programmed, aged, repaired = map(
        float, re.findall(r"^\w[\w ]+? +([\d.]+)%$", said, re.MULTILINE)[:4]
    )
    assert exact > repaired > programmed > aged


def test_a_network_of_the_notebook_is_told_as_it_was_seen() -> None:
    notebook = json.loads((EXAMPLES / "07_journey.ipynb").read_text(encoding="utf-8"))
    shown = [out for cell in notebook["cells"] for out in cell.get("outputs", [])]
    assert shown
    assert all(out["output_type"] == "stream" for out in shown)  # no picture that would grow the repository
