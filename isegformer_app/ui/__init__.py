"""Widgets. Qt lives here and above, nowhere else."""

import PySide6  # noqa: F401 - pyqtgraph takes the binding to Qt that is there before it
