"""Whether kernels have to be compiled first, which is the one time that nothing seems to happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SENTENCE = "compiling kernels, once for this version: this may take half a minute"


def nothing_is_compiled() -> bool:
    """Tell whether no kernel of these very sources was kept by an earlier start."""
    from hwnoise.kernels._jit import STAMP
    from hwnoise.kernels.philox import words64

    kernel: Any = words64  # to type checkers a kernel is the function that it was made of
    if not hasattr(kernel, "stats"):  # NUMBA_DISABLE_JIT
        return False
    kept = Path(kernel.stats.cache_path).glob(f"*-{STAMP[:12]}-*.nbc")
    return next(kept, None) is None
