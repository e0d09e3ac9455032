"""The question that follows a crash: what to do with the work that was not saved."""

from enum import Enum, auto

from PySide6.QtWidgets import QMessageBox, QWidget

from isegformer_app.controllers.export_writing import counted
from isegformer_app.controllers.safekeeping import LeftWork

_NAMES_SHOWN = 3


class Choice(Enum):
    """What the annotator may say."""

    RESTORE = auto()
    DISCARD = auto()
    LATER = auto()


def in_words(left: LeftWork) -> str:
    """What there is: "2 objects on “cat.png”, and 1 photo queued"."""
    names = [f"“{path.name}”" for path in left.photos]
    more = ", …" if len(names) > _NAMES_SHOWN else ""
    words = [f"{counted(left.objects, 'object')} on {', '.join(names[:_NAMES_SHOWN])}{more}"] if names else []
    queued = sum(path not in left.photos for path in left.queued)
    words += [f"{counted(queued, 'photo')} queued"] if queued else []
    return ", and ".join(words)


def ask_to_restore(window: QWidget, left: LeftWork) -> Choice:
    """Offer to restore left work; closing the question leaves it to the next start."""
    text = f"The program ended before this work was saved: {in_words(left)}"
    if left.session is not None:
        text += f", of the session “{left.session.name}”"
    box = QMessageBox(QMessageBox.Icon.Question, "Unsaved work was found", f"{text}.", parent=window)
    box.setInformativeText("Restore it, discard it for good, or be asked again at the next start?")
    restore = box.addButton("Restore", QMessageBox.ButtonRole.AcceptRole)
    discard = box.addButton("Discard", QMessageBox.ButtonRole.DestructiveRole)
    later = box.addButton("Later", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(restore)
    box.setEscapeButton(later)
    box.exec()
    pressed = box.clickedButton()
    box.deleteLater()
    if pressed is restore:
        return Choice.RESTORE
    return Choice.DISCARD if pressed is discard else Choice.LATER
