"""`zppo train --help`: every option of a recipe with its default, type and meaning, in colour on a terminal."""

import argparse
from typing import Any

from zppo.config.options import Section, sections

INDENT = 6


class TrainHelp(argparse.Action):
    """Prints the help of a parser and the options of a recipe, and ends. Only then are they read."""

    def __init__(self, option_strings: Any, dest: str, **options: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="show this help and end")

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        from rich.console import Console

        console = Console(highlight=False)  # on standard output; without colours where that is no terminal
        console.print(parser.format_help(), markup=False, soft_wrap=True)
        console.print("options of a recipe, each with its default, its type and its meaning:", style="bold")
        for section in sections():
            _print_section(console, section)
        console.print(
            "\n--training.NAME VALUE goes to transformers.TrainingArguments, where it is documented", markup=False
        )
        parser.exit()


def _print_section(console: Any, section: Section) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if section.name:
        about = f": {section.text}" if section.text else ""
        console.print(Text.assemble("\n", (section.name, "bold"), about))
    for option in section.options:
        if option.name in ("training", "programs"):  # one is a section of its own, the other is written by runs
            continue
        line = Text.assemble("  ", (f"--{option.name}", "cyan"), f" {option.default}", (f"  {option.kind}", "green"))
        console.print(line, soft_wrap=True)
        console.print(Padding(Text(option.meaning), (0, 0, 0, INDENT)))
