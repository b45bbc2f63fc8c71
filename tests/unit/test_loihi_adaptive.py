"""Thresholds that rise with each spike, in the integers of the chip: edges, mutants, floats, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from loihi_networks import DT, TAU, adaptive, chain, chip, dense, loihi, spikes
from loihi_states import EDGES, STATES, M, drawn
from numpy.typing import NDArray
from oracle_loihi_adaptive import MUTANTS, Neuron

from hwnoise import substrate
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.integer.adaptive import AdaptivePopulation
from hwnoise.calibration import calibrate
from hwnoise.deploying import netx
from hwnoise.errors import InputError, MismatchError
from hwnoise.kernels.loihi_adaptive import run_adaptive
from hwnoise.nodes import AdaptiveLIF, Input, Node, Output, RefractoryLIF, TernaryLIF
from hwnoise.quantization import dequantize, quantize

Array = NDArray[Any]
LOIHI = loihi().fixed_point
QUIET = np.zeros((0, 0, 0), np.int32)
FAR = 2**30  # beyond any membrane
INPUTS = EDGES[np.abs(EDGES) <= 2**17]
DECAYS = (0, 1, 2, 409, 2048, 4095)
STEPS = (*(s * k for k in (1, 3, 64, 2047, 2049, 65536, 131071) for s in (-1, 1)), 0)
THRESHOLDS = (0, 1, 2047, 4095, 131071)
N, TIMES = 48, 6


def rules(rng: np.random.Generator, count: int) -> list[dict[str, int]]:
    """Return neurons at the edges of their ranges."""
    choices = {"du": DECAYS, "dv": DECAYS, "vth": THRESHOLDS, "dtheta": DECAYS, "theta_step": STEPS}
    choices["refractory"] = (0, 0, 2)
    return [{key: int(rng.choice(values)) for key, values in choices.items()} for _ in range(count)]


def ours(rule: dict[str, int], states: Array, current: Array, noise: Array, on_membrane: bool) -> Array:
    """Run our kernel; return spikes and membranes of every step, then the states (u, v, wait, theta)."""
    plain = np.array([rule["du"] + 1, rule["dv"], -FAR, FAR, 0], np.int32)
    bar = [rule["vth"] << 6, rule["dtheta"], rule["theta_step"] << 6, rule["refractory"]]
    held = states.astype(np.int32)[:, np.newaxis].copy()
    fired, seen = np.empty((1, *current.shape), np.int8), np.empty((1, *current.shape), np.int32)
    bias = np.full(current.shape[1], -3, np.int32)
    run_adaptive(
        current[None], noise[None], on_membrane, bias, plain, np.array(bar, np.int32), *held, fired, seen
    )
    return np.concatenate([fired[0], seen[0], held[:, 0]])


def expected(
    rule: dict[str, int], states: Array, current: Array, noise: Array, on_membrane: bool, mutant: str
) -> Array:
    """The same by the oracle, neuron by neuron."""
    columns = []
    for i, (u, v, wait, theta) in enumerate(states.T.tolist()):
        neuron = Neuron(**rule, mutant=mutant, u=u, v=v, wait=wait, theta=theta)
        pairs = zip(current[:, i].tolist(), noise[:, i].tolist(), strict=True)
        shown = [neuron.step(a, 0 if on_membrane else x, on_membrane * x - 3) for a, x in pairs]
        columns.append([*zip(*shown, strict=True), (neuron.u, neuron.v, neuron.wait, neuron.theta)])
    return np.array([[x for part in column for x in part] for column in columns]).T


def edge_states(rng: np.random.Generator, rule: dict[str, int]) -> Array:
    """States at their edges; of half of the neurons the membrane ends at the threshold or one off it."""
    u, v, theta = drawn(rng, STATES, (3, N))
    half = np.arange(N) < N // 2
    at = np.clip((rule["vth"] << 6) + theta.astype(np.int64) + rng.integers(-1, 2, N) + 3, 1 - M, M - 1)
    wait = rng.integers(0, 3, N)
    return np.stack([np.where(half, 0, u), np.where(half, at, v), np.where(half, 0, wait), theta])


@pytest.mark.parametrize("mutant", ["", *MUTANTS])
def test_edges_equal_the_oracle_and_no_mutant(mutant: str, rng: np.random.Generator) -> None:
    """Check eq:loihi-adaptive, eq:loihi-current, eq:loihi-membrane and eq:loihi-wait in whole numbers."""
    differs = 0
    for number, rule in enumerate(rules(rng, 120)):
        if number % 2:
            rule["dv"] = 0  # membranes stay where they were put
        states, current = edge_states(rng, rule), drawn(rng, INPUTS, (TIMES, N))
        current[0, : N // 2] = 0
        noise, on_membrane = drawn(rng, EDGES[np.abs(EDGES) < 2**10], (TIMES, N)), bool(number % 3)
        noise[0] = 0
        given = states, current, noise, on_membrane
        differs += not np.array_equal(ours(rule, *given), expected(rule, *given, mutant))
    assert bool(differs) == bool(mutant)


def test_a_threshold_rises_and_falls_by_hand() -> None:
    """Check eq:loihi-adaptive: 640, then 640 + 320; half of that is gone with each step."""
    rule = {"du": 4095, "dv": 0, "vth": 10, "dtheta": 2048, "theta_step": 5, "refractory": 0}
    current = np.full((7, 1), 11, np.int32)
    found = ours(rule, np.array([[0], [3], [0], [0]]), current, np.zeros((7, 1), np.int32), True)[:, 0]
    assert found[:7].tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert found[7:14].tolist() == [704, 701, 1402, 701, 1402, 701, 1402]
    assert found[-1] == 425  # 320 -> 160 -> 400 -> 200 -> 420 -> 210 -> 425


def test_a_threshold_that_leaves_its_bits_is_counted_once(rng: np.random.Generator) -> None:
    held, _ = quantize(adaptive(rng), LOIHI)
    spec = replace(held.neurons["n2"], theta_step=131071, dtheta=0, vth=0)
    nothing = np.zeros((1, 3, 6), np.int32)
    for strict in (False, True):
        cells = AdaptivePopulation("n2", spec, None, np.uint64(0), strict)
        cells.v[0, 4], cells.theta[:] = M - 1, 64
        if strict:
            with pytest.raises(InputError, match="layer 'n2': neuron 4 leaves its bits in step 0 of row 0"):
                cells.run(nothing, QUIET, False)
        else:
            cells.run(nothing, QUIET, False)
        assert cells.theta[0].tolist() == [64, 64, 64, 64, M - 1, 64]
        assert cells.lost == 1


def test_numbers_are_the_pages(rng: np.random.Generator) -> None:
    """Check eq:quantize-adaptation, and what the report says of a rise that rounds to nothing."""
    network = adaptive(rng)
    held, report = quantize(network, LOIHI)
    cells = held.neurons["n1"]
    assert cells.kind == "adaptive"
    assert cells.dtheta == round(4096 * DT / 0.05)
    assert cells.theta_step == round(0.35 / (64 * cells.scale))
    assert cells.theta_step * 64 * cells.scale == pytest.approx(0.35, rel=2e-3)
    assert max(layer.tau_error for layer in report.layers) < 2e-2
    node: Any = network.nodes["n1"]
    faint = {**network.nodes, "n1": replace(node, adaptation=np.full(20, 1e-5))}
    assert quantize(replace(network, nodes=faint), LOIHI)[1].layers[0].threshold_error == 1
    slow = {**network.nodes, "n1": replace(node, tau_adaptation=np.full(20, 100.0))}
    with pytest.raises(InputError, match="'n1': a time constant, 1e\\+05 steps, is longer"):
        quantize(replace(network, nodes=slow), LOIHI)
    steep = {**network.nodes, "n1": replace(node, adaptation=np.full(20, 100.0))}
    with pytest.raises(InputError, match="'n1': theta_step must be -131071 to 131071"):
        quantize(replace(network, nodes=steep), LOIHI)


def test_data_agree_and_the_threshold_matters(rng: np.random.Generator) -> None:
    """The calibrated chip fires as the float network does, and without a rise it would not."""
    network = adaptive(rng)
    found = calibrate(network, loihi(noise=True), spikes(rng, network))
    assert min(found.agreement.values()) > 0.96
    x, seen = spikes(rng, network), Probe(observe=frozenset({"spikes"}))
    still: Any = {name: replace(n, adaptation=np.zeros(n.shape)) if isinstance(n, AdaptiveLIF) else n
                  for name, n in network.nodes.items()}  # fmt: skip
    counts = [chip(n).run(x, seen).spikes["n1"].sum() for n in (network, replace(network, nodes=still))]
    assert counts[0] < 0.8 * counts[1]


@pytest.mark.parametrize("threads", ["1", "3"])
def test_bits_do_not_depend_on_threads_or_rows(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    network = adaptive(rng)
    x = spikes(rng, network, samples=30, steps=60)
    monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    monkeypatch.setattr("hwnoise.backends.emulator.integer.population.WORTH_THREADS", 1)
    whole, split = chip(network, loihi(noise=True)), chip(network, loihi(noise=True))
    output = whole.run(x).output
    assert np.array_equal(output, np.concatenate([split.run(p).output for p in (x[:7], x[7:])], axis=1))
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    assert np.array_equal(output, chip(network, loihi(noise=True)).run(x).output)


def test_a_raised_threshold_is_saved_and_restored(rng: np.random.Generator) -> None:
    network = adaptive(rng)
    program, other = chip(network, loihi(noise=True)), chip(network, loihi(noise=True))
    x, going_on = spikes(rng, network, samples=1, steps=20), Probe(reset=False)
    program.run(x, going_on)
    saved = program.state()
    assert saved["neurons/n1/theta"].any()
    other.restore(saved)
    assert np.array_equal(program.run(x, going_on).output, other.run(x, going_on).output)
    other.restore({**saved, "neurons/n1/theta": np.zeros(20, np.int32)})
    assert not np.array_equal(program.state()["neurons/n1/theta"], other.state()["neurons/n1/theta"])


def test_lava_and_its_files_are_refused(rng: np.random.Generator, tmp_path: Any) -> None:
    """There is no process of Lava's that does what eq:loihi-adaptive says."""
    from hwnoise.backends.lava.planning import make_plan
    from hwnoise.backends.lava.session.planning import plan_session

    held, _ = quantize(adaptive(rng), LOIHI)
    with pytest.raises(MismatchError, match=r"'n1' have a threshold that rises .* ATRLIF"):
        make_plan(held, 10)
    with pytest.raises(MismatchError, match=r"'n1' have a threshold that rises .* on the emulator"):
        plan_session(held, None, {"n1": 0, "n2": 0})
    nodes = {name: held.nodes[name] for name in ("readout", "n2")}
    chained = replace(held, nodes=nodes, edges=(("input", "readout"), ("readout", "n2"), ("n2", "output")))
    with pytest.raises(MismatchError, match="'n2': netx has only plain LIF neurons"):
        netx.write(tmp_path / "file.net", chained)


def test_no_float_node_adapts_behind_a_current(rng: np.random.Generator) -> None:
    held, _ = quantize(adaptive(rng), LOIHI)
    for changed in ({"du": 900}, {"refractory": 2}):
        nodes = {**held.nodes, "n1": replace(held.neurons["n1"], **changed)}
        with pytest.raises(MismatchError, match="neurons 'n1': no float node is adaptive"):
            dequantize(replace(held, nodes=nodes))


@pytest.mark.parametrize("kind", [AdaptiveLIF, RefractoryLIF, TernaryLIF])
def test_xylo_has_plain_neurons_alone(kind: Any, rng: np.random.Generator) -> None:
    more = {AdaptiveLIF: (0.05, 0.3), RefractoryLIF: (3 * DT,), TernaryLIF: (-0.5,)}[kind]
    cells = kind(*(value * np.ones(6) for value in (TAU, TAU / DT, 0.0, 1.0, *more)))
    nodes: dict[str, Node] = {"input": Input((30,)), "a": dense(rng, 6, 30), "n": cells}
    network = replace(chain({**nodes, "output": Output((6,))}), reset="subtract")
    with pytest.raises(MismatchError, match=rf"'n' \({kind.__name__}\) have no counterpart .* xylo"):
        quantize(network, substrate.load("xylo").fixed_point)
