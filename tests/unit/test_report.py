"""The report: what it says, what it leaves out, and that it is a file on its own."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sample_run

from hwnoise.errors import InputError
from hwnoise.report import charts, theme, words, write
from hwnoise.report.record import Accuracy, Summary

NASTY = "<script>alert(\"x\")</script> & 'quoted' {{signal}}"
VOID = {"meta", "path", "line", "rect"}


class Outline(HTMLParser):
    """Collect headings and ids, and check that every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.ids.update(value for key, value in attrs if key == "id" and value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the sample run."""
    return write(sample_run.write_run(tmp_path_factory.mktemp("digits-pcm"))).read_text(encoding="utf-8")


def visible(html: str) -> str:
    """The text a reader sees outside the charts."""
    body = re.sub(r"<(style|svg|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", body).replace(words.NBSP, " ")
    return " ".join(text.split())


def report_of(folder: Path, **changes: Any) -> str:
    return write(sample_run.write_run(folder, **changes)).read_text(encoding="utf-8")


def test_has_every_section(page: str) -> None:
    assert Outline(page).headings == [
        "Learning curve",
        "Accuracy on held-out data",
        "Confusion matrix",
        "Noise against signal",
        "Gradient alignment",
        "Writes per device",
        "Cost",
        "How the noise was observed",
        "Forecast",
        "Provenance",
    ]


def test_is_well_formed_with_unique_ids(page: str) -> None:
    outline = Outline(page)
    assert outline.open == []
    assert set(outline.ids.values()) == {1}


def test_asks_for_nothing_from_outside(page: str) -> None:
    assert not re.search(r"https?://|//\w|\bsrc=|href=|@import|url\(", page)
    assert Outline(page).tags.keys().isdisjoint({"script", "link", "img", "iframe", "object"})
    assert "default-src 'none'" in page


def test_says_before_after_and_fresh_chips_with_intervals(page: str) -> None:
    assert (
        "It learned: accuracy rose from 10.3 % (7.5 to 13.8 %) to 95.6 % (93.0 to 97.2 %). "
        "Programmed into 5 fresh chips, the weights reach, on average, 94.4 % (93.8 to 95.0 %)."
    ) in visible(page)


def test_every_chart_has_a_title_a_description_and_its_numbers(page: str) -> None:
    tags = Outline(page).tags
    assert tags["svg"] == tags["desc"] == tags["figure"] == tags["details"] == 8
    for name in re.findall(r'aria-labelledby="(\S+) (\S+)"', page):
        assert all(f'id="{part}"' in page for part in name)


def test_charts_scale_and_follow_the_colour_scheme(page: str) -> None:
    assert not re.search(r"<svg[^>]* width=", page)
    svg = " ".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    colours = set(re.findall(r'(?:fill|stroke)="(#[^"]*)"', svg))
    assert colours
    assert all(f'svg [fill="{colour}"]' in theme.css() for colour in colours)


def test_counts_and_provenance_are_readable(page: str) -> None:
    text = visible(page)
    for fact in ("device reads 611,000,000", "wall-clock time 8.1 s", "versions numpy 2.3.5", "--seed 7"):
        assert fact in text
    assert "“8” taken for “1” (3 times)" in text
    assert "hidden 8,192 29 119" in text


def test_strings_from_files_are_escaped(tmp_path: Path) -> None:
    html = report_of(
        tmp_path / "a&b",
        task=NASTY,
        device=NASTY,
        command=NASTY,
        classes=[NASTY, *"123456789"],
        layers=[{"name": NASTY, "signal": 1.0, "noise": 0.1, "fresh_fraction": 0.5}],
        alignment={"cosine": -0.1, "layers": {NASTY: -0.2}},
        writes_per_device={NASTY: {"edges": [0, 1, 2], "counts": [3, 4]}},
        events={NASTY: 1},
        observability=[NASTY],
        forecast={"verdict": NASTY, "sentence": NASTY},
    )
    assert "<script" not in html
    assert Outline(html).open == []
    assert html.count("&lt;script&gt;") > 10


def test_the_command_may_stand_in_the_manifest(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, command=None)
    (folder / "manifest.json").write_text(
        '{"command": ["/opt/bin/hwnoise", "train", "--out", "my run"]}', encoding="utf-8"
    )
    assert "<code>hwnoise train --out &#x27;my run&#x27;</code>" in write(folder).read_text(encoding="utf-8")


def test_a_run_in_progress_shows_its_curve(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, finished=False)
    with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
        file.write('{"epoch": 31, "lo')  # the line that training is writing right now
    html = write(folder).read_text(encoding="utf-8")
    assert Outline(html).headings == ["Learning curve", "Provenance"]
    assert "This run is unfinished: after epoch 30" in visible(html)


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, finished=False)
    (folder / "metrics.jsonl").write_text("", encoding="utf-8")
    assert "no epoch is complete yet" in visible(write(folder).read_text(encoding="utf-8"))


def test_what_a_chip_does_not_show_is_said(tmp_path: Path) -> None:
    kept = {"task", "accuracy_after"}
    html = report_of(tmp_path, **{key: None for key in sample_run.summary() if key not in kept})
    (tmp_path / "manifest.json").unlink()
    text = visible(html)
    assert len(Outline(html).headings) == 10
    assert text.count(words.NOT_SHOWN) == 3
    assert "Accuracy after training is 95.6 % (93.0 to 97.2 %)." in text
    assert "Not measured: before training and fresh chips." in text
    assert "no manifest.json" in visible(write(tmp_path).read_text(encoding="utf-8"))


def test_an_empty_summary_is_a_report(tmp_path: Path) -> None:
    html = report_of(tmp_path, **dict.fromkeys(sample_run.summary()))
    assert "The accuracy after training was not measured." in visible(html)


def test_a_diverged_loss_leaves_a_gap(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, finished=False)
    lines = ['{"epoch": 1, "loss": 2.0}', '{"epoch": 2, "loss": NaN}', '{"epoch": 3, "loss": Infinity}']
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "epoch 3 is complete" in visible(write(folder).read_text(encoding="utf-8"))


def test_reads_the_names_that_training_writes(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, finished=False)
    (folder / "metrics.jsonl").write_text(
        '{"epoch": 1, "accuracy": 0.125, "passes": 4321}\n', encoding="utf-8"
    )
    text = visible(write(folder).read_text(encoding="utf-8"))
    assert "12.5 %" in text
    assert "4,321" in text


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("summary.json", "{", "summary.json is not valid JSON"),
        ("summary.json", "[]", "summary.json must hold a JSON object, not list"),
        ("summary.json", "[" * 100_000, "summary.json is not valid JSON"),
        ("summary.json", '{"accuracy_after": {"value": 95}}', "accuracy_after.value must be <= 1.0, not 95"),
        ("summary.json", '{"accuracy_after": {"low": 0.5}}', "accuracy_after.value is missing"),
        ("summary.json", '{"confusion": [[1, 2]]}', "confusion must have as many columns as rows"),
        ("summary.json", '{"confusion": [[1]], "classes": ["a", "b"]}', "need 1 classes"),
        (
            "summary.json",
            '{"writes_per_device": {"h": {"edges": [0, 1], "counts": [1, 2]}}}',
            "writes_per_device.h has 2 counts and 2 edges",
        ),
        ("summary.json", '{"layers": [{"name": "h", "noise": -1}]}', "layers.0.noise"),
        ("metrics.jsonl", '{"epoch": 1}\n{"epoch": \n', "metrics.jsonl line 2 is not valid JSON"),
        ("metrics.jsonl", '{"loss": 1}\n', "metrics.jsonl line 1: epoch is missing"),
        ("metrics.jsonl", '{"epoch": "' + "x" * 500 + '"}\n', "metrics.jsonl line 1: epoch"),
        ("manifest.json", "nonsense", "manifest.json is not valid JSON"),
    ],
)
def test_malformed_files_are_one_sentence(tmp_path: Path, name: str, text: str, said: str) -> None:
    folder = sample_run.write_run(tmp_path)
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        write(folder)
    message = str(error.value)
    assert said in message
    assert "\n" not in message
    assert len(message) < 300 + len(str(folder))
    assert not (folder / "report.html").exists()


def test_not_text_is_one_sentence(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path)
    (folder / "metrics.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"metrics\.jsonl is not UTF-8 text"):
        write(folder)


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no run folder"):
        write(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"is not a run folder: it has no metrics\.jsonl"):
        write(tmp_path)


def test_writing_replaces_the_page_and_leaves_nothing_else(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, finished=False)
    (folder / "report.html").write_text("old", encoding="utf-8")
    before = {path.name for path in folder.iterdir()}
    page = write(folder)
    assert page == folder / "report.html"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert {path.name for path in folder.iterdir()} == before


def test_the_same_run_gives_the_same_page(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, finished=False)
    assert write(folder).read_bytes() == write(folder).read_bytes()


def test_the_verdict_claims_only_what_the_intervals_support() -> None:
    low, high = Accuracy(value=0.1, low=0.08, high=0.13), Accuracy(value=0.9, low=0.88, high=0.93)
    close = Accuracy(value=0.12, low=0.10, high=0.15)
    assert words.verdict(Summary(accuracy_before=low, accuracy_after=high)).startswith("It learned")
    assert words.verdict(Summary(accuracy_before=high, accuracy_after=low)).startswith("It got worse")
    assert "overlap" in words.verdict(Summary(accuracy_before=low, accuracy_after=close))


def test_a_long_run_shows_a_thinned_table(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path, finished=False)
    lines = (json.dumps({"epoch": epoch, "loss": 1 / (1 + epoch)}) for epoch in range(1000))
    (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    html = write(folder).read_text(encoding="utf-8")
    assert "Every 5th of 1,000 rows." in html
    assert html.count("<tr>") < 450


def test_many_classes_are_drawn_without_counts() -> None:
    names = [f"class {n}" for n in range(40)]
    spec = charts.confusion([[int(i == j) for i in range(40)] for j in range(40)], names)
    assert len(spec["layer"]) == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.25, "0.25 s"), (8.14, "8.1 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (None, "–")],
)
def test_durations_as_people_say_them(seconds: float | None, said: str) -> None:
    assert words.duration(seconds).replace(words.NBSP, " ") == said
