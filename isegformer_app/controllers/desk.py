"""The photo on the desk: which object is worked on, and what is asked about it."""

from isegformer_app.document import LabelObject, MaskCrop, OverlapRule, Prompt, SliceKey
from isegformer_app.inference import Request

from .answers import PromptId
from .photo import Photo


class Desk:
    """Questions about the open photo and its active object; changes nothing but which object is active."""

    def __init__(self, photo: Photo | None = None) -> None:
        """Start with nothing open."""
        self.photo = photo
        self.rule = OverlapRule.KEEP

    @property
    def active(self) -> LabelObject | None:
        """The object that clicks and strokes go to; None: the next click starts one."""
        if self.photo is None:
            return None
        return self.photo.annotation.state.find_object(self.photo.viewpoint.active_object)

    @property
    def prompt(self) -> Prompt:
        """Clicks of the active object on the slice shown."""
        active = self.active
        return Prompt() if active is None or self.photo is None else active.prompt(self.photo.viewpoint.key)

    def make_active(self, object_id: int | None) -> None:
        """Send clicks and strokes to another object; new objects then take its class."""
        if self.photo is not None:
            self.photo.viewpoint.active_object = object_id
            active = self.active
            if active is not None:
                self.photo.viewpoint.active_class = active.class_id

    def class_for_new(self) -> int:
        """Class of the next object: the one in hand, or the first where that was deleted."""
        if self.photo is None:
            return 1
        state = self.photo.annotation.state
        return (state.find_class(self.photo.viewpoint.active_class) or state.classes[0]).id

    def is_new(self, target: LabelObject) -> bool:
        """Whether the object never had an accepted pixel and no mask to set out from."""
        if self.photo is None or any(each.start is not None or each.accepted for each in target.prompts.values()):
            return False
        return not self.photo.annotation.mask(target.id, self.photo.viewpoint.key).any()

    def start_from_pixels(self, target: LabelObject) -> MaskCrop | None:
        """Mask to set out from where the object has pixels here that no clicks explain."""
        if self.photo is None:
            return None
        key = self.photo.viewpoint.key
        prompt = target.prompt(key)
        if prompt.clicks or prompt.start is not None or prompt.is_open:
            return None
        mask = self.photo.annotation.mask(target.id, key)
        return MaskCrop.of(mask) if mask.any() else None

    def current(self) -> PromptId | None:
        """The open prompt of the active object, if there is something to answer."""
        if self.photo is None or self.active is None:
            return None
        return self.prompt_id(self.active, self.photo.viewpoint.key)

    def prompt_id(self, target: LabelObject, key: SliceKey) -> PromptId | None:
        """What is asked about an object on a slice; None where it is not open."""
        prompt = target.prompt(key)
        if self.photo is None or not prompt.is_open or not (prompt.clicks or prompt.start):
            return None
        return PromptId(self.photo.image_key(key), key, target.id, prompt.clicks, prompt.start)

    def request(self, prompt: PromptId) -> Request | None:
        """Put a prompt into the worker's words."""
        if self.photo is None:
            return None
        rgb = self.photo.rgb(prompt.key)
        previous = None if prompt.start is None else prompt.start.full((rgb.shape[0], rgb.shape[1]))
        return Request(prompt.image_key, rgb, prompt.key.index, prompt.object_id, prompt.clicks, previous)
