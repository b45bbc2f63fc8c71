"""What quantization lost, as a section of the page of a deployment."""

from __future__ import annotations

from hwnoise.deploying.quantized import Quantized
from hwnoise.quantization.report import LayerReport
from hwnoise.report import words
from hwnoise.report.markup import Section, Table

_LAYERS = ("layer", "unit", "exponent", "clipped", "weight", "tau", "tau of synapses", "threshold", "load")
_POPULATIONS = ("neurons", "same spikes", "numbers that left their bits")


def lost(account: Quantized) -> Section:
    """Layer by layer what the grid did to the numbers, and what that did to spikes and answers."""
    sentences = [
        f"The network came as floats. Scales were chosen with {account.samples:,} {account.data}, and both "
        "networks were shown these, the chip without its noise.",
        _answers(account),
        "Errors are the largest of a layer, relative; a load above 1 could leave the bits of a current "
        "if all inputs fired at every step.",
        *map(words.sentence, account.report.notes),
    ]
    layers = Table(_LAYERS, [_row(layer) for layer in account.report.layers])
    names = list({**account.losses, **account.agreement})
    populations = Table(_POPULATIONS, [_population(name, account) for name in names])
    return Section("Quantization", sentences, tables=[layers, populations])


def _answers(account: Quantized) -> str:
    same = f"{words.percent(account.same_answers)} of the answers stayed the same"
    if account.accuracy is None or account.float_accuracy is None:
        return words.sentence(same)
    before, after = words.percent(account.float_accuracy), words.percent(account.accuracy)
    return f"{same}; the accuracy went from {before} to {after}."


def _row(layer: LayerReport) -> tuple[str, ...]:
    errors = (layer.weight_error, layer.tau_error, layer.tau_synapse_error, layer.threshold_error)
    shown = (f"{100 * error:.2f}{words.NBSP}%" for error in errors)
    return (
        layer.name, words.number(layer.unit), str(layer.exponent), words.count(layer.clipped), *shown,
        f"{layer.load:.2f}",
    )  # fmt: skip


def _population(name: str, account: Quantized) -> tuple[str, ...]:
    share = account.agreement.get(name)
    spikes = "–" if share is None else f"{100 * share:.2f}{words.NBSP}%"
    return words.population(name), spikes, words.count(account.losses.get(name, 0))
