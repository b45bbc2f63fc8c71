"""What a network is to learn: bundled data sets, parity problems, and the user's own data.

>>> from hwnoise import tasks
>>> tasks.load("xor").classes
('even', 'odd')
"""

from hwnoise.tasks.arrays import from_arrays, from_dataset
from hwnoise.tasks.base import Split, Task
from hwnoise.tasks.registry import describe, load, names

__all__ = ["Split", "Task", "describe", "from_arrays", "from_dataset", "load", "names"]
