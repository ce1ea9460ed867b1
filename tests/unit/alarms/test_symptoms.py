"""docs/symptoms.md has an entry for every alarm, and for none that does not exist."""

import re
from pathlib import Path

from zppo.alarms import ALARMS

PAGE = (Path(__file__).parents[3] / "docs" / "symptoms.md").read_text("utf-8")


def test_alarms_and_entries_are_the_same() -> None:
    names = [alarm.name for alarm in ALARMS]
    assert len(set(names)) == len(names)
    assert sorted(re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE)) == sorted(names)


def test_every_entry_says_why_and_what_to_do() -> None:
    entries = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    lacking = [entry.splitlines()[0] for entry in entries if "**Why**" not in entry or "**Do**" not in entry]
    assert lacking == []
