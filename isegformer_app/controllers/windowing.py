"""The grey window of the volume on the desk, and what the network sees of it."""

from isegformer_app.document.normalisation import DISPLAY, Normalisation
from isegformer_app.document.windowing import PRESETS, Window, dragged
from isegformer_app.files.volumes.windows import AUTOMATIC, automatic

from .photo import Photo
from .segmenting import SegmentingController


class Windowing:
    """Changes how values are shown. Only where the network sees the display window is anything asked anew."""

    def __init__(self, segmenting: SegmentingController) -> None:
        """Work on what `segmenting` has open."""
        self._segmenting = segmenting

    @property
    def photo(self) -> Photo | None:
        """The grey volume on the desk; None where there is none."""
        photo = self._segmenting.photo
        return photo if photo is not None and photo.is_grey_volume else None

    def windows(self) -> dict[str, Window]:
        """Windows to choose from, by name: those of the file, and of a CT the presets."""
        photo = self.photo
        if photo is None or photo.image is None:
            return {}
        named = {each.name: (each.low, each.high) for each in photo.image.windows}
        return named | (PRESETS if photo.image.modality == "CT" else {})

    def show(self, window: Window) -> None:
        """Show values through another window."""
        photo = self.photo
        if photo is None or window == photo.viewpoint.window:
            return
        photo.viewpoint.window = window
        self._segmenting.show_again()

    def choose(self, name: str) -> bool:
        """Show the window of a name; whether there is one. A preset is for CT, but nobody is kept from it."""
        window = (PRESETS | self.windows()).get(name)
        if window is not None:
            self.show(window)
        return window is not None

    def show_header(self) -> None:
        """Show the window that the file asks for."""
        photo = self.photo
        if photo is not None and photo.image is not None:
            self.show((photo.image.windows[0].low, photo.image.windows[0].high))

    def show_automatic(self) -> None:
        """Show all but the darkest and the brightest values of the volume."""
        photo = self.photo
        if photo is not None:
            known = self.windows().get(AUTOMATIC)
            found = automatic(photo.volume.array) if known is None else None
            self.show(known or ((found.low, found.high) if found is not None else (0.0, 1.0)))

    def drag(self, right: float, down: float) -> None:
        """Widen and move the window by logical pixels."""
        photo = self.photo
        if photo is not None and photo.viewpoint.window is not None and photo.image is not None:
            first = photo.image.windows[0]
            self.show(dragged(photo.viewpoint.window, right, down, first.high - first.low))

    def settle(self) -> None:
        """The window is not being changed any more: a network that sees it is asked anew."""
        photo = self.photo
        normalisation = None if photo is None else photo.viewpoint.normalisation
        if normalisation is not None and normalisation.name == DISPLAY:
            self._segmenting.ask_anew()

    def show_network(self, name: str) -> None:
        """Let the network see the values through the window of a name, or as the screen does."""
        photo = self.photo
        if photo is None or photo.viewpoint.window is None:
            return
        window = photo.viewpoint.window if name == DISPLAY else self.windows().get(name)
        if window is not None:
            photo.viewpoint.normalisation = Normalisation(name, *window)
            self._segmenting.ask_anew()
