"""Scripted annotating, one deterministic step after the other, for the tests of session, journal and kill."""

import json
import random
import sys
from pathlib import Path

from isegformer_app.document import PHOTO, Annotation, Click, MaskCrop, OverlapRule, Status
from isegformer_app.document.edits import AcceptMask, AddClick, Paint, RemoveClick, ReopenObject
from isegformer_app.document.errors import DocumentError
from isegformer_app.document.object_edits import (
    DeleteObject,
    LockObject,
    NewClass,
    NewObject,
    RenameObject,
    ReorderObject,
    SetStatus,
)
from isegformer_app.files.document_json import state_json
from isegformer_app.files.journal import Journal
from tests.app.files.drawing import CLASSES, Mask, disk

SIZE = (30, 40)


def blank() -> Annotation:
    return Annotation((1, *SIZE), CLASSES)


def act(annotation: Annotation, seed: int) -> None:
    """Do one thing that an annotator might do, chosen by `seed`; what the document refuses is not done."""
    chance = random.Random(seed)
    ids = [each.id for each in annotation.objects]
    if not ids:
        annotation.apply(NewObject(annotation.state.next_object_id, annotation.classes[0].id))
        return
    target = chance.choice(ids)
    row, col = chance.randrange(SIZE[0]), chance.randrange(SIZE[1])
    spot: Mask = disk(SIZE, row, col, chance.randrange(1, 12))
    crop, rule = MaskCrop.of(spot), chance.choice(list(OverlapRule))
    deeds = [
        lambda: annotation.apply(NewObject(annotation.state.next_object_id, annotation.classes[-1].id, "neu ☃")),
        lambda: annotation.apply(AddClick(target, PHOTO, Click(row, col, chance.random() < 0.7))),
        lambda: annotation.apply(AcceptMask(target, PHOTO, crop, rule)),
        lambda: annotation.apply(Paint(target, PHOTO, crop, is_erasing=chance.random() < 0.3, rule=rule)),
        lambda: annotation.apply(ReopenObject(target, PHOTO, crop if chance.random() < 0.5 else None)),
        lambda: annotation.apply(RemoveClick(target, PHOTO, 0)),
        lambda: annotation.apply(DeleteObject(target)),
        lambda: annotation.apply(RenameObject(target, f"name {row}")),
        lambda: annotation.apply(LockObject(target, chance.random() < 0.3)),
        lambda: annotation.apply(ReorderObject(target, 0)),
        lambda: annotation.apply(NewClass(f"class {row}")),
        lambda: annotation.apply(SetStatus(chance.choice(list(Status)))),
        annotation.undo,
        annotation.undo,
        annotation.redo,
    ]
    try:
        chance.choice(deeds)()
    except DocumentError:
        return


def described(annotation: Annotation) -> str:
    """Everything that must not be lost, in comparable words."""
    layers = [layer.tolist() for layer in annotation.label_map.layers if layer.any()]
    return json.dumps([state_json(annotation.state), layers])


def after(steps: int) -> Annotation:
    """The annotation after `steps` things done."""
    annotation = blank()
    for seed in range(steps):
        act(annotation, seed)
    return annotation


def annotate_for_ever(folder: Path) -> None:
    """Go on until somebody kills this process; says after each step that it is done."""
    annotation = blank()
    journal = Journal(folder)
    journal.watch(folder / "photo.png", "hash", annotation)
    seed = 0
    while True:
        act(annotation, seed)
        seed += 1
        print(seed, flush=True)


if __name__ == "__main__":
    annotate_for_ever(Path(sys.argv[1]))
