"""JSON that people edit: read strictly, and every mistake has its line."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import yaml


class JsonError(Exception):
    """The text is no JSON, or says a thing twice: its author's fault. The message begins with the line."""


def loads(text: str) -> Any:
    """What ``text`` says. JsonError if it is not valid, or has a key twice in one object."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise JsonError(f"line {error.lineno}: this is no JSON: {error.msg}") from None
    except _Twice:
        line, key = next(_doubles(_compose(text)))
        raise JsonError(f'line {line}: "{key}" is here for the second time: give it another number or name') from None


def line_of(text: str, path: Sequence[int | str]) -> int:
    """The line on which valid JSON has the value at ``path``; of what is missing, where its parent begins."""
    node, line = _compose(text), 1
    for name in path:
        found = next((pair for pair in _pairs(node) if pair[0].value == str(name)), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise _Twice
    return table


def _compose(text: str) -> yaml.Node:
    """JSON is YAML, whose parser knows the lines; only tabs it does not like."""
    return yaml.compose(text.replace("\t", " "), yaml.SafeLoader)


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    """Names and values of an object; of a list its places, which begin where the values do."""
    if isinstance(node, yaml.SequenceNode):
        places = [yaml.ScalarNode("", str(place), value.start_mark) for place, value in enumerate(node.value)]
        return list(zip(places, node.value, strict=True))
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def _doubles(node: yaml.Node) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for key, value in _pairs(node):
        if key.value in seen:
            yield key.start_mark.line + 1, key.value
        seen.add(key.value)
        yield from _doubles(value)
