"""Codes of the terms in medicine (SNOMED CT) for the names of classes, as DICOM-SEG wants them."""

import re
from typing import Any

_ABNORMAL = (
    *("tumour", "tumor", "neoplasm", "lesion", "mass", "metastasis", "nodule", "cyst", "edema", "oedema"),
    *("hemorrhage", "haemorrhage", "necrosis", "infarct", "stone", "plaque", "aneurysm", "cancer", "carcinoma"),
)
_OWN_SCHEME = "99ISEGFORMER"
_LONGEST_CODE, _LONGEST_MEANING = 16, 64
_BRITISH = {"tumour": "neoplasm", "tumor": "neoplasm", "oedema": "edema", "haemorrhage": "hemorrhage"}


def codes_of(class_name: str) -> tuple[Any, Any]:
    """Category and type of a class: the term of that name, or a code of our own that carries the name.

    Plurals, capitals and what stands between words do not count.
    """
    from highdicom.sr import CodedConcept
    from pydicom.sr.codedict import codes

    sct: Any = codes.SCT
    words = re.findall(r"[a-z0-9]+", class_name.casefold())
    is_abnormal = any(word.rstrip("s") in _ABNORMAL for word in words)
    category = sct.MorphologicallyAbnormalStructure if is_abnormal else sct.AnatomicalStructure
    for candidate in _keywords(words):
        found = getattr(sct, candidate, None)
        if found is not None:
            return category, found
    meaning = " ".join(class_name.split())[:_LONGEST_MEANING] or "object"
    value = re.sub(r"[^A-Z0-9]", "", meaning.upper())[:_LONGEST_CODE] or "OBJECT"
    return category, CodedConcept(value, _OWN_SCHEME, meaning)


def _keywords(words: list[str]) -> list[str]:
    """The ways that pydicom's dictionary may spell these words."""
    singular = [word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words]  # noqa: PLR2004 - “gas”
    plain, single = ([_BRITISH.get(word, word) for word in spelling] for spelling in (words, singular))
    return ["".join(word.capitalize() for word in spelling) for spelling in (plain, single) if spelling]
