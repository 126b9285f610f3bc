"""Sentences and remedies as they stand in the source: `SomeError("It is so.", "Do this.")`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec

from ml_connector.model.errors import ConnectorError

_FILLED_IN = re.compile(r"(?<!\\)\*[^*]*\*")


class Message(msgspec.Struct, frozen=True):
    """One message. What is filled in later stands in italics."""

    kind: type[ConnectorError]
    sentence: str
    remedy: str


def messages_in(module: ModuleType) -> Iterator[Message]:
    """Every message that `module` makes of two texts: in a call of an error, or in a table of errors."""
    for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text("utf-8"))):
        parts = _parts(node)
        for at, part in enumerate(parts[:-2]):
            kind = _named(part, module)
            if isinstance(kind, type) and issubclass(kind, ConnectorError):
                texts = [_text(argument, module) for argument in parts[at + 1 : at + 3]]
                if _FILLED_IN.sub("", texts[0]).strip(" .:()"):
                    yield Message(kind, texts[0], "what the second line says" if _is_unknown(texts[1]) else texts[1])


def _is_unknown(text: str) -> bool:
    return not _FILLED_IN.sub("", text).strip()


def _parts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [node.func, *node.args]
    return node.elts if isinstance(node, ast.Tuple) else []


def _named(node: ast.expr, module: ModuleType) -> object:
    return getattr(module, node.id, None) if isinstance(node, ast.Name) else None


def _text(node: ast.expr, module: ModuleType) -> str:
    """The text of an expression, as a cell of a table."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("*", "\\*").replace("|", "\\|").replace("  ", " ").strip("\n")
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(value, module) for value in node.values)
    if isinstance(node, ast.FormattedValue):
        return f"*{_name(node.value)}*"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, module) + _text(node.right, module)
    constant = _named(node, module)
    return constant if isinstance(constant, str) else f"*{_name(node)}*"


def _name(node: ast.expr) -> str:
    """The word for a value that is known only when it happens."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").replace("_", " ")
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_").replace("_", " ")
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.Call):
        return _of_call(node)
    return "..."


def _of_call(node: ast.Call) -> str:
    """`safe(file)` is about the file, and so is `file.partition("x")`."""
    if node.args and not isinstance(node.args[0], ast.Constant):
        return _name(node.args[0])
    return _name(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
