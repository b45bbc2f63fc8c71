"""What the noise did: against the signal, along the gradient, and to the devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, sqrt

from hwnoise.report import bars, words
from hwnoise.report.markup import Figure, Section, Table
from hwnoise.report.record import Alignment, Histogram, Layer

_WHOLE = "all layers"


def noise(layers: Sequence[Layer] | None) -> Section:
    """Signal, noise and the fresh part of the noise for each layer."""
    title = "Noise against signal"
    if not layers:
        return Section(title, [words.NOT_SHOWN])
    sentences = [
        "The spread of each layer's node values over samples (signal), and their spread between reads "
        "of one sample (noise).",
        "The fresh part is what two passes do not share: all that their difference can see.",
    ]
    loudest = max(layers, key=lambda layer: _ratio(layer) or 0.0)
    ratio = _ratio(loudest)
    if ratio is not None:
        sentences.append(f"Noise is largest in {loudest.name}: {words.percent(ratio)} of the signal.")
    rows = [
        {"name": layer.name, "signal": layer.signal, "noise": layer.noise, "fresh": _fresh(layer)}
        for layer in layers
    ]
    text = "; ".join(
        f"{layer.name}: noise is {words.percent(_ratio(layer))} of the signal" for layer in layers
    )
    headers = ("layer", "size", "signal", "noise", "noise / signal", "fresh share of variance")
    numbers = Table(headers, [_line(layer) for layer in layers])
    return Section(title, sentences, [Figure("Signal and noise by layer", text, bars.levels(rows), numbers)])


def _line(layer: Layer) -> tuple[str, ...]:
    size = f"{words.count(layer.n_in)} → {words.count(layer.n_out)}"
    levels = (words.number(layer.signal), words.number(layer.noise))
    return (layer.name, size, *levels, words.percent(_ratio(layer)), words.percent(layer.fresh_fraction))


def _ratio(layer: Layer) -> float | None:
    return layer.noise / layer.signal if layer.noise is not None and layer.signal else None


def _fresh(layer: Layer) -> float | None:
    """Standard deviation of the part that two passes do not share: variances add, spreads do not."""
    if layer.noise is None or layer.fresh_fraction is None:
        return None
    return layer.noise * sqrt(layer.fresh_fraction)


def alignment(found: Alignment | None) -> Section:
    """The cosine of estimate and gradient, whole and by layer."""
    title = "Gradient alignment"
    rows = [] if found is None or found.cosine is None else [(_WHOLE, found.cosine)]
    if found is not None:
        rows += [(name, value) for name, value in found.layers.items() if value is not None]
    if found is None or not rows:
        return Section(title, ["The direction of the updates was not compared with a gradient."])
    spec = bars.cosines(rows, whole=_WHOLE)
    text = "; ".join(f"{name}: {value:.2f}" for name, value in rows) + "."
    ranks = [found.ranks.get(name) for name, _ in rows]
    lines = [
        (name, f"{value:.3f}", words.number(rank)) for (name, value), rank in zip(rows, ranks, strict=True)
    ]
    numbers = Table(("layer", "cosine", "effective rank"), lines)
    return Section(title, _comparison(found), [Figure("Cosine with the gradient", text, spec, numbers)])


def _comparison(found: Alignment) -> list[str]:
    sentences = ["A cosine of 1 is the gradient itself, 0 is chance, below 0 is uphill."]
    if found.weights:
        source = found.gradient or "central differences"
        sentences.append(
            f"The gradient comes from {source}, on {words.plural(found.weights, 'weight')}, outside the "
            f"training path; a random direction there would give about ±{found.weights**-0.5:.2g}."
        )
    if found.directions:
        steps = words.plural(found.directions, "step")
        sentences.append(f"The estimate is the mean over {steps} on one batch.")
    if found.bias is not None and found.variance is not None:
        sentences.append(
            f"In units of the gradient its bias is {words.number(found.bias)}, and the variance of a single "
            f"step {words.number(found.variance)}."
        )
    if found.snr is not None:
        sentences.append(
            f"Signal to noise of a single step: {words.number(found.snr)} (squared length over variance)."
        )
    return sentences


def wear(layers: Mapping[str, Histogram] | None) -> Section:
    """How often single devices were written."""
    title = "Writes per device"
    known = {name: histogram for name, histogram in (layers or {}).items() if sum(histogram.counts)}
    if not known:
        return Section(title, [words.NOT_SHOWN])
    sentences = [
        "How often single devices were programmed during the run.",
        "The table gives what half of a layer's devices stay at or below, and what all of them do.",
    ]
    bins = [(name, *span) for name, histogram in known.items() for span in _bins(histogram)]
    spec = bars.histograms(_shares(bins), x_title="writes of one device", y_title="devices")
    numbers = [(name, _whole(low, high), words.count(count)) for name, low, high, count in bins]
    bounds = [(name, *_bounds(histogram)) for name, histogram in known.items()]
    text = "; ".join(f"{name}: half at most {half}, all at most {most}" for name, _, half, most in bounds)
    figure = Figure("Devices by number of writes", text, spec, Table(("layer", "writes", "devices"), numbers))
    return Section(title, sentences, [figure], [Table(("layer", "devices", "half ≤", "all ≤"), bounds)])


def _bins(histogram: Histogram) -> list[tuple[float, float, int]]:
    return list(zip(histogram.edges[:-1], histogram.edges[1:], histogram.counts, strict=True))


def _whole(low: float, high: float) -> str:
    """The whole numbers ``n`` with ``low <= n < high``."""
    first, last = ceil(low), ceil(high) - 1
    return f"{first:,} to {last:,}" if last > first else f"{first:,}"


def _shares(bins: Sequence[tuple[str, float, float, int]]) -> list[tuple[str, float, float, float]]:
    totals: dict[str, int] = {}
    for name, _, _, count in bins:
        totals[name] = totals.get(name, 0) + count
    return [(name, low, high, count / totals[name]) for name, low, high, count in bins]


def _bounds(histogram: Histogram) -> tuple[str, str, str]:
    """Devices, the writes that half of them do not exceed, and those that none exceeds."""
    total = sum(histogram.counts)
    below = list(accumulate(histogram.counts))
    half, most = (next(i for i, seen in enumerate(below) if seen >= part) for part in (total / 2, total))
    most_of_bin = [ceil(edge) - 1 for edge in histogram.edges[1:]]
    return words.count(total), words.count(most_of_bin[half]), words.count(most_of_bin[most])
