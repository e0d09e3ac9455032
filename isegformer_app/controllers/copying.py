"""Objects of one photo on another: for pictures of the same scene, where little has moved."""

from dataclasses import dataclass

from isegformer_app.document import Annotation, Edit, EditError, LabelObject, MaskCrop, OverlapRule, Shape, SliceKey
from isegformer_app.document.edits import Batch, ReplaceMask
from isegformer_app.document.object_edits import NewObject

from .photo import Photo

_TITLE = "Copy objects"


@dataclass(frozen=True, slots=True, eq=False)
class CopiedObjects:
    """Objects with their pixels on one slice, without their clicks, which were made on other pixels."""

    shape: Shape
    key: SliceKey
    objects: tuple[tuple[LabelObject, MaskCrop], ...]

    @classmethod
    def of(cls, photo: Photo) -> "CopiedObjects":
        """Take those of a photo that have pixels."""
        annotation, key = photo.annotation, photo.viewpoint.key
        masks = ((each, MaskCrop.of(annotation.mask(each.id, key))) for each in annotation.objects)
        return cls(annotation.shape, key, tuple((each, mask) for each, mask in masks if not mask.is_empty))

    def edit(self, target: Annotation, rule: OverlapRule) -> Edit:
        """Make the one step that puts them on another photo; raises `EditError` where that has another size."""
        if target.shape != self.shape:
            _, rows, cols = self.shape
            raise EditError(f"The objects were not copied: this photo is not {cols} x {rows} pixels as the one before.")
        edits: list[Edit] = []
        for number, (each, mask) in enumerate(self.objects, start=target.state.next_object_id):
            # A name that was made from class and number is made anew.
            label_class = target.state.find_class(each.class_id)
            is_made = label_class is not None and each.name == f"{label_class.name} {each.id}"
            edits.append(NewObject(number, each.class_id, "" if is_made else each.name, each.colour))
            edits.append(ReplaceMask(number, self.key, mask, _TITLE, rule))
        return Batch(tuple(edits), _TITLE)
