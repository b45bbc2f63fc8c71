"""Cold starts: fresh interpreters against one that does nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from hwnoise.bench.timing import Case, Parts, Work

NOTHING = "python -c pass"
HELP = "import sys; from hwnoise.cli import main; sys.exit(main(['--help']))"
EMULATOR = "import hwnoise.backends.emulator"
FIRST_STEP = """
import hwnoise.cli
from hwnoise.training.fit import fit
from hwnoise.training.load import load_config, resolve
from hwnoise.training.setup import build

class Stop:
    def on_step(self, history):
        raise SystemExit

run = build(resolve(load_config(seed=1)))
fit(run.program, run.task, run.learner, run.optimizer, epochs=1, callbacks=[Stop()])
"""


def cases() -> Iterator[Case]:
    """What a user waits for before anything happens; compile caches are warm."""
    for name, program, note in (
        ("hwnoise --help, cold start", HELP, "an empty interpreter; ours is to stay below 0.25 s"),
        ("import of the emulator, cold start", EMULATOR, "an empty interpreter"),
        ("hwnoise train, to its first step", FIRST_STEP, "an empty interpreter; ours is to stay below 2 s"),
    ):
        yield Case(name, partial(prepare, program), {"": (NOTHING,)}, note=note)


def prepare(program: str) -> tuple[Work, Parts]:
    """Run ``program`` in an interpreter of its own."""
    return partial(run, program), {NOTHING: partial(run, "pass")}


def run(program: str) -> None:
    """Run ``program`` in a fresh interpreter and wait for its end."""
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=True)
