"""Which symbols follow from which: by an equation, else by the Python of a comment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from eqcheck.latex.names import family_member
from eqcheck.latex.nodes import (
    Call,
    Gradient,
    Node,
    Number,
    Partial,
    Symbol,
    names_in,
    remembered,
    walk,
)
from eqcheck.symbols.state import ANY, Definition, Given, State


def base_name(key: str) -> str:
    """The symbol of a key, without its layer."""
    return key.partition("^(")[0]


@remembered
def symbols_in(node: Node) -> frozenset[str]:
    """The keys of all symbols below a node; a layer that varies is any layer."""
    found: set[str] = set()
    for each in walk(node):
        if isinstance(each, Symbol):
            layer = each.layer
            if layer is None:
                found.add(each.name)
            elif isinstance(layer, Number):
                found.add(family_member(each.name, int(layer.value)))
            else:
                found.add(family_member(each.name, ANY))
    return frozenset(found)


def touches(reference: str, keys: set[str] | frozenset[str]) -> bool:
    """Whether a reference may mean one of the keys."""
    if reference in keys:
        return True
    name, layered, layer = reference.partition("^(")
    if not layered:
        return False
    if layer == f"{ANY})":
        return any(key.startswith(f"{name}^(") for key in keys)
    return family_member(name, ANY) in keys


def dependent(root: State, on: frozenset[str]) -> set[str]:
    """The keys of everything that may change when the keys `on` change."""
    keys = {*root.given, *root.definitions, *(name for name, _ in root.functions)}
    reads = {key: set(direct(root, key)) for key in keys - on}
    found = set(on)
    while True:
        more = {
            key
            for key, references in reads.items()
            if key not in found and any(touches(ref, found) for ref in references)
        }
        if not more:
            return found
        found |= more


def direct(root: State, key: str) -> Iterator[str]:
    """The references from which a symbol is made directly."""
    definitions = list(_definitions(root, key))
    for definition in definitions:
        own = {parameter.name for parameter in definition.parameters or ()}
        yield from symbols_in(definition.body) - own
    given = root.given.get(key)
    if given is not None and not definitions and not given.random:
        for alias in inputs(root, given):
            yield root.aliases[alias]


def sources_of(root: State, names: Iterable[str]) -> set[str]:
    """Symbols, and all that they follow from."""
    found: set[str] = set()
    todo = [*names]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [base_name(reference) for reference in direct(root, name)]
    return found


def leads_to(root: State, start: Iterable[str], goal: str) -> bool:
    """Whether following the references from `start` comes to `goal`."""
    seen: set[str] = set()
    todo = list(start)
    keys = {*root.given, *root.definitions, *(name for name, _ in root.functions)}
    while todo:
        reference = todo.pop()
        if touches(reference, {goal}):
            return True
        for key in keys:
            if key not in seen and touches(reference, {key}):
                seen.add(key)
                todo.extend(direct(root, key))
    return False


def _definitions(root: State, key: str) -> Iterator[Definition]:
    name, layered, _ = key.partition("^(")
    if key in root.definitions:
        yield root.definitions[key]
    elif layered and family_member(name, ANY) in root.definitions:
        yield root.definitions[family_member(name, ANY)]
    for (function, _arity), content in root.functions.items():
        if function == key and not hasattr(content, "content"):
            yield content


def inputs(root: State, given: Given) -> set[str]:
    """The Python names of symbols that a given expression still follows from."""
    return {name for name in _upstream(root, given) if name in root.aliases}


def stale_helpers(root: State, given: Given, changed: set[str]) -> list[str]:
    """Helpers between changed names and a given expression, in their order."""
    upstream = _upstream(root, given)
    stale = set(changed)
    ordered: list[str] = []
    for name, helper in root.helpers.items():
        if name in upstream and not helper.random and helper.python.names & stale:
            ordered.append(name)
            stale.add(name)
    return ordered


def _upstream(root: State, given: Given) -> set[str]:
    """All Python names that an expression reads, through helpers.

    A name that has been given anew since then is another one, so it is left out.
    """
    found: set[str] = set()
    todo = [given]
    while todo:
        current = todo.pop()
        for name in current.python.names - found:
            if current.versions.get(name, 0) == root.versions.get(name, 0):
                found |= {name, *root.families.get(name, ())}
                if name in root.helpers and not root.helpers[name].random:
                    todo.append(root.helpers[name])
    return found


def has_derivative(root: State, node: Node) -> bool:
    """Whether evaluating this takes a derivative, through definitions too."""
    key = ("has derivative", id(node))
    if key not in root.cache:
        root.cache[key] = node, _has_derivative(root, node)  # the node keeps its id
    found: bool = root.cache[key][1]
    return found


def _has_derivative(root: State, node: Node) -> bool:
    def bodies(name: str) -> Iterator[Node]:
        yield from (d.body for d in root.definitions.values() if d.name == name)
        yield from (d.body for d in _definitions(root, name))

    return reaches_derivative(node, bodies)


def reaches_derivative(node: Node, bodies: Callable[[str], Iterable[Node]]) -> bool:
    """Whether a derivative stands here or in the bodies of the symbols, and so on."""
    seen: set[str] = set()
    todo = [node]
    while todo:
        current = todo.pop()
        if _takes_derivative(current):
            return True
        for name in names_in(current) - seen:
            seen.add(name)
            todo += bodies(name)
    return False


@remembered
def _takes_derivative(node: Node) -> bool:
    return not node.kinds.isdisjoint({Partial, Gradient}) or any(
        isinstance(each, Call) and each.primes for each in walk(node)
    )
