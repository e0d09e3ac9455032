"""One dialog for every export: what, in which format, where to, and what will be written, before it is."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.export_plan import (
    BY_CLASS,
    EVEN_ONLY,
    OF_VOLUMES,
    ONE_FILE,
    Choice,
    Format,
    stem_of,
)
from isegformer_app.controllers.export_writing import ExportReport, counted, left_out_words, sources_of, write_plan
from isegformer_app.controllers.exporting import ExportPlanner, Plan
from isegformer_app.settings import Settings

from .icons import icon
from .long_job import LongJob
from .report_dialog import shortened
from .sizes import begin_with

_FILES_SHOWN = 200
_HIGHEST_TOLERANCE = 50.0


@dataclass(frozen=True, slots=True)
class _Words:
    """How a format is called, and what it is good for."""

    title: str
    hint: str


_FORMATS = {
    Format.COCO: _Words("COCO JSON", "One file for all photos: masks, boxes, areas and classes, for training."),
    Format.PNG: _Words("Label PNG", "One picture a photo: each pixel holds a number, 0 where there is nothing."),
    Format.OBJECTS: _Words("Binary PNG, one an object", "White on the object, black elsewhere; overlaps stay whole."),
    Format.YOLO: _Words("YOLO segmentation", "One text file a photo in “labels”, and data.yaml with the classes."),
    Format.VOC: _Words("Pascal VOC", "Pictures in SegmentationClass and SegmentationObject, and labels.txt."),
    Format.LABELME: _Words("labelme JSON", "One file a photo, with masks; for labelme 5.4 and later."),
    Format.NIFTI: _Words("NIfTI labels", "One label volume a volume, on the very grid of its image."),
    Format.DICOM_SEG: _Words("DICOM-SEG", "One DICOM segmentation a series, tied to its images; overlaps stay whole."),
    Format.SEG_NRRD: _Words(
        "Slicer segmentation", "One .seg.nrrd a volume, with names and colours; overlaps stay whole."
    ),
    Format.STL: _Words("STL surfaces", "One closed surface an object of a volume, in patient millimetres (LPS)."),
    Format.OBJ: _Words("OBJ surfaces", "One closed surface an object of a volume, in patient millimetres (LPS)."),
    Format.EFFORT: _Words("Clicks and seconds (CSV)", "A table for a spreadsheet: what each object cost."),
}


class ExportDialog(QDialog):
    """Asks what to export and does it; `written` tells the report of an export that was done."""

    written = Signal(object)

    def __init__(self, planner: ExportPlanner, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._planner, self._settings = planner, settings
        self._job: LongJob | None = None
        self._plan: Plan | None = None
        self._suggested = ""
        self._make_fields()
        self._make_options()
        self._make_outcome()
        self._lay_out()
        self._connect()
        self._take_settings()
        self._format_changed()
        begin_with(self, 640, 560)

    # Building ---------------------------------------------------------------------------------------------------

    def _make_fields(self) -> None:
        self.format_box = QComboBox()
        for kind, words in _FORMATS.items():
            if kind not in OF_VOLUMES or self._planner.has_volumes:
                self.format_box.addItem(words.title, kind)
        self.hint = _faint()
        ready, total = self._planner.with_objects(), len(self._planner.queue)
        name = _short(self._planner.current.name).replace("&", "&&")
        self.only_this = QRadioButton(f"Only “{name}”")
        self.all_photos = QRadioButton(f"All with objects ({ready:,} of {total:,})")
        (self.all_photos if total > 1 else self.only_this).setChecked(True)
        self.all_photos.setEnabled(total > 1)
        self.folder_edit = QLineEdit()
        self.browse_button = QPushButton("&Choose…")
        self.browse_button.setAutoDefault(False)
        self.name_edit = QLineEdit()

    def _make_options(self) -> None:
        self.masks_box = QComboBox()
        self.masks_box.addItems(["Run lengths: exact, with holes", "Polygons"])
        self.tolerance_spin = QDoubleSpinBox()
        self.tolerance_spin.setRange(0.0, _HIGHEST_TOLERANCE)
        self.tolerance_spin.setSingleStep(0.5)
        self.tolerance_spin.setDecimals(1)
        self.tolerance_spin.setSuffix(" px")
        self.tolerance_spin.setSpecialValueText("exact")
        self.tolerance_spin.setValue(1.0)
        self.tolerance_spin.setToolTip("How far an outline may lie from the edge of its mask")
        self.tolerance_label = QLabel("within")
        self.numbers_box = QComboBox()
        self.numbers_box.addItems(["the number of its object", "the number of its class"])
        self.evenly_box = QCheckBox("Resample slices at uneven distances to even ones")
        self.evenly_box.setToolTip("Each slice of the even grid repeats the labels of the slice nearest to it")
        self.strip_box = QCheckBox("Leave out who the patient is (for training)")

    def _make_outcome(self) -> None:
        self.summary = QLabel()
        self.summary.setObjectName("sectionTitle")
        self.summary.setWordWrap(True)
        self._warning = QLabel()
        self._warning.setPixmap(icon("warning").pixmap(QSize(18, 18)))
        self.preview = QPlainTextEdit()
        self.preview.setReadOnly(True)
        self.preview.setMinimumHeight(90)
        self.progress_bar = QProgressBar()
        self.progress_bar.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export_button = buttons.addButton("&Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export_button.setDefault(True)
        self.cancel_button = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self._buttons = buttons

    def _lay_out(self) -> None:
        self._inputs = QWidget()
        form = QFormLayout(self._inputs)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._masks_row = _row(self.masks_box, self.tolerance_label, self.tolerance_spin)
        form.addRow(_label("&Format", self.format_box), self.format_box)
        form.addRow("", self.hint)
        form.addRow(_label("&Masks", self.masks_box), self._masks_row)
        form.addRow(_label("Each &pixel holds", self.numbers_box), self.numbers_box)
        form.addRow("", self.strip_box)
        form.addRow("", self.evenly_box)
        form.addRow(_label("What", self.only_this), _column(self.only_this, self.all_photos))
        form.addRow(_label("F&older", self.folder_edit), _row(self.folder_edit, self.browse_button))
        form.addRow(_label("File &name", self.name_edit), self.name_edit)
        self._form = form
        layout = QVBoxLayout(self)
        layout.addWidget(self._inputs)
        layout.addWidget(_row(self._warning, self.summary, stretched=self.summary))
        layout.addWidget(self.preview, stretch=1)
        layout.addWidget(self.progress_bar)
        layout.addWidget(self._buttons)

    def _connect(self) -> None:
        self.format_box.currentIndexChanged.connect(self._format_changed)
        for box in (self.masks_box, self.numbers_box):
            box.currentIndexChanged.connect(self._refresh)
        self.tolerance_spin.valueChanged.connect(self._refresh)
        for tick in (self.strip_box, self.evenly_box):
            tick.toggled.connect(self._refresh)
        self.only_this.toggled.connect(self._suggest_name)
        for edit in (self.folder_edit, self.name_edit):
            edit.textChanged.connect(self._refresh)
        self.browse_button.clicked.connect(self._browse)
        self._buttons.accepted.connect(self._export)
        self._buttons.rejected.connect(self.reject)

    def _take_settings(self) -> None:
        kinds = [self.format_box.itemData(place).value for place in range(self.format_box.count())]
        settings, is_volume = self._settings, self._planner.is_volume_open
        wanted = settings.export_format_of_volumes if is_volume else settings.export_format
        if wanted in kinds:
            self.format_box.setCurrentIndex(kinds.index(wanted))
        folder = Path(settings.export_folder)
        usable = folder.is_absolute() and folder.is_dir()
        self.folder_edit.setText(str(folder if usable else self._planner.current.parent))

    # What is wanted ---------------------------------------------------------------------------------------------

    @property
    def choice(self) -> Choice:
        """What the fields say."""
        kind = self._format
        is_polygons = kind is Format.COCO and self.masks_box.currentIndex() == 1
        name = self.name_edit.text().strip()
        if name and "." not in name:
            name += Path(ONE_FILE.get(kind, "")).suffix
        return Choice(
            kind,
            Path(self.folder_edit.text().strip()),
            name,
            self.only_this.isChecked(),
            kind in BY_CLASS and self.numbers_box.currentIndex() == 1,
            self.tolerance_spin.value() if is_polygons else None,
            kind is Format.DICOM_SEG and self.strip_box.isChecked(),
            kind in EVEN_ONLY and self.evenly_box.isChecked(),
        )

    @property
    def _format(self) -> Format:
        kind: Format = self.format_box.currentData()
        return kind

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Export to folder", self.folder_edit.text())
        if chosen:
            self.folder_edit.setText(chosen)

    def _format_changed(self) -> None:
        self.hint.setText(_FORMATS[self._format].hint)
        self._form.setRowVisible(self._masks_row, self._format is Format.COCO)
        self._form.setRowVisible(self.numbers_box, self._format in BY_CLASS)
        self._form.setRowVisible(self.strip_box, self._format is Format.DICOM_SEG)
        self._form.setRowVisible(self.evenly_box, self._format in EVEN_ONLY and self._planner.has_series)
        self._form.setRowVisible(self.name_edit, self._format in ONE_FILE)
        self._suggest_name()

    def _refresh(self) -> None:
        """Show what would be written now."""
        is_polygons = self.masks_box.currentIndex() == 1
        self.tolerance_spin.setVisible(is_polygons)
        self.tolerance_label.setVisible(is_polygons)
        plan = self._plan = self._planner.plan(self.choice)
        self.export_button.setEnabled(not plan.problem)
        self.export_button.setText("&Export and replace" if plan.replaced and not plan.problem else "&Export")
        self._say(plan.problem or _summary(plan), is_problem=bool(plan.problem))
        self.preview.setPlainText("\n".join(_preview(plan)))

    def _suggest_name(self) -> None:
        """Suggest a file name as long as nobody typed one, and show what would be written."""
        former, usual = self._suggested, ONE_FILE.get(self._format, "")
        stem = stem_of(self._planner.current)
        self._suggested = f"{stem}-{usual}" if usual and self.only_this.isChecked() else usual
        if self.name_edit.text() in {"", former}:
            with QSignalBlocker(self.name_edit):
                self.name_edit.setText(self._suggested)
        self._refresh()

    def _say(self, text: str, *, is_problem: bool = False) -> None:
        self.summary.setText(text)
        self._warning.setVisible(is_problem)

    # Doing it ---------------------------------------------------------------------------------------------------

    def _export(self) -> None:
        # Once more: the folder may have changed since it was looked at.
        self._refresh()
        plan = self._plan
        if plan is None or plan.problem:
            return
        if self._planner.is_volume_open:
            self._settings.export_format_of_volumes = plan.choice.format.value
        else:
            self._settings.export_format = plan.choice.format.value
        self._settings.export_folder = str(plan.choice.folder)
        self._set_busy(True)
        self._say("Writing…")
        self._job = LongJob(lambda progress: write_plan(plan, progress), self)
        self._job.progressed.connect(self._show_progress)
        self._job.done.connect(self._finish)
        self._job.failed.connect(self._give_up)
        self._job.cancelled.connect(lambda: self._give_up("Cancelled: nothing was written."))
        self._job.start()

    def _show_progress(self, done: int, total: int, name: str) -> None:
        self.progress_bar.setRange(0, total)
        self.progress_bar.setValue(done)
        self._say(f"Writing “{name}”…")

    def _finish(self, report: ExportReport) -> None:
        self._job = None
        self.accept()
        self.written.emit(report)

    def _give_up(self, message: str) -> None:
        self._job = None
        self._set_busy(False)
        self._say(message, is_problem=True)

    def _set_busy(self, is_busy: bool) -> None:
        self._inputs.setEnabled(not is_busy)
        self.export_button.setEnabled(not is_busy)
        self.progress_bar.setRange(0, 0)
        self.progress_bar.setVisible(is_busy)

    def reject(self) -> None:
        """Leave; while it writes, end that first and stay."""
        if self._job is None:
            super().reject()
        else:
            self._job.cancel()
            self._say("Cancelling…")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Do not go away while a file is being written."""
        if self._job is None:
            super().closeEvent(event)
        else:
            self.reject()
            event.ignore()


def _summary(plan: Plan) -> str:
    objects = counted(plan.objects, "object")
    words = f"{counted(len(plan.files), 'file')} will be written, with {objects} of {sources_of(plan)}"
    if not plan.replaced:
        return f"{words}."
    verb = "exists and will be replaced" if len(plan.replaced) == 1 else "exist and will be replaced"
    return f"{words}; {len(plan.replaced):,} of them {verb}."


def _preview(plan: Plan) -> list[str]:
    """The files as seen from the folder, and what is left out."""
    folder = plan.choice.folder
    names = [
        path.relative_to(folder).as_posix() + ("   (replaces the present file)" if path in plan.replaced else "")
        for path in plan.files
    ]
    lines = shortened(names, _FILES_SHOWN)
    rest = [*plan.notes, *left_out_words(plan)]
    return [*lines, *([""] if lines and rest else []), *shortened(rest, _FILES_SHOWN)]


def _faint() -> QLabel:
    label = QLabel()
    label.setObjectName("faint")
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return label


def _short(name: str, most: int = 40) -> str:
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 2 :]}"


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label


def _row(*widgets: QWidget, stretched: QWidget | None = None) -> QWidget:
    """Put widgets side by side; the first takes the space, or the one that is to."""
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, stretch=int(widget is (stretched or widgets[0])))
    return box


def _column(*widgets: QWidget) -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    return box
