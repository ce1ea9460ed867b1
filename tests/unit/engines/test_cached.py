"""The cache around an engine keeps the contract of an engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract import TextEngineContract
from flaky import FlakyServer
from talk import asking, talk

from zppo.teacher.cache import CachedEngine


class TestCache(TextEngineContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[CachedEngine]:
        with FlakyServer(talk) as server, asking(server) as engine:
            cached = CachedEngine(tmp_path / "c.db", engine)
            yield cached
            cached.close()
