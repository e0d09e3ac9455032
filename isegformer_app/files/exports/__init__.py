"""Exports: masks as the annotator sees them, in the formats of other programs, each read back before it counts."""

from .classes import ClassList, write_class_table
from .coco import write_coco, write_coco_photos
from .effort_csv import write_effort
from .indexed_png import object_names, write_class_png, write_indexed_png, write_object_pngs
from .labelme import write_labelme
from .report import Export, Picture, Watch
from .voc import write_voc, write_voc_classes
from .yolo import write_yolo, write_yolo_classes

__all__ = [
    "ClassList",
    "Export",
    "Picture",
    "Watch",
    "object_names",
    "write_class_png",
    "write_class_table",
    "write_coco",
    "write_coco_photos",
    "write_effort",
    "write_indexed_png",
    "write_labelme",
    "write_object_pngs",
    "write_voc",
    "write_voc_classes",
    "write_yolo",
    "write_yolo_classes",
]
