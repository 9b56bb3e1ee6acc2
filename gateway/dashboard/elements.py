"""Plain HTML elements for NiceGUI that send the browser what has changed, and nothing else.

The parts of tables have their roles written out: on narrow screens the style sheet takes tables apart, and some browsers
then take away what they mean to a screen reader.
"""

from enum import StrEnum

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement


class Text(TextElement):
    """One text in one HTML element. ``mark`` becomes its data-testid, ``label`` its data-label, for narrow screens."""

    def __init__(self, tag: str, text: str = "", classes: str = "", mark: str = "", label: str = "") -> None:
        super().__init__(tag=tag, text=text)
        self.classes(classes)
        attributes = {"data-testid": mark, "data-label": label}
        self.props.update({name: value for name, value in attributes.items() if value})

    def show(self, text: str, tone: StrEnum | None = None) -> None:
        """Show ``text``, coloured by ``tone``."""
        self.text = text
        attribute(self, "data-tone", tone)


def box(tag: str, classes: str = "", mark: str = "", **attributes: str) -> Element:
    """An element that holds others. An underscore in an attribute's name stands for a hyphen."""
    element = ui.element(tag).classes(classes)
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    element.props.update(named | ({"data-testid": mark} if mark else {}))
    return element


def attribute(element: Element, name: str, value: str | None) -> None:
    """Set an HTML attribute, or take it away; nothing is sent if that changes nothing."""
    if element.props.get(name) != value:
        element.props.set_optional(name, value)


def header_row(*titles: str) -> None:
    """A table's head; a title that ends in "#" stands above numbers."""
    with box("thead", role="rowgroup"), box("tr", role="row"):
        for title in titles:
            cell = Text("th", title.rstrip("#"), "number" if title.endswith("#") else "")
            cell.props.update({"scope": "col", "role": "columnheader"})


def cell(column: str, mark: str = "") -> Text:
    """A table's cell below a column's title as in header_row."""
    text = Text("td", mark=mark, label=column.rstrip("#"), classes="number" if column.endswith("#") else "")
    text.props["role"] = "cell"
    return text


def fact(name: str, mark: str) -> Text:
    """A named value in a description list; the value is returned."""
    with box("div"):
        Text("dt", name)
        return Text("dd", mark=mark)
