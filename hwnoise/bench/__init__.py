"""Timings of the hot paths against what they cannot beat: ``make bench``, or ``python -m hwnoise.bench``.

A case names a piece of work of ours and the parts a reference is made of; both are timed in turn,
in one run. ``reads``, ``pcm``, ``draws``, ``training``, ``cold`` and ``peers`` hold the cases.
"""
