"""Published numbers on the datasets of the paper, each with the text that it was read in.

*C+L* is training on COCO and LVIS. VOC's rows of iSegFormer count the last object of each image only, and so do its
ssTEM and OAI-ZIB; *second-hand* means read in another project's text than the method's own.
"""

from dataclasses import dataclass, field

PUBLISHED_CLICKS = 20
"""Most clicks an object, in all of these numbers."""

_SETS = ("grabcut", "berkeley", "sbd", "davis", "voc", "coco_mval")

# Method, source, and NoC@85/NoC@90 on the sets in the order of _SETS; - where nothing was published.
_NOC = """\
iSegFormer-B3 C+L | iSegFormer, table 3 | 1.98/- 2.54/- 4.10/- 4.11/- 2.26/- -/-
iSegFormer-B5 C+L | iSegFormer, tables 3 and 4 | 1.62/- 2.13/- 3.78/- 3.97/- 2.08/- -/-
HRFormer-B C+L | iSegFormer, table 4 | -/- 1.84/- 4.53/- 4.80/- 2.62/- -/-
RITM HRNet32 C+L | iSegFormer, table 3 | 1.46/- 1.43/- 3.59/- 4.11/- 2.19/- -/-
RITM HRNet18 SBD | RITM's README | 1.76/2.04 -/3.22 3.39/5.43 4.94/6.71 2.51/- -/4.39
RITM HRNet18 baseline C+L | RITM's README | 1.54/1.70 -/2.48 4.26/6.86 4.79/6.00 2.59/- -/3.58
RITM HRNet18s C+L | RITM's README | 1.54/1.68 -/2.60 4.04/6.48 4.70/5.98 2.57/- -/3.33
RITM HRNet18 C+L | RITM's README | 1.42/1.54 -/2.26 3.80/6.06 4.36/5.74 2.28/- -/2.98
RITM HRNet32 C+L | RITM's README | 1.46/1.56 -/2.10 3.59/5.71 4.11/5.34 2.57/- -/2.97
FocalClick HRNet18s-S1 C+L | ClickSEG's README | 1.64/1.88 1.84/2.89 4.74/7.29 4.77/6.56 3.24/3.91 2.89/4.00
FocalClick HRNet18s-S2 C+L | ClickSEG's README | 1.48/1.62 1.60/2.23 4.43/6.79 3.90/5.23 2.93/3.46 2.61/3.59
FocalClick HRNet32-S2 C+L | ClickSEG's README | 1.64/1.80 1.70/2.36 4.24/6.61 4.01/5.39 2.80/3.35 2.62/3.65
FocalClick B0-S1 C+L | ClickSEG's README | 1.60/1.86 2.05/3.29 4.98/7.60 5.13/7.42 3.54/4.22 3.08/4.21
FocalClick B0-S2 C+L | ClickSEG's README | 1.40/1.66 1.59/2.27 4.56/6.86 4.04/5.49 2.97/3.52 2.65/3.59
FocalClick B3-S2 C+L | ClickSEG's README | 1.44/1.50 1.55/1.92 3.53/5.59 3.61/4.90 2.46/2.88 2.32/3.12
FocalClick B3-S2, 8 datasets | ClickSEG's README | 1.22/1.26 1.35/1.48 3.70/5.84 2.92/4.52 2.54/2.96 2.51/3.33
CDNet ResNet34 C+L | ClickSEG's README | 1.40/1.52 1.47/2.06 4.30/7.04 4.27/5.56 2.74/3.30 2.51/3.88
SimpleClick ViT-B C+L | FocSAM, table 1 (second-hand) | -/1.48 -/1.97 -/5.62 -/5.06 -/- -/-
SimpleClick ViT-L C+L | FocSAM, table 1 (second-hand) | -/1.40 -/1.89 -/4.89 -/4.81 -/- -/-
SimpleClick ViT-H C+L | FocSAM, table 1 (second-hand) | -/1.50 -/1.75 -/4.70 -/4.78 -/- -/-
SAM ViT-H | FocSAM, table 1 (second-hand) | -/1.88 -/2.09 -/7.62 -/5.19 -/- -/-
FocSAM ViT-H | FocSAM, table 1 | -/1.32 -/1.47 -/4.69 -/4.77 -/- -/-
InterFormer-Light | FocSAM, table 1 (second-hand) | -/1.50 -/3.14 -/6.34 -/6.19 -/- -/-
InterFormer-Tiny | FocSAM, table 1 (second-hand) | -/1.36 -/2.53 -/5.51 -/5.21 -/- -/-
SegNext ViT-B SAx1 C+L | SegNext's README | -/- -/- -/- -/5.46 -/- -/-
SegNext ViT-B SAx2 C+L | SegNext's README | -/- -/- -/- -/5.34 -/- -/-
SegNext ViT-B SAx2 C+L+HQSeg-44K | SegNext's README | -/- -/- -/- -/4.43 -/- -/-
f-BRS-B HRNet32 | FocSAM, table 1 (second-hand) | -/1.69 -/2.44 -/7.26 -/6.50 -/- -/-
iSegFormer-B5, trained on VOC | iSegFormer, table 2 | -/- -/- -/- -/- 2.59/3.23 -/-
iSegFormer-B2, trained on VOC | iSegFormer, table 2 | -/- -/- -/- -/- 2.72/3.44 -/-
HRNet18, trained on VOC | iSegFormer, table 2 | -/- -/- -/- -/- 2.85/3.46 -/-
"""

_CLICKS = (1, 3, 5, 10)

# Method, and the mean IoU in percent after 1, 3, 5 and 10 clicks on BraTS, ssTEM and OAI-ZIB; all trained on C+L.
_IOU_SETS = ("brats", "sstem", "oai_zib")
_IOU_SOURCE = "PiClick's plotting script (second-hand)"
_IOU = """\
RITM HRNet18 | 8.6/46.4/73.4/87.9 34.9/84.4/91.0/93.8 13.5/45.5/64.3/79.2
RITM HRNet32 | 8.7/51.7/77.1/88.4 35.3/89.3/92.5/93.9 19.5/50.2/67.5/80.1
FocalClick B0-S1 | 10.0/27.3/51.6/81.5 29.4/72.0/85.6/91.9 30.5/48.4/61.9/74.7
FocalClick B0-S2 | 11.1/40.8/67.7/85.7 25.4/78.7/86.4/92.4 30.9/51.2/64.1/77.0
FocalClick B3-S2 | 13.2/57.0/77.8/88.6 28.1/85.3/91.1/93.9 28.0/55.8/67.6/79.9
SimpleClick ViT-B | 9.7/43.3/70.3/87.0 28.5/63.2/87.2/93.7 17.3/47.5/62.0/76.0
SimpleClick ViT-L | 12.1/60.3/77.9/88.4 7.7/70.3/90.1/94.3 11.5/49.1/65.4/77.3
SimpleClick ViT-H | 17.4/65.6/79.8/89.0 5.7/61.7/89.3/94.1 14.4/53.0/67.4/77.6
"""


@dataclass(frozen=True)
class Published:
    """What was published of one method on one dataset; IoU in percent by the number of clicks."""

    method: str
    source: str
    noc85: float | None = None
    noc90: float | None = None
    ious: dict[int, float] = field(default_factory=dict)


def published_on(dataset: str) -> list[Published]:
    """Give the published rows of a dataset, none where there are none."""
    return [*_noc_rows(dataset), *_iou_rows(dataset)]


def _noc_rows(dataset: str) -> list[Published]:
    rows = []
    for line in _NOC.splitlines() if dataset in _SETS else ():
        method, source, cells = (part.strip() for part in line.split("|"))
        noc85, noc90 = (_number(part) for part in cells.split()[_SETS.index(dataset)].split("/"))
        if noc85 is not None or noc90 is not None:
            rows.append(Published(method, source, noc85, noc90))
    return rows


def _iou_rows(dataset: str) -> list[Published]:
    rows = []
    for line in _IOU.splitlines() if dataset in _IOU_SETS else ():
        method, cells = (part.strip() for part in line.split("|"))
        values = map(float, cells.split()[_IOU_SETS.index(dataset)].split("/"))
        rows.append(Published(method, _IOU_SOURCE, ious=dict(zip(_CLICKS, values, strict=True))))
    return rows


def _number(text: str) -> float | None:
    return None if text == "-" else float(text)
