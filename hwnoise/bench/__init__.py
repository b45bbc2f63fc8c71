"""Timings of the hot paths against what they cannot beat: ``make bench``, or ``python -m hwnoise.bench``.

A case names a piece of work of ours and the parts a reference is made of; both are timed in turn,
in one run. ``reads``, ``pcm``, ``draws``, ``training``, ``cold`` and ``peers`` hold the cases.
"""

import os

# Idle BLAS threads spin for a tenth of a second by default, on a processor that the next work in turn needs.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # read by OpenBLAS when NumPy loads it: log2 of cycles
