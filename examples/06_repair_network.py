"""Take a network trained in torch onto damaged chips, repair it there by their own noise, and deploy it.

A perceptron and an snnTorch network learn 5,000 MNIST digits in plain torch. The perceptron is put on
phase-change chips with stuck cells and poor converters, ages for a month, and is repaired without a
derivative, beside drift compensation and reprogramming. The spiking network goes onto Loihi 2's integers,
of 8 bits and of 2, is repaired there by the noise of its membranes, and runs in Lava. Takes some minutes:

    python examples/06_repair_network.py --out build/repair
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from snntorch import Leaky, surrogate, utils
from torch import Tensor, nn

from hwnoise import Stream, deploying, nir_io, tasks, training
from hwnoise.backends.lava import detect
from hwnoise.backends.snntorch import to_network
from hwnoise.coding import Codec
from hwnoise.repair import Comparison, compare
from hwnoise.tasks import Task
from hwnoise.training.load import resolve

HARSH = Path(__file__).with_name("harsh_pcm.toml")
MONTH = 2_592_000.0  # s, 30 days
SIZES = "784-64-10"
CODEC = Codec("rate", steps=8, scale=5.0)
ON_LOIHI = {"device": "loihi2", "coding": "rate", "steps": CODEC.steps}


def main() -> None:
    options = argparse.ArgumentParser(description="Repair trained networks on damaged chips.")
    options.add_argument("--out", type=Path, default=Path("build/repair"), help="a folder for all files")
    options.add_argument("--chips", type=int, default=5)
    options.add_argument("--seed", type=int, default=7, help="reproduces every number")
    options.add_argument("--samples", type=int, default=100, help="test digits shown to Lava")
    options.add_argument("--cnn", action="store_true", help="convolutional networks on one chip, too")
    options.add_argument("--quick", action="store_true", help="one chip and few epochs, to see that it runs")
    options.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    chosen = options.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    chips, epochs = (1, 2) if chosen.quick else (chosen.chips, None)
    common = {"task": "mnist5k", "seed": chosen.seed, "chips": chips, "epochs": epochs}
    say = print if not chosen.json else lambda *words: print(*words, file=sys.stderr)
    torch.set_num_threads(1)
    task = tasks.load("mnist5k")
    found: dict[str, Any] = {}

    weights, spiking = chosen.out / "weights.pt", chosen.out / "spiking.nir"
    torch.save(trained(perceptron(), task, chosen.seed).state_dict(), weights)
    on_pcm = {"weights": weights, "network": SIZES, "device": HARSH, "age": MONTH}
    found["perceptron"] = shown(say, compare_with(common | on_pcm))

    nir_io.write(spiking, spiking_network(task, chosen.seed))
    for bits in (8, 2):
        settings = [f"fixed_point.weight_bits={bits}"]
        settings += ["optimizer.learning_rate=0.001"] * (bits == 2)  # further to go, so larger steps
        longer = {"weights": spiking, "epochs": epochs or (40 if bits == 2 else 20)}
        say(f"\nweights of {bits} bits")
        found[f"spiking_{bits}_bits"] = shown(say, compare_with(common | ON_LOIHI | longer, settings))
    run = training.load_config(
        None, settings, **common | ON_LOIHI | longer | {"out": free(chosen.out / "run")}
    )
    found["deployed"] = repaired_and_deployed(say, run, chosen.samples)

    if chosen.cnn:
        found |= with_filters(say, task, common | {"chips": 1}, chosen.out)
    if chosen.json:
        print(json.dumps(found))


def with_filters(say: Any, task: Task, common: dict[str, Any], out: Path) -> dict[str, Any]:
    """The tables of two networks with filters, of floats and of spikes."""
    floats, spiking = out / "cnn.nir", out / "spiking_cnn.nir"
    nir_io.write(floats, convolutional_network(task, common["seed"]))
    on_pcm = {"weights": floats, "device": HARSH, "age": MONTH}
    found = {"cnn": shown(say, compare_with(common | on_pcm))}
    nir_io.write(spiking, spiking_network(task, common["seed"], epochs=4, image=True))
    settings = ["fixed_point.weight_bits=3", "optimizer.learning_rate=0.001"]
    say("\nspikes through filters, weights of 3 bits")
    on_loihi = ON_LOIHI | {"weights": spiking}
    return found | {"spiking_cnn": shown(say, compare_with(common | on_loihi, settings))}


def compare_with(flags: dict[str, Any], settings: list[str] | None = None) -> Comparison:
    """The table of one network on one kind of chip."""
    return compare(resolve(training.load_config(None, settings or (), **flags)))


def shown(say: Any, found: Comparison) -> dict[str, Any]:
    """Print the table; its numbers."""
    say("\n" + "\n".join(found.lines()))
    return found.as_dict()


def repaired_and_deployed(say: Any, config: training.RunConfig, samples: int) -> dict[str, Any]:
    """Repair one chip as ``hwnoise train --from`` does, and run what it reads back in Lava."""
    summary = training.run(config, progress="quiet")
    say("\n" + "\n".join(summary.lines()))
    result: dict[str, Any] = {"run": str(summary.folder)}
    if detect.installed() != detect.VERSION:
        say("\nLava is not installed, so it is not deployed: hwnoise doctor says how to add it")
        return result
    subject = deploying.load(summary.folder, samples=samples)
    found = deploying.deploy(subject, "lava", verify=True)
    same = f"{found.mismatches} mismatches with the emulator"
    say(f"\nin Lava: {found.accuracy:.1%} of {samples} digits, {same}")
    return result | {"accuracy": found.accuracy, "mismatches": found.mismatches}


def free(path: Path) -> Path:
    """``path``, or with a number behind it if that is taken."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in range(2, 1000))
    return path if not path.exists() else next(p for p in numbered if not p.exists())


def perceptron() -> nn.Sequential:
    return nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))


def trained(model: nn.Sequential, task: Task, seed: int, epochs: int = 20) -> nn.Sequential:
    """A plain training loop, nothing of hwnoise in it."""
    torch.manual_seed(seed)
    for module in model:
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    x, y = torch.tensor(task.train.x, dtype=torch.float32), torch.tensor(task.train.y)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            step(optimizer, nn.functional.cross_entropy(model(x[rows]), y[rows]))
        schedule.step()
    return model


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def spiking_network(task: Task, seed: int, epochs: int = 10, image: bool = False) -> Any:
    """An snnTorch network, trained on spikes by surrogate gradients; its output is a membrane.

    With ``image`` it sees pictures through 8 filters instead of rows of numbers.
    """
    torch.manual_seed(seed)
    rule = {"spike_grad": surrogate.fast_sigmoid(slope=10), "init_hidden": True}
    hidden = Leaky(beta=0.5, reset_mechanism="zero", **rule)
    output = Leaky(beta=0.9, reset_mechanism="none", output=True, **rule)
    model = nn.Sequential(nn.Linear(784, 64), hidden, nn.Linear(64, 10), output)
    shape: tuple[int, ...] = (784,)
    if image:
        filters, shape = nn.Conv2d(1, 8, 5, stride=3), (1, 28, 28)
        model = nn.Sequential(filters, hidden, nn.Flatten(), nn.Linear(512, 10), output)
    optimizer, y = torch.optim.Adam(model.parameters(), lr=2e-3), torch.tensor(task.train.y)
    for epoch in range(epochs):
        drawn = torch.tensor(CODEC.encode(task.train.x, Stream(seed, f"spikes/{epoch}").key))
        spikes = drawn.unflatten(2, shape)
        for rows in torch.randperm(len(y)).split(64):
            step(optimizer, nn.functional.cross_entropy(membranes(model, spikes[rows]), y[rows]))
    return to_network(model, dt=1e-3, input_shape=shape, membranes=True)


def membranes(model: nn.Sequential, spikes: Tensor) -> Tensor:
    """Mean membrane of the last neurons over the steps of ``spikes`` (samples, steps, ...)."""
    utils.reset(model)
    return torch.stack([model(now)[1] for now in spikes.unbind(1)]).mean(0)


def convolutional_network(task: Task, seed: int) -> Any:
    """A small convolutional network of plain torch modules."""
    layers = [nn.Conv2d(1, 8, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(1152, 10)]
    model = trained(nn.Sequential(nn.Unflatten(1, (1, 28, 28)), *layers), task, seed, epochs=10)
    return to_network(model[1:], input_shape=(1, 28, 28))


if __name__ == "__main__":
    main()
