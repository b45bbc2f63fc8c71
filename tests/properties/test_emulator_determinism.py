"""Same seed, same bits: on any number of threads, after any interruption, however rows are grouped."""

from __future__ import annotations

import threading
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import (
    ALL,
    KNOWN,
    PCM,
    TELEGRAPH,
    WHITE,
    WHITE_PAIRS,
    Array,
    assert_same_bits,
    batch,
    chip,
    kind,
    layers,
    on_chip,
)

from hwnoise import Stream, learners, losses, optimizers, substrate
from hwnoise.backends.base import Probe, Reading
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.substrate import Substrate
from hwnoise.testing import assert_rejects, assert_uncorrelated

NODES = frozenset({"nodes"})
STOCHASTIC = kind(
    conductance={},
    adc={"bits": 6, "rounding": "stochastic"},
    dac={"bits": 6, "rounding": "stochastic"},
)
KINDS = {**ALL, "stochastic converters": STOCHASTIC}
OPERATIONS = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 70)),
    st.tuples(st.just("write"), st.sampled_from([0.001, 0.02, 0.3])),
    st.tuples(st.just("read back"), st.none()),
    st.tuples(st.just("advance"), st.sampled_from([0, 3, 250, 4090, 10**9])),
)


def train(program: EmulatorProgram, x: Array, steps: int) -> list[Array]:
    """Train on random labels; returns what the chip showed."""
    labels = np.arange(len(x)) % 10
    learner, optimizer = learners.make("anp"), optimizers.make("adam", learning_rate=0.01)
    learner.bind(program.network, program.capabilities)
    shown = []
    for step in range(steps):
        reading = program.run(x, learner.ask(step, len(x)))
        estimate = learner.tell(reading, losses.cross_entropy(reading.output, labels))
        program.write(optimizer.update(estimate, step, steps))
        shown += [reading.output, *reading.nodes.values()]
    return shown


@pytest.mark.parametrize("name", KINDS)
def test_any_number_of_threads_gives_the_same_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[dict[str, Array]] = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        program = chip(KINDS[name], "256-512-10")
        shown = train(program, batch(256, 256), steps=2)
        results.append({**{str(i): a for i, a in enumerate(shown)}, **program.state()})
    assert any(t.name.startswith("hwnoise") for t in threading.enumerate()), "no thread was ever used"
    assert_same_bits(results[0], results[1])
    assert_same_bits(results[0], results[2])


def carry_out(program: EmulatorProgram, operation: tuple[str, Any]) -> dict[str, Array]:
    """Do one thing to the chip; returns what it showed."""
    what, size = operation
    if what == "run":
        reading = program.run(batch(size), Probe(2, "batch", observe=NODES))
        return {"output": reading.output, **reading.nodes}
    if what == "write":
        generator = np.random.Generator(np.random.Philox(key=program.tick))
        shape = (program.layers["hidden1"].n_out, program.layers["hidden1"].n_in)
        program.write({"hidden1.weight": size * generator.standard_normal(shape, np.float32)})
        return {}
    if what == "read back":
        return program.read_weights()
    program.advance(size * program.substrate.clock.read_period)
    return {}


@pytest.mark.parametrize("name", KINDS)
@given(before=st.lists(OPERATIONS, max_size=5), after=st.lists(OPERATIONS, min_size=1, max_size=5))
@settings(max_examples=25)
def test_a_chip_goes_on_where_its_state_was_saved(
    name: str, before: list[tuple[str, Any]], after: list[tuple[str, Any]]
) -> None:
    """Whatever happened before: passing time, the ticks 256 and 4096, updates that still wait."""
    undisturbed, resumed = chip(KINDS[name]), chip(KINDS[name])
    for operation in before:
        carry_out(undisturbed, operation)
    resumed.restore(undisturbed.state())
    for operation in after:
        assert_same_bits(carry_out(undisturbed, operation), carry_out(resumed, operation))
    assert_same_bits(undisturbed.state(), resumed.state())


@pytest.mark.parametrize("edge", [64, 256, 1024, 4096, 16384])
def test_noise_holds_up_to_an_edge_of_ticks_and_not_beyond(edge: int) -> None:
    """A chip restored right before, at and after an edge reads what one that came there by itself reads."""
    for start in (edge - 1, edge, edge + 1):
        walked, jumped = chip(PCM), chip(PCM)
        walked.run(batch(1))  # looks at its devices long before the edge
        walked.advance((start - 1) * PCM.clock.read_period)
        jumped.advance(start * PCM.clock.read_period)
        assert walked.tick == jumped.tick == start
        assert walked.run(batch(3)).output.tobytes() == jumped.run(batch(3)).output.tobytes()


def test_what_is_saved_is_a_copy() -> None:
    for program in map(chip, KINDS.values()):
        saved = program.state()
        kept = {name: values.copy() for name, values in saved.items()}
        carry_out(program, ("run", 5))
        carry_out(program, ("write", 0.3))
        assert_same_bits(saved, kept)
        other = chip(program.substrate)
        other.restore(saved)
        carry_out(other, ("write", 0.3))
        assert_same_bits(saved, kept)


@pytest.mark.parametrize("name", KINDS)
def test_another_seed_is_another_chip(name: str) -> None:
    first, second = chip(KINDS[name], seed=1), chip(KINDS[name], seed=2)
    assert not np.array_equal(first.run(batch(20)).output, second.run(batch(20)).output)


SILENT = {
    "pairs": kind(conductance={}, read_noise={"sigma": 0.0}, quiet="chip"),
    "digital": kind(read_noise={"sigma": 0.0}, node_noise={"sigma": 0.0}, quiet="chip"),
    "telegraph": kind(telegraph={"amplitude": 0.0, "offset": 0.1, "flip": 0.3}),
    "pcm": substrate.load("pcm", {"one_over_f.scale": 0, "drift": "off", "quiet": "chip"}),
}


@pytest.mark.parametrize("name", SILENT)
@given(
    samples=st.integers(1, 200),
    passes=st.integers(2, 4),
    order=st.sampled_from(["interleaved", "batch"]),
    start=st.sampled_from([0, 1, 250, 4090]),
)
@settings(max_examples=20)
def test_without_noise_all_passes_are_equal_bit_for_bit(
    name: str, samples: int, passes: int, order: Literal["interleaved", "batch"], start: int
) -> None:
    """Not a rounding error apart: a rule that divides by the size of a difference would learn from it."""
    program = chip(SILENT[name], "64-48-10")
    program.advance(start * program.substrate.clock.read_period)
    quiet = (1,) if program.capabilities.quiet == "chip" else ()
    reading = program.run(batch(samples, 64), Probe(passes, order, quiet_passes=quiet, observe=NODES))
    for shown in (reading.output, *reading.nodes.values()):
        assert all(np.array_equal(shown[0], other) for other in shown[1:])


def noises_of_equal_layers(on: Substrate) -> tuple[Array, Array]:
    """Noise of two layers of equal weights, at reads so far apart that a telegraph has forgotten."""
    weight = Stream(5, "weight").generator().uniform(-0.2, 0.2, (64, 64)).astype(np.float32)
    program = on_chip(layers(weight, weight), on)
    a, b = (values[0] for values in program.run(np.ones((1200, 64)), Probe(observe=NODES)).nodes.values())
    b = b - a @ program.diagnostics()["b.weight"].T
    return (a - a.mean(axis=0))[::30], (b - b.mean(axis=0))[::30]


@pytest.mark.parametrize("on", [WHITE, KNOWN, TELEGRAPH, STOCHASTIC])
def test_two_layers_share_no_stream(on: Substrate) -> None:
    a, b = noises_of_equal_layers(on)
    assert_uncorrelated(a, b)
    assert_rejects(assert_uncorrelated, a, b + 0.2 * a)


def test_two_layers_of_equal_weights_are_programmed_with_errors_of_their_own() -> None:
    weight = Stream(5, "weight").generator().uniform(-0.2, 0.2, (64, 64)).astype(np.float32)
    true = on_chip(layers(weight, weight), PCM).diagnostics()
    assert_uncorrelated(true["a.weight"] - weight, true["b.weight"] - weight)
    assert_rejects(assert_uncorrelated, true["a.weight"] - weight, true["a.weight"] - weight)


def joined(parts: list[Reading], what: str, layer: str) -> Array:
    return np.concatenate([getattr(part, what)[layer] for part in parts], axis=1)


@pytest.mark.parametrize("on", [KNOWN, WHITE, WHITE_PAIRS, TELEGRAPH, PCM], ids=lambda s: s.name)
@given(cut=st.integers(1, 149))
@settings(max_examples=10)
def test_draws_do_not_depend_on_how_rows_are_grouped(on: Substrate, cut: int) -> None:
    """Noise by itself equal bit for bit, products to float32 precision."""
    observe = NODES | {"noise"} if on is KNOWN else NODES
    whole, split, x = chip(on), chip(on), batch(150)
    probe = Probe(2, "interleaved", observe=frozenset(observe))
    expected = whole.run(x, probe)
    parts = [split.run(x[:cut], probe), split.run(x[cut:], probe)]
    for layer, values in expected.nodes.items():
        np.testing.assert_allclose(joined(parts, "nodes", layer), values, rtol=1e-6, atol=1e-6)
    for layer, values in expected.noise.items():
        assert joined(parts, "noise", layer).tobytes() == values.tobytes()
    np.testing.assert_array_equal(np.concatenate([part.ticks for part in parts], axis=1), expected.ticks)
    assert_same_bits(whole.state(), split.state())
