"""Icons as small drawings on a grid of 24, in the colour of the text, crisp at every scale."""

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

_DRAWINGS = {
    "open": "<path d='M3 6h6l2 2h10v11H3z'/>",
    "open_folder": "<path d='M3 6h6l2 2h10v11H3z'/><path d='M8 13h8M12 9.8v6.4'/>",
    "save": "<path d='M4 4h13l3 3v13H4z'/><path d='M8 4v5h8V4M7 20v-7h10v7'/>",
    "export": "<path d='M4 14v6h16v-6M12 3v12M7.5 10.5 12 15l4.5-4.5'/>",
    "undo": "<path d='M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3' transform='translate(0 -2)'/>",
    "redo": "<path d='M15 5l5 5-5 5M20 10H10a6 6 0 0 0 0 12h3' transform='translate(0 -2)'/>",
    "points": "<circle cx='12' cy='12' r='8'/><path d='M12 8.5v7M8.5 12h7'/>",
    "brush": "<path d='M20 4 10.5 13.5M10.5 13.5c-3-.5-5 1.5-5 4-.2 1.3-1 2-2 2.5"
    " 3.5.8 7.5.2 9-3 .3-1.5-.5-3-2-3.5z'/>",
    "eraser": "<path d='M9 20 3.5 14.5 14 4l6.5 6.5L11 20zM8.5 9.5l6.5 6.5M9 20h11'/>",
    "polygon": "<path d='M5 9l8-5 7 6-3 9-10 1z'/>",
    "lasso": "<path d='M12 4c5 0 9 2.2 9 5.5S17 15 12 15s-9-2.2-9-5.5S7 4 12 4zM7 14c-2 1-2 4 .5 4 2 0 2.5 3-.5 3'/>",
    "ruler": "<path d='M3 16 16 3l5 5L8 21zM7 12l2.5 2.5M10 9l1.8 1.8M13 6l2.5 2.5'/>",
    "finish": "<path d='M4 13l5 5L20 6'/>",
    "fit": "<path d='M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5'/>",
    "actual_size": "<path d='M6 7v10M18 7v10M4 8.5 6 7M16 8.5 18 7M12 10v.2M12 14v.2'/>",
    "previous_photo": "<path d='M15 5l-7 7 7 7'/>",
    "next_photo": "<path d='M9 5l7 7-7 7'/>",
    "hide": "<path d='M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5"
    "c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12z'/>"
    "<circle cx='12' cy='12' r='3'/>",
    "hidden": "<path d='M3 10c2.5 3.5 5.5 5 9 5s6.5-1.5 9-5M6 14l-1.5 2.5M12 15v3M18 14l1.5 2.5'/>",
    "lock": "<path d='M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3'/>",
    "unlocked": "<path d='M5 11h14v9H5zM8 11V7a4 4 0 0 1 7.5-1.5'/>",
    "delete": "<path d='M4 6.5h16M9 6V4h6v2M6.5 7l1 13h9l1-13M10 10.5v6M14 10.5v6'/>",
    "move_up": "<path d='M6 14l6-6 6 6'/>",
    "move_down": "<path d='M6 10l6 6 6-6'/>",
    "reopen": "<path d='M4 20l1-4L16.5 4.5l3 3L8 19z'/>",
    "add": "<path d='M12 5v14M5 12h14'/>",
    "warning": "<path d='M12 4 2.5 20h19zM12 10v4.5M12 17v.3'/>",
    "notice": "<circle cx='12' cy='12' r='9'/><path d='M12 11v6M12 7.5v.3'/>",
    "close": "<path d='M6 6l12 12M18 6 6 18'/>",
}

_SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='{colour}' stroke-width='1.8' "
    "stroke-linecap='round' stroke-linejoin='round'>{drawing}</svg>"
)
_MODES = (
    (QIcon.Mode.Normal, QPalette.ColorGroup.Active, QPalette.ColorRole.WindowText),
    (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText),
    (QIcon.Mode.Selected, QPalette.ColorGroup.Active, QPalette.ColorRole.HighlightedText),
)
_SIZES = (16, 20, 24, 32, 48, 64)


def icon(name: str) -> QIcon:
    """Draw the icon of a name; an empty icon where there is no drawing of that name."""
    made = QIcon()
    drawing = _DRAWINGS.get(name)
    if drawing is None:
        return made
    palette = QGuiApplication.palette()
    for mode, group, role in _MODES:
        colour = palette.color(group, role).name()
        renderer = QSvgRenderer(QByteArray(_SVG.format(colour=colour, drawing=drawing).encode()))
        for size in _SIZES:
            made.addPixmap(_drawn(renderer, size), mode)
    return made


def _drawn(renderer: QSvgRenderer, size: int) -> QPixmap:
    picture = QPixmap(QSize(size, size))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture
