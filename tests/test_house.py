"""The house checks itself: who imports whom, what is documented, what is never committed."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from ml_connector.model import errors
from support import house

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
TESTS = ROOT / "tests"
MODULES = sorted(SOURCE.rglob("*.py"))

RECORDS = {"systems.quickbooks.records", "systems.salesforce.records"}
WIRING = {"files", "restored", "vault", "settings", "signing", "clock", "world", "custody", "clients", "app"}
BELOW_THE_SERVICE = {"model", "systems", "accounting", "flows", "store", "engine", *WIRING}

ALLOWED = {
    "model": {"model"},
    "clock": {"clock"},
    "systems": {"model", "clock", "systems"},
    "accounting": {"model", "accounting", *RECORDS},
    "flows": {"model", "accounting", "flows", *RECORDS},
    "store": {"model", "files", "store"},
    "engine": {"model", "clock", "store", "engine"},
    "files": {"model", "files"},
    "vault": {"model", "files", "vault"},
    "settings": {"model", "files", "settings", "accounting.templates"},
    "signing": {"model", "settings", "signing", "vault"},
    "world": {"clock", "engine.ports", "systems.http"},
    "restored": {"model", "clock", "files", "store", "restored"},
    "custody": {"model", "clock", "store", "vault", "systems.quickbooks.auth"},
    "clients": {"model", "clock", "store", "vault", "settings", "systems", "world", "custody"},
    "app": BELOW_THE_SERVICE,
    "tieout": {"model", "accounting", "systems", "store", "tieout"},
    "service": {"service", "tieout", *BELOW_THE_SERVICE},
    "actions": {"actions", "service", "tieout", *BELOW_THE_SERVICE},
    "cli": {"cli", "actions", "files", "model"},
    "cli.commands.rehearse": {"cli", "actions", "model", "rehearsal"},
    "cli.commands.serve": {"cli", "actions", "model", "web"},
    "web": {"web", "actions", "model"},
    "rehearsal": {"rehearsal", "actions", "model", "accounting", "settings", "clock", "systems.http", "systems.network",
                  "systems.quickbooks.records"},
    "rehearsal.live": {"rehearsal", "actions", "model", "clock", "web.server"},
    "rehearsal.inside": {"actions", "model", "store.rows", "systems.quickbooks.records"},
    "rehearsal.scenario.installation": {"rehearsal", "app", "custody", "model", "settings", "store", "vault", "world",
                                        "systems.quickbooks.auth"},
    "rehearsal.scenario.check_rules": {"rehearsal", "accounting", "flows.parties", "model", "systems.wire", *RECORDS},
    "docs": {"docs", "model", "settings", "rehearsal.scenario.published"},
}  # fmt: skip
"""What each room of ml_connector may import, from the bottom up; of a file in it, where it has a row of its own."""


EMULATOR_ROOMS: Mapping[str, Mapping[str, set[str]]] = {
    "quickbooks": {
        "kinds": set(),
        "rules": {"kinds"},
        "query": {"kinds", "rules"},
        "webhooks": set(),
        "signin": set(),
    },
    "salesforce": {
        "schema": set(),
        "query": {"schema"},
        "rules": {"schema"},
        "saving": {"schema", "query", "rules"},
        "signin": set(),
        "rest": {"schema", "query", "rules", "saving"},
        "bulk": {"schema", "query", "saving", "rest"},
        "tooling": {"schema", "query", "rules", "rest"},
        "actions": {"schema", "rules", "saving", "signin", "tooling"},
    },
}
"""Which rooms of the same vendor a room of an emulator may import, from the bottom up."""


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _imports(path: Path) -> set[str]:
    """Full names of the modules of ours that a file imports."""
    package = ".".join(path.relative_to(SOURCE).with_suffix("").parts[:-1])
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            found |= {f"{base}.{alias.name}" for alias in node.names} | {base}
    return {name for name in found if name.startswith(("ml_connector", "ml_emulators"))}


def _row(path: Path) -> str:
    """The row of ALLOWED that is about a file: the longest of which its name begins with."""
    name = _module(path).removeprefix("ml_connector.")
    return max((row for row in ALLOWED if f"{name}.".startswith(f"{row}.")), key=len, default="")


def _module(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def _fits(name: str, allowed: set[str]) -> bool:
    inner = name.removeprefix("ml_connector").removeprefix(".")
    return not inner or any(
        inner == each or inner.startswith(f"{each}.") or each.startswith(f"{inner}.") for each in allowed
    )


def _forbidden(path: Path) -> set[str]:
    """What a file imports and may not."""
    imports = _imports(path)
    if path.is_relative_to(SOURCE / "ml_emulators"):
        return {name for name in imports if name.startswith("ml_connector")}
    foreign = {name for name in imports if name.startswith("ml_emulators")}
    if path == SOURCE / "ml_connector/__init__.py":
        return foreign
    return foreign | {name for name in imports if not _fits(name, ALLOWED[_row(path)])}


def test_imports_run_one_way() -> None:
    assert {_module(path): names for path in MODULES if (names := _forbidden(path))} == {}


@pytest.mark.parametrize("vendor", EMULATOR_ROOMS)
def test_rooms_of_an_emulator_stand_on_those_below(vendor: str) -> None:
    rooms, base = EMULATOR_ROOMS[vendor], f"ml_emulators.{vendor}."
    folders = {path.parent.name for path in (SOURCE / "ml_emulators" / vendor).glob("*/*.py")}
    assert folders == rooms.keys()
    too_much = {
        room: above
        for room, below in rooms.items()
        for path in (SOURCE / "ml_emulators" / vendor / room).rglob("*.py")
        if (above := {name.removeprefix(base).partition(".")[0] for name in _imports(path)} & folders - below - {room})
    }
    assert too_much == {}
    assert _cycles(rooms) == []


def _cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    cycles: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for imported in graph[module]:
            if imported not in order:
                visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in stack:
                lowest[module] = min(lowest[module], order[imported])
        if lowest[module] == order[module]:
            at = stack.index(module)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                cycles.append(sorted(component))

    for module in graph:
        if module not in order:
            visit(module)
    return cycles


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {_module(path): path for path in MODULES}
    graph = {name: (_imports(path) & modules.keys()) - {name, *_packages_of(name)} for name, path in modules.items()}
    assert _cycles(graph) == []
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]


def _packages_of(module: str) -> set[str]:
    """The packages a module is in: `from .b import c` runs their `__init__` too, which was run before."""
    parts = module.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts))}


INSIDE = {"store", "vault", "quickbooks", "salesforce", "tables", "runtime", "connection", "world", "rules", "settings"}
"""What an `App` is made of. Doors and rehearsals pass it on to actions and do not look into it."""


@pytest.mark.parametrize(
    "path", [path for path in MODULES if _row(path).startswith(("cli", "web", "rehearsal"))], ids=_module
)
def test_doors_do_not_look_into_the_installation(path: Path) -> None:
    if _module(path) in ("ml_connector.rehearsal.inside", "ml_connector.rehearsal.scenario.installation"):
        return
    looks = [
        f"{node.lineno}: app.{node.attr}"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "app"
    ]
    assert [look for look in looks if look.partition(".")[2] in INSIDE] == []


@pytest.mark.parametrize(("vendor", "other"), [("quickbooks", "salesforce"), ("salesforce", "quickbooks")])
@pytest.mark.parametrize("package", ["ml_connector/systems", "ml_emulators"])
def test_vendors_never_import_each_other(package: str, vendor: str, other: str) -> None:
    for path in (SOURCE / package / vendor).rglob("*.py"):
        assert not [name for name in _imports(path) if f".{other}" in name], path


VENDOR_FILES = {
    *("records", "auth", "calls", "query", "reading", "writing", "lookup", "matching", "arrivals", "faults", "client")
}


@pytest.mark.parametrize("vendor", ["quickbooks", "salesforce"])
def test_who_knows_one_vendor_folder_knows_the_other(vendor: str) -> None:
    there = {path.stem for path in (SOURCE / "ml_connector/systems" / vendor).iterdir()}
    assert there >= VENDOR_FILES


def test_the_engine_names_no_vendor_and_no_flow() -> None:
    named = re.compile(r"quickbooks|salesforce|invoice|opportunity|journal_|customer", re.IGNORECASE)
    for path in (SOURCE / "ml_connector/engine").rglob("*.py"):
        code = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Name | ast.Attribute | ast.alias)]
        words = {getattr(node, "id", getattr(node, "attr", getattr(node, "name", ""))) for node in code}
        assert not [word for word in words if named.search(word)], path


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function with the name that the tables of `support.house` have for it: its file and its own."""
    for path in MODULES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(SOURCE)} {node.name}", node


def _lines_of_docstring(node: ast.AST) -> int:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return 0
    text = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    return 0 if text is None else (text.end_lineno or 0) - text.lineno + 1


def _spells_a_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float) or node.value in ("float", "float64")
    name = getattr(node, "id", getattr(node, "attr", ""))
    return name in ("float", "__float__", "as_float", "astype", "float_", "float32", "float64", "fsum")


def _makes_a_float(node: ast.AST) -> bool:
    """Converts a number; a literal or an annotation does not."""
    called = node.func if isinstance(node, ast.Call) else None
    name = getattr(called, "id", getattr(called, "attr", ""))
    return name in ("float", "__float__", "as_float", "astype")


def _places(spelled: Callable[[ast.AST], bool], rooms: tuple[Path, ...]) -> set[str]:
    """The functions, or `file line` outside of any, in which something is spelled."""
    return {
        f"{path.relative_to(SOURCE)} {_around(node, path) or getattr(node, 'lineno', 0)}"
        for path in MODULES
        if any(path.is_relative_to(room) for room in rooms)
        for node in ast.walk(_tree(path))
        if spelled(node)
    }


def _around(node: ast.AST, path: Path) -> str:
    """The name of the innermost function that a node is in; blank if it is in none."""
    functions = (each for each in ast.walk(_tree(path)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((each.name for each in reversed(list(functions)) if node in ast.walk(each)), "")


def test_no_float_near_money() -> None:
    """By whatever spelling; what a float is for instead stands beside its place in the tables."""
    rooms = tuple(SOURCE / "ml_connector" / room for room in house.NEAR_MONEY)
    assert all(room.exists() for room in rooms)
    assert _places(_spells_a_float, rooms) == house.FLOATS.keys()
    assert _places(_makes_a_float, (SOURCE,)) == house.MADE_FLOATS.keys()


@pytest.mark.parametrize(
    "text", ["float(x)", "x.__float__()", "def f(x: float): ...", "0.1", "frame.astype('float64')", "x: 'float'"]
)
def test_a_float_is_recognised_by_any_spelling(text: str) -> None:
    assert any(map(_spells_a_float, ast.walk(ast.parse(text))))
    assert not any(map(_spells_a_float, ast.walk(ast.parse("Decimal('0.1') + 1 + floating('a float')"))))


def test_a_file_reads_in_one_sitting() -> None:
    assert [_module(path) for path in MODULES if path.read_text().count("\n") > 400] == []


def test_most_functions_are_short() -> None:
    """As short as they are today; those that are longer than 45 lines are known, and only become shorter.

    What most are is counted without docstrings: nobody shall leave out a contract to keep a number.
    """
    lengths = [(name, (node.end_lineno or 0) - node.lineno + 1) for name, node in _functions()]
    sizes = sorted(
        length - _lines_of_docstring(node) for (_, length), (_, node) in zip(lengths, _functions(), strict=True)
    )
    assert sizes[len(sizes) // 2] <= 5
    assert sizes[int(len(sizes) * 0.9)] <= 13
    long = {name: length for name, length in lengths if length > 45}
    assert long.keys() == house.LONG_FUNCTIONS.keys()
    assert [name for name, length in long.items() if length > house.LONG_FUNCTIONS[name]] == []


def test_most_files_are_short() -> None:
    sizes = sorted(
        path.read_text().count("\n") - sum(map(_lines_of_docstring, ast.walk(_tree(path)))) for path in MODULES
    )
    assert sizes[len(sizes) // 2] <= 102
    assert sizes[int(len(sizes) * 0.9)] <= 230


def test_every_error_has_a_sentence_and_a_remedy_and_an_exit_status() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ConnectorError)]
    assert len(kinds) > 6
    for kind in kinds:
        assert kind.__doc__
        error = kind("It is so.", "Do this.")
        assert (error.sentence, error.remedy) == ("It is so.", "Do this.")
        assert kind.exit_status in (1, 2, 3)
        assert kind.__name__ in (errors.__doc__ or "")


def _committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_registry_host_is_named() -> None:
    hosts = re.compile(r"py[p]i[.]org|python[h]osted|[n]pmjs[.](org|com)|deb[.]d[e]bian", re.IGNORECASE)
    named = [path for path in _committed() if hosts.search(path.read_text(errors="replace"))]
    assert named == []


def test_no_recording_is_committed() -> None:
    assert [path for path in _committed() if "recorded" in path.relative_to(ROOT).parts] == []
    assert [path for path in _committed() if path.name in ("uv.lock", "package-lock.json")] == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|NotImplemented[E]rror)\b")
    assert [path for path in MODULES if marks.search(path.read_text())] == []


def test_only_named_errors_are_suppressed() -> None:
    broad = {"Exception", "BaseException", "ConnectorError"}
    for path in MODULES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("suppress", "contextlib.suppress"):
                assert broad.isdisjoint(map(ast.unparse, node.args)), f"{path}:{node.lineno}"


def _swallows(node: ast.AST) -> bool:
    """Does it drop an error? A handler that only passes, continues or returns nothing, or `suppress`."""
    if isinstance(node, ast.With | ast.AsyncWith):
        return any(
            ast.unparse(item.context_expr).startswith(("suppress(", "contextlib.suppress(")) for item in node.items
        )
    if not isinstance(node, ast.ExceptHandler) or len(node.body) != 1:
        return False
    (only,) = node.body
    nothing = isinstance(only, ast.Return) and (only.value is None or ast.unparse(only.value) == "None")
    return nothing or isinstance(only, ast.Pass | ast.Continue)


def _unexplained(text: str) -> list[int]:
    """The lines where an error is dropped and neither a comment nor what the function says of None tells why."""
    lines, tree = text.splitlines(), ast.parse(text)
    told = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and "None" in (ast.get_docstring(function) or "")
        for node in ast.walk(function)
        if isinstance(node, ast.ExceptHandler)
    }
    dropped = [node for node in ast.walk(tree) if _swallows(node) and node not in told]
    return [
        node.lineno
        for node in dropped
        if isinstance(node, ast.ExceptHandler | ast.With | ast.AsyncWith)
        and not any("#" in line for line in lines[node.lineno - 2 : node.body[0].lineno])
    ]


def test_nothing_is_silently_swallowed() -> None:
    assert {_module(path): lines for path in MODULES if (lines := _unexplained(path.read_text()))} == {}


@pytest.mark.parametrize("body", ["pass", "continue", "return", "return None"])
def test_a_swallowed_error_is_recognised(body: str) -> None:
    text = f"def f():\n for x in y:\n  try:\n   g()\n  except ValueError:\n   {body}\n"
    assert _unexplained(text) == [5]
    assert _unexplained(text.replace("ValueError:", "ValueError:  # it is no number")) == []
    assert _unexplained("with suppress(OSError):\n g()\n") == [1]


def _mirrored(test: Path) -> bool:
    """Is there a source module, or a package, that the test is named after?"""
    folder, name = test.parent.relative_to(TESTS), test.stem.removeprefix("test_")
    inner = Path(*folder.parts[1:])
    source = SOURCE / "ml_emulators" / inner if folder.parts[:1] == ("emulators",) else SOURCE / "ml_connector" / folder
    return any((source / there).exists() for there in (f"{name}.py", name, f"_{name}.py"))


def test_tests_mirror_source_files() -> None:
    """Each test file is named after a source file, or after a theme that the table lists for its folder."""
    themes: dict[str, set[str]] = {}
    for test in TESTS.rglob("test_*.py"):
        if not _mirrored(test):
            themes.setdefault(str(test.parent.relative_to(TESTS)), set()).add(test.stem.removeprefix("test_"))
    assert themes == {folder: set(names.split()) for folder, names in house.THEMES.items()}


def test_each_rule_of_the_flows_is_covered() -> None:
    """By a test file of its own, or by the folder of cases that the table names for it."""
    flows = SOURCE / "ml_connector/flows"
    modules = [path.relative_to(flows) for path in flows.rglob("*.py") if path.stem != "__init__"]
    own = {path for path in modules if (TESTS / "flows" / path.parent / f"test_{path.name}").exists()}
    assert {str(path.with_suffix("")) for path in modules if path not in own} == house.CASES.keys()
    assert [name for name in house.CASES.values() if not list((TESTS / "flows/cases" / name).glob("*/given.*"))] == []
