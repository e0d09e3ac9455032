"""*Model > Models…*: what can answer, what others publish, and what each of them is."""

import html
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.inference import KnownModel, OfferedModel

from .sizes import begin_with

_HEADINGS = ("Name", "State", "Size", "Speed", "Licence", "What it is")
_WIDTHS = (190, 110, 80, 90, 120)
_SIZE = 2
_LINES = 12
_STEPS = 1000
_OWN, _OFFERED = "On this computer", "Published by other projects, to be downloaded"
_HINT = "Choose a model to read what it is."

Model = KnownModel | OfferedModel


class ModelsDialog(QDialog):
    """A list and what can be done with the chosen line; it does nothing by itself, and its owner does what it asks."""

    use_wanted = Signal(object)
    """A `KnownModel`."""
    remove_wanted = Signal(object)
    download_wanted = Signal(object)
    """An `OfferedModel`."""
    cancel_wanted = Signal()
    file_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        begin_with(self, 980, 600)
        self.list = QTreeWidget()
        self.list.setHeaderLabels(list(_HEADINGS))
        self.list.setRootIsDecorated(False)
        self.list.setAlternatingRowColors(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.details = QTextBrowser()
        self.details.setOpenExternalLinks(True)
        self.details.setPlaceholderText(_HINT)
        self.details.setFixedHeight(_LINES * self.fontMetrics().lineSpacing())
        self.trouble = QLabel(wordWrap=True, openExternalLinks=True)
        self.trouble.setObjectName("trouble")
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.trouble.hide()
        self.doing, self.bar, self.cancel_button = QLabel(), QProgressBar(maximum=_STEPS), QPushButton("&Cancel")
        self.bar.setTextVisible(False)
        self.use_button, self.remove_button = QPushButton("&Use"), QPushButton("&Remove…")
        self.download_button, self.file_button = QPushButton("&Download…"), QPushButton("From &file…")
        self.close_button = QPushButton("Close")
        self._rows: list[tuple[QTreeWidgetItem, Model]] = []
        self._setting = ""
        self._is_busy = False
        self._lay_out()
        self._connect()
        self.show_idle()

    @property
    def chosen(self) -> Model | None:
        """The model whose line is chosen."""
        item = self.list.currentItem()
        return next((model for row, model in self._rows if row is item), None)

    def show_models(self, known: Sequence[KnownModel], offered: Sequence[OfferedModel], setting: str) -> None:
        """List what there is, and which of it the settings name; the same line stays chosen."""
        before = self.chosen
        self.list.clear()
        self._rows, self._setting = [], setting
        self._group(_OWN, known)
        if offered:
            self._group(_OFFERED, offered)
        wanted = before.name if before is not None else next((m.name for m in known if m.is_meant_by(setting)), "")
        self.choose(wanted)
        self._show_chosen()

    def choose(self, name: str) -> None:
        """Choose the line of a model."""
        for item, model in self._rows:
            if model.name == name:
                self.list.setCurrentItem(item)

    def show_progress(self, name: str, done: int, total: int) -> None:
        """Say how many bytes of a model are there, `total` 0 while it is not known of how many."""
        self._is_busy = True
        is_whole = bool(total) and done >= total
        self.bar.setRange(0, _STEPS if total and not is_whole else 0)
        self.bar.setValue(_STEPS * done // total if total else 0)
        there = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
        # To import takes seconds, and nothing asks meanwhile whether it is still wanted.
        self.cancel_button.setEnabled(not is_whole)
        self._show_row(f"Importing “{name}”…" if is_whole else f"Downloading “{name}”: {there}")

    def show_cancelling(self, name: str) -> None:
        """Say that a download ends as soon as its server lets it."""
        self.bar.setRange(0, 0)
        self._show_row(f"Cancelling the download of “{name}”…")
        self.cancel_button.setEnabled(False)

    def show_idle(self) -> None:
        """Nothing is downloaded."""
        self._is_busy = False
        self.cancel_button.setEnabled(True)
        for widget in (self.doing, self.bar, self.cancel_button):
            widget.hide()
        self._show_chosen()

    def show_trouble(self, message: str, page: str = "") -> None:
        """Say what went wrong (nothing where it is empty), and at which page a file may be had."""
        words = html.escape(message)
        if message and page:
            words += f" The project's page: <a href='{html.escape(page)}'>{html.escape(page)}</a>"
        self.trouble.setText(words)
        self.trouble.setVisible(bool(message))

    # Building ---------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        header = self.list.header()
        header.setSectionsMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        work = QHBoxLayout()
        work.addWidget(self.doing)
        work.addWidget(self.bar, stretch=1)
        work.addWidget(self.cancel_button)
        buttons = QHBoxLayout()
        for button in (self.use_button, self.remove_button, self.download_button, self.file_button):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        self.cancel_button.setAutoDefault(False)
        self.close_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.list, stretch=1)
        layout.addWidget(self.details)
        layout.addWidget(self.trouble)
        layout.addLayout(work)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(lambda *_items: self._show_chosen())
        self.list.itemDoubleClicked.connect(lambda *_item: self.use_button.click())
        self.use_button.clicked.connect(lambda: self.use_wanted.emit(self.chosen))
        self.remove_button.clicked.connect(lambda: self.remove_wanted.emit(self.chosen))
        self.download_button.clicked.connect(lambda: self.download_wanted.emit(self.chosen))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.file_button.clicked.connect(self.file_wanted)
        self.close_button.clicked.connect(self.reject)

    # Showing ----------------------------------------------------------------------------------------------------

    def _group(self, title: str, models: Sequence[Model]) -> None:
        parent = QTreeWidgetItem(self.list, [title])
        parent.setFirstColumnSpanned(True)
        parent.setFlags(Qt.ItemFlag.ItemIsEnabled)
        parent.setFont(0, _bold(self.font()))
        parent.setExpanded(True)
        for model in models:
            item = QTreeWidgetItem(parent, _cells(model, self._setting))
            item.setTextAlignment(_SIZE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column in range(len(_HEADINGS)):
                item.setToolTip(column, item.text(column))
                if isinstance(model, KnownModel) and model.is_meant_by(self._setting):
                    item.setFont(column, _bold(self.font()))
            self._rows.append((item, model))

    def _show_row(self, words: str) -> None:
        self.doing.setText(words)
        for widget in (self.doing, self.bar, self.cancel_button):
            widget.show()
        self._show_chosen()

    def _show_chosen(self) -> None:
        model = self.chosen
        known = model if isinstance(model, KnownModel) else None
        offered = model if isinstance(model, OfferedModel) else None
        self.use_button.setEnabled(known is not None and not known.problem and not known.is_meant_by(self._setting))
        self.remove_button.setEnabled(known is not None and known.is_own)
        self.download_button.setEnabled(offered is not None and not self._is_busy)
        self.download_button.setText("Go on &downloading…" if offered is not None and offered.came else "&Download…")
        self.details.setHtml("" if model is None else _told(model))


def _cells(model: Model, setting: str) -> list[str]:
    """The texts of a line."""
    if isinstance(model, OfferedModel):
        size = f"{model.size / 1e6:.1f} MB" if model.size else "not stated"
        state = f"{model.came / 1e6:.1f} MB came" if model.came else ""
        return [model.name, state, size, model.speed, model.licence, model.title]
    if model.problem:
        return [model.name, "cannot be used", "", "", "", model.problem]
    state = "in use" if model.is_meant_by(setting) else "bundled" if model.is_bundled else ""
    return [model.name, state, f"{model.size / 1e6:.1f} MB", model.speed, model.licence, model.what]


def _told(model: Model) -> str:
    """All that is known of a model, as HTML."""
    if isinstance(model, OfferedModel):
        rows = terms(model)
    elif model.problem:
        rows = [("Problem", model.problem), ("File", str(model.path))]
    else:
        rows = [
            ("What it is", model.what),
            ("Reaches", model.metrics or "not measured"),
            ("Licence", model.licence),
            ("Network", f"{model.network}, {model.speed}"),
            ("File", str(model.path)),
        ]
    return table([("Name", model.name), *rows])


def terms(model: OfferedModel) -> list[tuple[str, str]]:
    """What is to be known before a model is downloaded."""
    size = f"about {model.size / 1e6:.1f} MB" if model.size else "not stated by its authors"
    rows = [("What it is", model.title), ("Licence", model.licence), ("Project", model.project)]
    rows.append(("Address", model.address))
    rows += [("A copy of", model.copy_of)] if model.copy_of else []
    checked = model.sha256 or "nobody publishes one; that of what comes is kept with the model"
    return [*rows, ("Size", size), ("SHA-256", checked)]


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Rows of a name and a text as HTML; addresses can be followed."""
    lines = []
    for name, text in rows:
        told = html.escape(text)
        if text.startswith("https://"):
            told = f"<a href='{told}'>{told}</a>"
        lines.append(f"<tr><td style='padding-right: 12px'>{name}</td><td>{told}</td></tr>")
    return f"<table>{''.join(lines)}</table>"


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold
