"""CharXiv's questions on a figure: 19 descriptive ones, and the answer formats of the reasoning ones.

The rows hold only the numbers of the questions. The wording here is our own, the content the benchmark's.
"""

NOT_APPLICABLE = "'Not Applicable'"
_SHARED = "An axis that several subplots share counts for each of them."
_BOTTOM = f"Of two x-axes, above and below the plot, take the lower one. {_SHARED}"
_LEFT = f"Of two y-axes, left and right of the plot, take the left one. {_SHARED}"
_NO_SCALE = "Leave out units and scales that stand apart from the tick, at the axis label or in a corner."
_NO_LINES = (
    "Grid lines, tick marks and auxiliary lines do not count. "
    f"Without lines, or if this is no line plot: {NOT_APPLICABLE}."
)
_LEGEND = f"Only what belongs to this plot counts, wherever the legend stands. Without such a legend: {NOT_APPLICABLE}."
_COLORBAR = f"Leave out a percent sign. Without a colour bar with ticks that belongs to this plot: {NOT_APPLICABLE}."
_STEPS = f"Without numerical ticks, or if the differences are not all the same: {NOT_APPLICABLE}."

DESCRIPTIVE: dict[int, tuple[str, str]] = {
    1: (
        "what is its title?",
        f"Only a title that is written counts. Without one, or if it is but a letter: {NOT_APPLICABLE}.",
    ),
    2: ("what is the label of the x-axis?", f"{_BOTTOM} Without a written label: {NOT_APPLICABLE}."),
    3: ("what is the label of the y-axis?", f"{_LEFT} Without a written label: {NOT_APPLICABLE}."),
    4: ("what is the leftmost labeled tick on the x-axis?", f"{_BOTTOM} {_NO_SCALE}"),
    5: ("what is the rightmost labeled tick on the x-axis?", f"{_BOTTOM} {_NO_SCALE}"),
    6: ("what is the spatially lowest labeled tick on the y-axis?", f"{_LEFT} {_NO_SCALE}"),
    7: ("what is the spatially highest labeled tick on the y-axis?", f"{_LEFT} {_NO_SCALE}"),
    8: (
        "what is the difference between consecutive numerical tick values on the x-axis?",
        f"{_BOTTOM} {_NO_SCALE} {_STEPS}",
    ),
    9: (
        "what is the difference between consecutive numerical tick values on the y-axis?",
        f"{_LEFT} {_NO_SCALE} {_STEPS}",
    ),
    10: ("how many lines are there?", _NO_LINES),
    11: ("do any lines intersect?", f"The answer is Yes or No. {_NO_LINES}"),
    12: ("how many discrete labels are there in the legend?", _LEGEND),
    13: (
        "what are the names of the labels in the legend?",
        f"List them from top to bottom, then from left to right, separated by commas. {_LEGEND}",
    ),
    14: (
        "what is the difference between the maximum and minimum values of the tick labels on the continuous legend "
        "(the colour bar)?",
        _COLORBAR,
    ),
    15: ("what is the maximum value of the tick labels on the continuous legend (the colour bar)?", _COLORBAR),
    16: (
        "what is the general trend of data from left to right?",
        "The answer is a few words, such as 'increases' or 'increases then stabilizes'.",
    ),
    17: ("what is the total number of explicitly labeled ticks across all axes?", _SHARED),
    18: (
        "What is the layout of the subplots?",
        "The answer is 'n by m': n rows and m columns. Without subplots: '1 by 1'.",
    ),
    19: ("What is the number of subplots?", "Without subplots: '1'."),
}
"""Question and rule by number. All but the last two are about one subplot."""

ABOUT_THE_FIGURE = (18, 19)

RUBRIC: dict[int, str] = {
    1: "title",
    **dict.fromkeys(range(2, 8), "text"),
    **dict.fromkeys((8, 9, 10, 12, 14, 15, 17, 19), "number"),
    11: "yes_no",
    13: "list",
    16: "trend",
    18: "layout",
}
"""Judge template of each descriptive question."""

REASONING = {
    1: "The answer is text that stands in the chart. Separate several terms by commas. Unless the question asks "
    "otherwise, give full names of subplots and labels.",
    2: "Where the question gives options, the answer is one of them; where it gives further instructions, they hold. "
    "Otherwise the answer is a short phrase.",
    3: "The answer is a number that stands in the chart, if only approximately; it may be part of a text.",
}
"""Format of an answer, by kind: 1 text in the chart, 2 text in general, 3 a number in the chart."""
NUMBER_IN_GENERAL = 4
"""The fourth kind: a number that must be computed, to as many decimal places as the gold has."""


def decimals(gold: str) -> str:
    """Format of an answer of the fourth kind."""
    places = len(gold.partition(".")[2])
    return f"The answer is a number with {places} decimal places." if places else "The answer is a whole number."
