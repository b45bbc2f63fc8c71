"""Which effects a chip can have together: every refusal is one sentence with its physical reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hwnoise.devices.adc_nonlinearity import MAX_BITS
from hwnoise.devices.stochastic_synapse import FixedRelease

if TYPE_CHECKING:
    from hwnoise.devices.composition import Substrate
    from hwnoise.devices.effect import Effect
    from hwnoise.devices.fixed_point import FixedPoint
    from hwnoise.devices.stochastic_synapse import StochasticSynapse

AGEING = ("drift", "relaxation", "retention")
HOLDING = ("conductance", "pulsed_update", "photonic_mesh")
ON_CONDUCTANCE = (
    "programming_noise",
    "write_verify",
    "faults",
    *AGEING,
    "one_over_f",
    "device_noise",
    "device_telegraph",
    "ir_drop",
    "conduction",
)
OTHER_HOLDERS = {
    "pulsed_update": "devices of a [pulsed_update] hold weights by a model of their own",
    "photonic_mesh": "a photonic_mesh holds weights in the phases of light",
    "stochastic_synapse": "a stochastic_synapse has probabilities and sizes of events instead",
}
NEEDED = {
    "converter_mismatch": ("adc", "acts on output converters"),
    "adc_nonlinearity": ("adc", "bends the codes of output converters"),
    "conduction": ("dac", "counts in the voltage that a full-scale input is sent as"),
    "write_verify": ("programming_noise", "repeats a programming for its noise"),
    "short_term_plasticity": ("stochastic_synapse", "changes probabilities of release"),
}
NOT_BESIDE_MESHES = {
    "read_noise": "no single device whose reads could be noisy; [output_noise] is that of the detectors",
    "mismatch": "no single device whose factor could be off; phase_spread is that of the shifters",
}
NOT_BESIDE_SYNAPSES = {
    "conductance": "holds the weight itself",
    "pulsed_update": "has a digital parameter, and nothing that pulses would move",
    "photonic_mesh": "sends events, and a mesh interferes waves",
}
ON_DIGITAL_CHIPS = frozenset({"clock", "fixed_point", "loihi_noise", "stochastic_synapse", "write"})


def refusals(chip: Substrate) -> Iterator[str]:
    """Why no chip can have the effects of ``chip`` together; nothing if one can."""
    found = chip.effects()
    yield from _missing(found)
    yield from _beside_synapses(chip, found)
    yield from _exclusive(found)
    yield from _beside_meshes(found)
    yield from _beside_whole_numbers(chip, found)
    yield from _numbers(chip)
    yield from _labels(chip, found)


def is_noise(effect: Effect) -> bool:
    """Whether reads or writes differ by ``effect``."""
    return effect.enters is not None or getattr(effect, "rounding", "") == "stochastic"


def _missing(found: dict[str, Effect]) -> Iterator[str]:
    other = next((why for holder, why in OTHER_HOLDERS.items() if holder in found), "")
    if "levels" in found and other:
        yield f"levels are those of conductances or of digital weights, and {other}"
    for name in ON_CONDUCTANCE:
        if name in found and "conductance" not in found:
            yield f"{name} acts on conductances, and {other or 'there is no [conductance] table'}"
    for name, (needed, reason) in NEEDED.items():
        if name in found and needed not in found:
            yield f"{name} {reason}, and there is no [{needed}] table"


def _beside_synapses(chip: Substrate, found: dict[str, Effect]) -> Iterator[str]:
    synapse = chip.stochastic_synapse
    if synapse is None:
        return
    for name, reason in NOT_BESIDE_SYNAPSES.items():
        if name in found:
            yield f"a stochastic_synapse {reason}: no [{name}] beside it"
    if chip.short_term_plasticity is not None and synapse.law != "fixed":
        yield (
            "short_term_plasticity takes resources from synapses that release with one probability at rest: "
            f"stochastic_synapse.law must be 'fixed', not '{synapse.law}'"
        )
    if chip.mismatch is not None and chip.mismatch.refresh == "dynamic":
        yield "a stochastic_synapse sends events of one size: mismatch.refresh must be 'frozen' beside it"
    if chip.dac is not None and chip.dac.slice_bits is not None:
        yield "a stochastic_synapse takes an input as events, not digit by digit: no dac.slice_bits beside it"


def _beside_meshes(found: dict[str, Effect]) -> Iterator[str]:
    for name, reason in NOT_BESIDE_MESHES.items():
        if name in found and "photonic_mesh" in found:
            yield f"a weight of a photonic_mesh is {reason}"


def _beside_whole_numbers(chip: Substrate, found: dict[str, Effect]) -> Iterator[str]:
    if chip.fixed_point is None:
        return
    for name in (name for name in found if name not in ON_DIGITAL_CHIPS):
        yield f"a chip of [fixed_point] computes with whole numbers: no [{name}] beside it"
    if chip.loihi_noise is not None and chip.fixed_point.arithmetic == "xylo":
        yield "loihi_noise is that of Loihi: no [loihi_noise] beside fixed_point.arithmetic = 'xylo'"
    if chip.stochastic_synapse is not None:
        yield from _releases(chip.stochastic_synapse, chip.fixed_point)


def _releases(synapse: StochasticSynapse, chip: FixedPoint) -> Iterator[str]:
    """Why synapses of whole numbers cannot release as ``synapse`` says."""
    if not isinstance(synapse, FixedRelease):
        yield (
            "a chip of [fixed_point] holds weights as whole numbers, not as probabilities: "
            f"stochastic_synapse.law must be 'fixed', not '{synapse.law}'"
        )
    elif synapse.lift is None:
        yield (
            "a chip of [fixed_point] can make up for what is not released by powers of two alone: "
            "stochastic_synapse.probability, times the events of a spike, must be one, such as 0.5 or 0.25, "
            f"not {synapse.probability * synapse.draws:g}"
        )
    elif chip.exponent_max - abs(synapse.lift) < chip.exponent_min:
        yield (
            f"stochastic_synapse.probability = {synapse.probability:g} takes a power of two of "
            f"{synapse.lift} on weighted sums, and fixed_point allows "
            f"{chip.exponent_min} to {chip.exponent_max}"
        )


def _exclusive(found: dict[str, Effect]) -> Iterator[str]:
    held = [name for name in HOLDING if name in found]
    if len(held) > 1:
        yield f"{' and '.join(held)} both say what holds a weight: one of them has to go"
    ages = [name for name in AGEING if name in found]
    if len(ages) > 1:
        yield f"{' and '.join(ages)} both say how devices age: one of them has to go"
    if "conduction" in found and "ir_drop" in found:
        yield "ir_drop solves a linear circuit, and devices of a [conduction] are not linear in the voltage"


def _numbers(chip: Substrate) -> Iterator[str]:
    period = chip.clock.read_period
    if chip.one_over_f is not None:
        yield from chip.one_over_f.problems(period)
    if chip.drift is not None:
        yield from chip.drift.problems(period)
    if chip.conduction is not None and chip.conductance is not None and chip.conductance.unit != "µS":
        yield "conduction bends what conductances carry: conductance.unit must be 'µS', not 'nA'"
    if chip.levels is not None and chip.conductance is None and chip.levels.rounding == "stochastic":
        yield "levels.rounding 'stochastic' draws when a device is programmed: digital weights take 'nearest'"
    if chip.adc is not None and chip.adc_nonlinearity is not None and chip.adc.bits > MAX_BITS:
        yield f"adc_nonlinearity bends each code of its own: adc.bits must be at most {MAX_BITS} with it"
    if chip.loihi_noise is not None and (chip.fixed_point is None) != (chip.loihi_noise.unit is not None):
        yield (
            "loihi_noise counts in whole numbers: loihi_noise.unit says what 1 of them adds to a node where "
            "there is no [fixed_point] table, and only there"
        )
    if chip.adc is None and chip.clips_sums:
        yield "tile.sums 'clipped' is the range of a converter, and there is no [adc] table"
    if chip.adc is None and chip.output_noise is not None and chip.output_noise.reference == "full_scale":
        yield "output_noise.reference 'full_scale' is the range of a converter, and there is no [adc] table"


def _labels(chip: Substrate, found: dict[str, Effect]) -> Iterator[str]:
    keys = {source.key for source in chip.sources}
    for name, effect in found.items():
        if effect.source and effect.source not in keys:
            yield f"{name}.source {effect.source!r} is the key of no [[sources]] entry"
        if effect.handles and not is_noise(effect):
            yield f"{name}.handles must be empty: {name} is no noise"
