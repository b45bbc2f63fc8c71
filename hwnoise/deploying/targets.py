"""Where a deployment may write: what is there and is not an earlier deployment's stays there."""

from __future__ import annotations

from pathlib import Path

from hwnoise.deploying.netx import is_netx
from hwnoise.deploying.script import FILES
from hwnoise.errors import InputError
from hwnoise.files import check_target


def check_targets(folder: Path | None, netx: Path | None, report: Path | None) -> None:
    """Raise InputError unless everything that is asked for may be written, before anything is computed.

    Parameters
    ----------
    folder : Path, optional
        Of the standalone script; it may be made later, and ``netx`` and ``report`` may lie in it.
    netx, report : Path, optional
        The HDF5 file for lava-dl's netx, and the page.
    """
    if folder is not None:
        _check_folder(folder)
    if report is not None and report.suffix.lower() != ".html":
        raise InputError(f"--report writes an .html file, not {str(report)!r}")
    for file in (netx, report):
        if file is not None and (file.parent != folder or folder.exists()):
            check_target(file)
    if netx is not None and netx.exists() and not is_netx(netx):
        raise InputError(f"cannot write {netx}: there is a file already, and it is none for netx")


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--emit writes into a folder, and {folder} is none")
    script, *arrays = (folder / name for name in FILES)
    for path in () if script.exists() else arrays:
        if path.exists():
            raise InputError(f"{path} is there already, and no {script.name} beside it: name another folder")
