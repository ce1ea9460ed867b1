"""OCRBench v2: trees, tables, charts, documents and fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.evals.ocr.documents import document_similarity
from zppo.evals.ocr.fields import fields_similarity, gold_fields, read_fields
from zppo.evals.ocr.html import gold_html_table, html_table
from zppo.evals.ocr.tables import chart_table, markdown_table, read_chart, table_similarity
from zppo.evals.ocr.trees import Tree, tree_distance

Shape = tuple[str, list["Shape"]]
SHAPES: st.SearchStrategy[Shape] = st.recursive(
    st.tuples(st.sampled_from("ab"), st.just([])),
    lambda inner: st.tuples(st.sampled_from("ab"), st.lists(inner, max_size=3)),
    max_leaves=6,
)


def tree(shape: Shape) -> Tree[str]:
    return Tree(shape[0], [tree(child) for child in shape[1]])


def distance(a: Shape, b: Shape) -> float:
    return tree_distance(tree(a), tree(b), lambda x, y: float(x != y))


def by_recursion(a: list[Shape], b: list[Shape]) -> float:
    """The definition: of two forests, the last roots go, come, or are kept."""
    if not a or not b:
        return sum(1 + by_recursion(shape[1], []) for shape in [*a, *b])
    (x, inner_x), (y, inner_y) = a[-1], b[-1]
    return min(
        by_recursion([*a[:-1], *inner_x], b) + 1,
        by_recursion(a, [*b[:-1], *inner_y]) + 1,
        by_recursion(a[:-1], b[:-1]) + by_recursion(inner_x, inner_y) + (x != y),
    )


@given(SHAPES, SHAPES)
def test_the_distance_of_trees_is_that_of_the_definition(a: Shape, b: Shape) -> None:
    assert distance(a, b) == by_recursion([a], [b]) == distance(b, a)


def test_a_deep_tree_is_no_deep_recursion() -> None:
    deep = inner = Tree("x")
    for _ in range(3000):
        inner = inner.add("x")
    assert tree_distance(deep, Tree("x"), lambda a, b: 0.0) == 3000


ROWS = "<tr><td>a</td><td>b</td></tr><tr><td>c</td><td>dd</td></tr>"
GOLD = f"<html><body><table>{ROWS}</table></body></html>"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (GOLD, 1.0),
        (f"Here it is:\n```html\n<table border='1'>\n{ROWS}</table>\n```", 1.0),
        (f"<table>{ROWS}", 1.0),
        ("<table><tr><td>a<td>b<tr><td>c<td>dd</table>", 1.0),
        (GOLD.replace("dd", "dx"), 1 - 0.5 / 6),
        (GOLD.replace("<td>b</td>", "<th>b</th>"), 1 - 1 / 6),
        (GOLD.replace("<td>b</td>", "<td colspan=2>b</td>"), 1 - 1 / 6),
        (GOLD.replace("<td>b</td>", ""), 1 - 1 / 6),
        (GOLD.replace(">b<", "><b>b</b><"), 1 - (2 / 3) / 7),
        (f"<table><tbody>{ROWS}</tbody></table>", 1 - 1 / 7),
        (GOLD.replace("<td>b", "<td colspan='many'>b"), 0.0),
        ("| a | b |", 0.0),
        ("", 0.0),
    ],
)
def test_teds_of_tables_in_html(answer: str, score: float) -> None:
    assert table_similarity(html_table(answer), gold_html_table(GOLD)) == pytest.approx(score)


def test_a_table_within_a_cell_is_content_of_the_cell() -> None:
    nested = html_table("<table><tr><td>x<table><tr><td>y</td></tr></table></td><td>z</td></tr></table>")
    assert nested is not None
    (line,) = nested.tree.children
    assert ["".join(cell.label.content) for cell in line.children] == [
        "x<table><tr><td>y</td></tr></table>",
        "z",
    ]
    assert nested.elements == 6


def test_a_gold_may_lack_the_tags_around_its_rows() -> None:
    assert table_similarity(html_table(GOLD), gold_html_table(ROWS)) == 1.0


def test_teds_of_tables_in_markdown_whatever_the_fence() -> None:
    gold = markdown_table("| a | b |\n|---|---|\n| 1 | |\n| 2 | y |")
    assert table_similarity(markdown_table("```markdown\n| a | b |\n|:--|--:|\n| 1 | |\n| 2 | y |\n```"), gold) == 1.0
    assert table_similarity(markdown_table("| a | b |\n|---|---|\n| 1 | |"), gold) == pytest.approx(1 - 3 / 9)


def test_teds_of_charts_given_as_dictionaries() -> None:
    gold = chart_table({"title": "Sales", "2020": "12"})
    said = read_chart("```python\ndata = {'title': 'Sales', '2020': '13'}  # from the bars\n```")
    assert said == {"title": "Sales", "2020": "13"}
    assert table_similarity(chart_table(said), gold) == pytest.approx(1 - (1 / 3) / 6)
    for nothing in ("", "no chart", "[1, 2]", "{'a': ", "{" * 2000):
        assert read_chart(nothing) == {}


DOCUMENT = "# Report\nfirst line\nsecond line\n## Results\nthird line"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (DOCUMENT, 1.0),
        ("# Other\nwords that\nare not the same\n## At all\nhere", 1.0),
        ("# Report\nfirst line\n## Results\nthird line", 1 - 1 / 7),
        ("# Report\nfirst line\n\n## Results\nthird line", 1 - 1 / 7),
        ("# Report\nfirst line\n***\n## Results\nthird line", 1 - 1 / 7),
        ("", 1 - 5 / 7),
    ],
)
def test_a_document_is_compared_by_its_shape_alone(answer: str, score: float) -> None:
    assert document_similarity(answer, DOCUMENT) == pytest.approx(score)


def test_lines_under_a_title_that_stood_before_belong_to_the_first() -> None:
    assert document_similarity("# A\nx\n# A\ny", "# A\nx\ny\n# A") == 1.0
    assert document_similarity("no title\n#\nmore", "no title\nmore\n#") < 1.0


@pytest.mark.parametrize(
    "text",
    [
        '{"total": "30", "date": "1 May"}',
        "{'total': '30', 'date': '1 May'}",
        '```json\n{"total": 30, "date": "1 May"}\n```',
        "total: 30, date: 1 May",
    ],
)
def test_fields_are_read_from_json_python_and_pairs(text: str) -> None:
    assert read_fields(text) == {"total": "30", "date": "1 May"}


@pytest.mark.parametrize("text", ["", "[1, 2]", '"text"', "{1: 2}", "nothing here"])
def test_what_holds_no_fields_gives_none(text: str) -> None:
    assert read_fields(text) == {}


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ({"total": "30", "date": "1 May"}, 1.0),
        ({"total": " 3 0", "date": "MAY 1"}, 1.0),
        ({"total": "30"}, 0.5),
        ({"total": "31", "date": "1 May"}, 0.5),
        ({"total": "30", "date": "1 May", "shop": "x"}, 2 / 3),
        ({}, 0.0),
    ],
)
def test_the_share_of_right_fields_counts_missing_wrong_and_extra_ones(said: dict[str, str], score: float) -> None:
    assert fields_similarity(said, {"total": ["30"], "date": ["1 May", "May 1"]}) == pytest.approx(score)


def test_gold_fields_are_the_text_of_a_dictionary() -> None:
    wanted = {"total": ["30"], "date": ["1", "2"]}
    for text in ('{"total": 30, "date": ["1", "2"], "shop": null}', "{'total': '30', 'date': ['1', '2']}"):
        assert gold_fields(text) == wanted
    assert gold_fields('"{\\"total\\": 30, \\"date\\": [1, 2]}"') == wanted
    with pytest.raises(ValueError, match="should be a dictionary of fields, not '30'"):
        gold_fields("30")
