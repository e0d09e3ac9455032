"""The way from the File menu to exported files."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.export_writing import ExportReport
from isegformer_app.controllers.exporting import is_ready_to_export, planner_of
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.settings import Settings

from .export_dialog import ExportDialog
from .report_dialog import ReportDialog


class ExportDesk(QObject):
    """Shows the export dialog and the report afterwards."""

    noticed = Signal(str)

    def __init__(self, window: QWidget, segmenting: SegmentingController, album: Album, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._album, self._settings = window, segmenting, album, settings

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"export": self.ask}

    def ask(self) -> None:
        """Finish what is open, and let it be said what to export."""
        if self._segmenting.photo is None:
            self.noticed.emit("Open a photo first: there is nothing to export.")
            return
        if not is_ready_to_export(self._segmenting):
            self.noticed.emit("The last mask is still being computed: export again in a moment.")
            return
        planner = planner_of(self._album, self._segmenting)
        if planner is not None:
            dialog = ExportDialog(planner, self._settings, self._window)
            dialog.written.connect(self._report)
            dialog.open()

    def _report(self, report: ExportReport) -> None:
        files = [path.relative_to(report.folder).as_posix() for path in report.files]
        lines = [*(["Left out or different:", *report.skipped, ""] if report.skipped else []), "Files:", *files]
        self.noticed.emit(report.headline)
        ReportDialog("Export", f"Saved. {report.headline}", lines, self._window, report.folder).open()
