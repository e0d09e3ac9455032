"""Errors of the document.

DocumentError
+-- EditError   an edit cannot be applied: unknown object, locked object, point or box outside
+-- ShapeError  an array does not have the shape or type that the document needs
"""


class DocumentError(Exception):
    """Any expected failure of the document; `str(error)` is one sentence for the user."""


class EditError(DocumentError):
    """An edit cannot be applied to the annotation as it is; nothing was changed."""


class ShapeError(DocumentError):
    """An array does not have the shape or type that the document needs."""
