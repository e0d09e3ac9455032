"""Asks through which slices an object is carried."""

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

_SHOWN = 8
_WIDTH = 380


class CarryDialog(QDialog):
    """Slices are counted from 1, as they are beside the planes."""

    def __init__(self, name: str, count: int, here: int, keys: Sequence[int], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Carry {name} through slices")
        self.first = QSpinBox(minimum=1, maximum=here + 1, value=1)
        self.last = QSpinBox(minimum=here + 1, maximum=count, value=count)
        words = QLabel(
            f"It sets out from slice {here + 1}{_also(keys, here)}, and stops where the object ends or the mask is in "
            "doubt. Slices that were made by hand stay as they are, and so do all other objects. "
            "A click or Esc ends it, and what was made so far is kept: one step to undo."
        )
        words.setWordWrap(True)
        words.setMinimumWidth(_WIDTH)
        form = QFormLayout()
        form.addRow("&From slice", self.first)
        form.addRow("&To slice", self.last)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("&Carry")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addLayout(form)
        layout.addWidget(buttons)
        self.last.setFocus()

    @property
    def range(self) -> tuple[int, int]:
        """First and last slice, counted from 0."""
        return self.first.value() - 1, self.last.value() - 1


def _also(keys: Sequence[int], here: int) -> str:
    others = [str(key + 1) for key in keys if key != here]
    if not others:
        return ""
    shown = ", ".join(others[:_SHOWN]) + (" and others" if len(others) > _SHOWN else "")
    return f" and from what was made by hand on {shown}"
