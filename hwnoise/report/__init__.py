"""A run as one HTML file that needs no network, no server and no scripts."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write"]


def write(run_dir: str | Path) -> Path:
    """Render ``report.html`` in a run folder.

    Parameters
    ----------
    run_dir : path
        A folder with ``metrics.jsonl`` (one JSON object per epoch) and, once the run is over,
        ``summary.json``; ``manifest.json`` is shown if it is there. Without a summary the page
        has the learning curve and says that the run is unfinished.

    Returns
    -------
    Path
        The page, replaced in one step.

    Raises
    ------
    InputError
        If the folder or its metrics do not exist, if a file is malformed, or if the page
        cannot be written; the sentence names file and key.
    """
    from hwnoise.files import write_text
    from hwnoise.report import page
    from hwnoise.report.load import load

    target = Path(run_dir) / "report.html"
    write_text(target, page.render(load(run_dir)))
    return target
