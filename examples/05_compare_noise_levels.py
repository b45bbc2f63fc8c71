"""Sweep one parameter of a chip: how much noise is enough to learn from, and how much is too much?

The 1/f read noise of the phase-change-memory chip is scaled from a thousandth to thirty times what
was published. At every level a network learns on a chip; beside it, the network that learned at the
published level is put on fresh chips of that level, without learning. Prints a table and draws it:

    python examples/05_compare_noise_levels.py --out build

Takes about 15 s; more --seeds and --epochs give smoother curves.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hwnoise import Network, Program, Stream, Substrate, evaluate, fit, learners, optimizers, substrate, tasks
from hwnoise.backends.emulator import backend
from hwnoise.tasks import Task
from hwnoise.training.evaluate import count_correct

PARAMETER = "one_over_f.scale"
LEVELS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
PUBLISHED = 1.0
LEARNED, MOVED = "learned on this chip", "learned at the published noise, moved here"
Row = dict[str, Any]


def main() -> None:
    options = argparse.ArgumentParser(description=f"Sweep {PARAMETER} of the chip 'pcm'.")
    options.add_argument("--out", type=Path, default=Path("build"), help="folder for the two pictures")
    options.add_argument("--epochs", type=int, default=15)
    options.add_argument("--seeds", type=int, default=2, help="chips and networks at each level")
    options.add_argument("--quick", action="store_true", help="three levels and two epochs only")
    chosen = options.parse_args()

    task, rows = tasks.load("digits"), []
    levels, epochs = (LEVELS[::3], 2) if chosen.quick else (LEVELS, chosen.epochs)
    for seed in range(chosen.seeds):
        rows += sweep(task, Stream(seed, "sweep"), levels, epochs)
    print(table(rows, levels))
    chosen.out.mkdir(parents=True, exist_ok=True)
    picture = chart(rows)
    for name in ("noise_levels.png", "noise_levels.html"):
        more: Row = {"inline": True} if name.endswith("html") else {"scale_factor": 2}
        picture.save(chosen.out / name, **more)
        print(f"wrote {chosen.out / name}")


def sweep(task: Task, stream: Stream, levels: tuple[float, ...], epochs: int) -> list[Row]:
    """Test accuracy at every level: on the chip that learned there, and on chips that did not."""
    kinds = {level: substrate.load("pcm", {PARAMETER: level}) for level in {*levels, PUBLISHED}}
    network = Network.mlp("64-64-10", stream, gain=2.0)
    chips = {level: learn(network, task, kind, stream, epochs) for level, kind in kinds.items()}
    trained = network.with_parameters(chips[PUBLISHED].read_weights())
    rows = []
    for level in levels:
        learned = count_correct(chips[level], task.test) / len(task.test)
        moved = evaluate(trained, kinds[level], backend, task, chips=3, stream=stream.child("fresh"))
        rows.append({"level": level, "how": LEARNED, "accuracy": learned})
        rows.append({"level": level, "how": MOVED, "accuracy": moved.accuracy})
    return rows


def learn(network: Network, task: Task, kind: Substrate, stream: Stream, epochs: int) -> Program:
    """A chip of ``kind`` on which ``network`` has learned."""
    chip = backend.compile(network, kind, stream.child("chip"), headroom=1.5)
    optimizer = optimizers.make("adam", learning_rate=0.005, schedule="cosine")
    fit(chip, task, learners.make("anp"), optimizer, epochs=epochs, stream=stream.child("train"))
    return chip


def table(rows: list[Row], levels: tuple[float, ...]) -> str:
    """Means over seeds, a line for each level."""
    lines = [f"{PARAMETER:>16}  {LEARNED}  {MOVED}"]
    for level in levels:
        cells = []
        for how in (LEARNED, MOVED):
            found = [row["accuracy"] for row in rows if (row["level"], row["how"]) == (level, how)]
            cells.append(f"{sum(found) / len(found):>{len(how)}.1%}")
        lines.append(f"{level:>16g}  {'  '.join(cells)}")
    return "\n".join(lines)


def chart(rows: list[Row]) -> Any:
    """A dot for every seed, a line through the means."""
    import altair as alt

    legend = alt.Legend(orient="top", labelLimit=400, symbolOpacity=1)
    colour = alt.Color("how:N", title=None, legend=legend).scale(domain=[LEARNED, MOVED])
    x = alt.X("level:Q", title="1/f noise, in units of the published one (log scale)")
    x = x.scale(type="log", nice=False).axis(values=LEVELS[::2], format="~g", grid=False)
    y = alt.Y("accuracy:Q", title="test accuracy").axis(format=".0%").scale(domain=[0, 1])
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, color=colour)
    dots = base.mark_point(filled=True, opacity=0.5).encode(y=y)
    means = base.mark_line().encode(y=y.aggregate("mean"))
    title = "How much noise is enough to learn from, how much is too much?"
    return (means + dots).properties(width=480, height=280, title=title)


if __name__ == "__main__":
    main()
