"""The main window: puts the widgets together and shows what the controllers say."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.hand_editing import HandEditing
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import Change, Status
from isegformer_app.inference import Answer, Worker
from isegformer_app.settings import Settings

from .actions import fill_menus, make_actions
from .adjust_panel import AdjustPanel
from .carry_desk import CarryDesk
from .cheat_sheet import CheatSheet
from .drops import dropped_paths
from .empty_state import EmptyState
from .evaluate_desk import EvaluateDesk
from .export_desk import ExportDesk
from .file_desk import FileDesk
from .first_slice import FirstSlicePage
from .held_keys import HeldKeys
from .import_desk import ImportDesk
from .join_desk import JoinDesk
from .measures_desk import MeasuresDesk
from .message_bar import MessageBar
from .model_desk import EngineMaker, ModelDesk
from .models_desk import ModelsDesk
from .models_menu import ModelsMenu
from .object_desk import ObjectDesk
from .photo_desk import PhotoDesk
from .photos_panel import PhotosPanel
from .planes_view import PlanesView
from .queue_work import QueueWork
from .recent_menu import RecentMenu
from .session_desk import SessionDesk
from .sizes import begin_with
from .surface_desk import SurfaceDesk
from .train_desk import TrainDesk
from .view_desk import ViewDesk
from .volume_actions import GREYS
from .volume_desk import VolumeDesk
from .worker_bridge import WorkerBridge

_TOOLBAR = (
    ("open", "save", "export"),
    ("undo", "redo"),
    ("points", "brush", "eraser", "polygon", "lasso", "ruler"),
    ("finish",),
    ("fit", "actual_size"),
    ("previous_photo", "next_photo"),
)
_ABOUT = (
    "<b>iSegFormer</b><p>Click an object, and a transformer answers with its mask.</p>"
    "<p>MIT licence. Not for diagnosis.</p>"
)


class MainWindow(QMainWindow):
    """The annotator's window; implements the controllers' `View`."""

    def __init__(
        self, settings: Settings, worker: Worker, bridge: WorkerBridge, make_engine: EngineMaker, journals: Path
    ) -> None:
        super().__init__()
        self.settings = settings
        self.planes = PlanesView()
        self.canvas = self.planes.panes[0].canvas
        self.stack, self.adjust_panel, self.empty_state = QStackedWidget(), AdjustPanel(), EmptyState()
        self.message_bar = MessageBar(self.stack)
        self.segmenting = SegmentingController(worker, self, threshold=settings.threshold)
        self.view = ViewDesk(self.segmenting, settings, self.planes, self.adjust_panel, self)
        self.shown = PhotoDesk(self, self.segmenting, settings, self.planes, self.view)
        self.labels, self.status_bar = self.planes.panes[0].labels, self.shown.status_bar
        self.objects_panel, self.classes_bar = self.shown.objects_panel, self.shown.classes_bar
        self.volumes = VolumeDesk(self, self.segmenting, settings, self.planes)
        self.measures = MeasuresDesk(self, self.segmenting, self.planes)
        self.surfaces = SurfaceDesk(self, self.segmenting, self.planes)
        self.carry = CarryDesk(self, self.segmenting, worker, self, self.planes, self.measures)
        self.hand_editing = HandEditing(self.segmenting)
        self.files = FileDesk(self, self.segmenting, settings)
        self.session = SessionDesk(self, self.segmenting, self.files.album, journals, settings)
        self.exports = ExportDesk(self, self.segmenting, self.files.album, settings)
        self.queue_work = QueueWork(self, self.segmenting)
        self.imports = ImportDesk(self, self.segmenting, self.files.album, self.session.watch_work, self.queue_work)
        self.joining = JoinDesk(self, self.segmenting, self.files.album, self.session, self.queue_work)
        self.objects = ObjectDesk(self, self.segmenting, self.hand_editing, self.planes, self.objects_panel)
        self.objects.ruler_left.connect(self.view.put_ruler_away)
        self.carry.cancel_wanted.connect(self.objects.cancel)
        self.objects.photos_with_class = self.files.album.photos_with_class
        self.model = ModelDesk(self, worker, self.segmenting, settings, make_engine)
        self.models = ModelsDesk(self, settings, self.model)
        self.training = TrainDesk(self, settings, self.session, self.model.use_new)
        self.evaluation = EvaluateDesk(self, self.segmenting, self.files.album, settings)
        self.photos_panel = PhotosPanel(self.files.album, self.files.volume_of)
        self.actions_by_name = make_actions(self, self._handlers())
        self._lay_out()
        self._connect(bridge)
        self.model.adopt(self.actions_by_name)
        self.session.adopt(self.actions_by_name)
        self.view.adopt(self.actions_by_name)
        self.volumes.adopt(self.actions_by_name)
        self.measures.adopt(self.actions_by_name)
        self.surfaces.adopt(self.actions_by_name)
        self._show_history()

    # What the controllers say -----------------------------------------------------------------------------------

    def document_changed(self, change: Change) -> None:
        """Objects, clicks or labels changed."""
        self.shown.document_changed(change)
        self.measures.document_changed(change)
        self.surfaces.document_changed(change)

    def preview_changed(self) -> None:
        """The active object, its clicks or its unaccepted mask changed."""
        self.shown.follow()
        self.measures.show_all()
        self.surfaces.follow()
        self.carry.follow()
        self.files.follow()
        self._show_history()

    def waiting_changed(self, is_waiting: bool) -> None:
        """An answer is awaited, or no longer."""
        self.planes.set_waiting(is_waiting)

    def answered(self, answer: Answer) -> None:
        """An answer was used."""
        self.message_bar.settle()
        self.status_bar.show_latency(answer.seconds)
        self.model.answered(answer.model, answer.device)

    def problem(self, message: str, can_retry: bool) -> None:
        """Something went wrong; the work done so far stands."""
        self.message_bar.show_problem(message, can_retry)

    def notice(self, message: str) -> None:
        """Something worth a line, no more."""
        self.message_bar.show_notice(message)

    # Building ---------------------------------------------------------------------------------------------------

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            **self.files.handlers(),
            **self.session.handlers(),
            **self.exports.handlers(),
            **self.imports.handlers(),
            **self.joining.handlers(),
            "clear_recent": lambda: self.recent.clear(),
            **self.objects.handlers(),
            **self.view.handlers(),
            **self.volumes.handlers(),
            **self.measures.handlers(),
            **self.surfaces.handlers(),
            **self.carry.handlers(),
            **self.model.handlers(),
            **self.models.handlers(),
            **self.training.handlers(),
            **self.evaluation.handlers(),
            "quit": self.close,
            "cheat_sheet": lambda: CheatSheet(self.actions_by_name, self).exec(),
            "about": lambda: QMessageBox.about(self, "About iSegFormer", _ABOUT),
        }

    def _lay_out(self) -> None:
        self.setAcceptDrops(True)
        self.setStatusBar(self.status_bar)
        menus = fill_menus(self.menuBar(), self.actions_by_name)
        self.models_menu = ModelsMenu(menus["&Model"], self.settings, self.model.use_model)
        self.recent = RecentMenu(menus["&File/Open &recent"], self.settings)
        self.actions_by_name["window_auto"].enabledChanged.connect(menus[GREYS].setEnabled)
        self._add_toolbar()
        self.stack.addWidget(self.empty_state)
        self.stack.addWidget(self.planes)
        self.first_slice = FirstSlicePage(self.stack)
        # A page that is turned to comes before all that floats over the one before.
        self.stack.currentChanged.connect(self.message_bar.raise_)
        self.setCentralWidget(self.stack)
        self._add_docks()
        begin_with(self, 1280, 780)

    def _add_toolbar(self) -> None:
        bar = QToolBar("Tools")
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setIconSize(QSize(22, 22))
        for number, names in enumerate(_TOOLBAR):
            if number:
                bar.addSeparator()
            for name in names:
                bar.addAction(self.actions_by_name[name])
                bar.widgetForAction(self.actions_by_name[name]).setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.addToolBar(bar)

    def _add_docks(self) -> None:
        side = QWidget()
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.classes_bar)
        layout.addWidget(self.objects_panel, stretch=1)
        layout.addWidget(self.volumes.panel)
        layout.addWidget(self.adjust_panel)
        names = ("reopen", "move_up", "move_down", "hide", "lock", "delete")
        self.objects_panel.add_buttons([self.actions_by_name[name] for name in names])
        self._add_dock("Objects", side, Qt.DockWidgetArea.RightDockWidgetArea)
        self.photos_dock = self._add_dock("Photos", self.photos_panel, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.photos_dock.hide()
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.measures.dock)

    def _add_dock(self, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title)
        dock.setObjectName(title)
        dock.setWidget(content)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.addDockWidget(area, dock)
        return dock

    def _connect(self, bridge: WorkerBridge) -> None:
        self._connect_reading()
        self.carry.connect_to(bridge, self.message_bar, self.shown)
        bridge.answered.connect(self.segmenting.receive_answer)
        bridge.failed.connect(self.segmenting.receive_failure)
        bridge.state_changed.connect(self.model.state_changed)
        self.message_bar.retried.connect(self.segmenting.retry)
        self.model.text_changed.connect(self.status_bar.show_engine)
        self.empty_state.open_wanted.connect(self.files.ask_for_photos)
        self.empty_state.folder_wanted.connect(self.files.ask_for_folder)
        self.empty_state.sample_wanted.connect(self.files.open_sample)
        self.files.opened.connect(self._photo_opened)
        self.files.opened.connect(self.session.watch)
        self.files.opening.connect(lambda name: self.message_bar.show_progress(f"Opening “{name}” …"))
        self.files.turned.connect(self.message_bar.clear)
        self.files.opening_ended.connect(self.message_bar.end_progress)
        self.message_bar.given_up.connect(self.files.give_up)
        self.files.album_changed.connect(self._show_album)
        self.files.session_wanted.connect(self.session.open)
        self.session.restored.connect(self._session_opened)
        self.session.saved.connect(self._show_history)
        self.session.saved.connect(lambda: self.recent.add(self.session.path))
        self.session.restored.connect(lambda _: self.recent.add(self.session.path))
        self.session.settled.connect(self.message_bar.take_back)
        self.session.state_changed.connect(self.status_bar.show_saved)
        self.files.asked_for.connect(self.recent.add)
        self.recent.chosen.connect(lambda path: self.files.open_paths([path]))
        self.queue_work.begun.connect(self.files.give_up)
        self.queue_work.begun.connect(self.session.rest)
        self.queue_work.ended.connect(self._show_album)
        self.queue_work.ended.connect(self.shown.show_labels)
        self.queue_work.ended.connect(self.session.go_on)
        self._connect_words()
        self.shown.slice_turned.connect(self.volumes.follow)
        self._connect_panels()
        self.keys = HeldKeys(self, self.planes.canvases)
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self.keys)
        self.keys.space_tapped.connect(self.objects.finish)
        for canvas in self.planes.canvases:
            self.keys.space_held.connect(canvas.set_space_held)
            canvas.grabbed.connect(self.keys.use_space)
        self.keys.peek_held.connect(self.view.peek)
        self.keys.peek_tapped.connect(self.view.toggle_overlay)
        for number in range(1, 10):
            shortcut = QShortcut(QKeySequence(str(number)), self)
            shortcut.activated.connect(partial(self.objects.pick_class_number, number))

    def _connect_reading(self) -> None:
        loader = self.files.loader
        loader.progressed.connect(
            lambda path, percent: self.message_bar.show_progress(f"Reading “{path.name}” … {percent} %")
        )
        loader.first_seen.connect(self.first_slice.show_first)
        self.files.opening_ended.connect(self.first_slice.give_way)

    def _connect_panels(self) -> None:
        self.photos_panel.chosen.connect(self.files.go_to)
        self.photos_panel.name.left.connect(lambda: self.planes.active.setFocus())
        self.classes_bar.picked.connect(self.objects.pick_class)
        self.classes_bar.add_wanted.connect(self.objects.add_class)
        self.classes_bar.rename_wanted.connect(self.objects.rename_class)
        self.classes_bar.recolour_wanted.connect(self.objects.recolour_class)
        self.classes_bar.delete_wanted.connect(self.objects.delete_class)

    def _connect_words(self) -> None:
        """What desks have to say goes to the message bar."""
        self.view.dressed.connect(self.message_bar.dress)
        tell = (self.files, self.session, self.imports, self.joining, self.evaluation, self.model, self.models)
        for desk in (*tell, self.carry):
            desk.troubled.connect(lambda message: self.problem(message, False))
        self.volumes.warned.connect(lambda message: self.problem(message, False))
        say = (
            self.files,
            self.session,
            self.imports,
            self.joining,
            self.exports,
            self.evaluation,
            self.recent,
            self.shown,
        )
        for source in (*say, self.volumes, self.model, self.models, self.carry):
            source.noticed.connect(self.notice)

    # Showing ----------------------------------------------------------------------------------------------------

    def _photo_opened(self) -> None:
        if self.segmenting.photo is None:
            return
        self.stack.setCurrentWidget(self.planes)
        self.shown.show_photo()
        self.volumes.opened()
        self.message_bar.end_progress()
        self._show_history()
        self.planes.active.setFocus()

    def _session_opened(self, path: Path | None) -> None:
        if path is not None:
            self.files.show(path)

    def _show_album(self) -> None:
        self.photos_dock.setVisible(len(self.files.album.paths) > 1)
        self.photos_panel.refresh()

    def _show_history(self) -> None:
        photo = self.segmenting.photo
        titles: tuple[str | None, str | None] = (None, None)
        if photo is not None:
            titles = photo.annotation.history.undo_title, photo.annotation.history.redo_title
        for name, title in zip(("undo", "redo"), titles, strict=True):
            action = self.actions_by_name[name]
            with QSignalBlocker(action):
                action.setText(f"&{name.capitalize()}" + (f" {title[0].lower()}{title[1:]}" if title else ""))
            action.setEnabled(bool(title))
        if photo is None:
            self.setWindowTitle("iSegFormer")
            return
        self.actions_by_name["mark_done"].setChecked(photo.annotation.state.status is Status.DONE)
        read_only = " (session read-only)" if self.session.is_read_only else ""
        self.setWindowTitle(f"{photo.path.name}[*]{read_only} - iSegFormer")
        self.setWindowModified(photo.annotation.is_dirty)
        self.actions_by_name["flag"].setChecked(photo.annotation.state.status is Status.FLAGGED)
        self.photos_panel.status_changed()

    # The window itself ------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files that are dragged over the window."""
        if dropped_paths(event.mimeData()):
            self.files.get_ready()
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.files.open_paths(dropped_paths(event.mimeData()))
        event.acceptProposedAction()

    def close_down(self) -> None:
        """Read nothing any more: the window closes or has died."""
        self.files.close()
        self.joining.close()
        self.photos_panel.close_down()
        self.measures.close()
        self.surfaces.close()
        self.models.close_down()
        self.training.close_down()
        self.evaluation.close_down()
        self.view.close_down()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask before work is lost, and keep the settings."""
        self.carry.carrying.end()
        if not self.session.may_leave():
            event.ignore()
            return
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self.keys)
        self.close_down()
        self.segmenting.open(None)
        self.session.close()
        self.settings.save()
        event.accept()
