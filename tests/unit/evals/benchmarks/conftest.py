"""A folder of files beside the rows."""

from pathlib import Path

import pytest
from benchrows import Folder


@pytest.fixture
def files(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
