"""What the fields of a settings class are for: the strings that stand below them in its source."""

import ast
import inspect
from itertools import pairwise


def described(settings: type) -> dict[str, str]:
    """Give the description of each field that has one, in one line; none where the source is not at hand."""
    found: dict[str, str] = {}
    for parent in reversed(settings.__mro__[:-1]):
        try:
            (tree,) = ast.parse(inspect.getsource(parent)).body
        except (OSError, TypeError, ValueError, SyntaxError):
            continue
        if isinstance(tree, ast.ClassDef):
            for field, below in pairwise(tree.body):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _text(below):
                    found[field.target.id] = " ".join(_text(below).split())
    return found


def _text(node: ast.stmt) -> str:
    value = node.value if isinstance(node, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
