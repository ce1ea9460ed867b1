"""Repositories of the sources: a local folder or a Hub repository, as a list of files to open or fetch."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from huggingface_hub import HfApi, HfFileSystem, hf_hub_download
from huggingface_hub.errors import HFValidationError, HTTPError

from zppo.errors import DataError


@dataclass(frozen=True, order=True)
class SourceFile:
    """`path` relative to the repository; `size` in bytes."""

    path: str
    size: int


class Repository(Protocol):
    """A source. `local` is true if a column can be read from disk, without a download."""

    name: str
    revision: str | None
    local: bool

    def files(self) -> list[SourceFile]:
        """All files, sorted by path."""
        ...

    def open(self, file: SourceFile) -> BinaryIO:
        """The file with random access, read in pieces."""
        ...

    def fetch(self, file: SourceFile) -> Path:
        """Local path of the whole file. An interrupted download is resumed."""
        ...


class LocalFolder:
    """A folder in the layout of the Hub repository. Files are read in place."""

    revision: str | None = None
    local = True

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def files(self) -> list[SourceFile]:
        found = (Path(root, name) for root, _, names in os.walk(self._folder) for name in names)
        return sorted(SourceFile(p.relative_to(self._folder).as_posix(), p.stat().st_size) for p in found)

    def open(self, file: SourceFile) -> BinaryIO:
        return self.fetch(file).open("rb")

    def fetch(self, file: SourceFile) -> Path:
        path = self._folder / file.path
        if not path.is_file() or path.stat().st_size != file.size:
            raise DataError(f"{path}: the file was changed or removed while the corpus was being built")
        return path


class HubRepository:
    """A dataset repository of the Hugging Face Hub at one commit; files go into the Hub's cache (`HF_HOME`)."""

    local = False

    def __init__(self, repository: str, revision: str | None = None) -> None:
        """`revision`: a branch, tag or commit. Raises DataError if the repository does not exist or is unreachable."""
        self.name = repository
        with _hub_errors(repository):
            self.revision = HfApi().dataset_info(repository, revision=revision).sha

    def files(self) -> list[SourceFile]:
        with _hub_errors(self.name):
            tree: Iterable[Any] = HfApi().list_repo_tree(
                self.name, recursive=True, revision=self.revision, repo_type="dataset"
            )
            return sorted(SourceFile(entry.path, entry.size) for entry in tree if hasattr(entry, "size"))

    def open(self, file: SourceFile) -> BinaryIO:
        with _hub_errors(self.name):
            return HfFileSystem().open(f"datasets/{self.name}@{self.revision}/{file.path}", "rb", block_size=1 << 20)

    def fetch(self, file: SourceFile) -> Path:
        with _hub_errors(self.name):
            return Path(hf_hub_download(self.name, file.path, repo_type="dataset", revision=self.revision))


class FetchedCopy:
    """A repository whose files are opened locally, after a download if needed."""

    local = True

    def __init__(self, repository: Repository) -> None:
        self.name = repository.name
        self.revision = repository.revision
        self._repository = repository

    def files(self) -> list[SourceFile]:
        return self._repository.files()

    def open(self, file: SourceFile) -> BinaryIO:
        return self.fetch(file).open("rb")

    def fetch(self, file: SourceFile) -> Path:
        return self._repository.fetch(file)


def open_repository(name: str) -> Repository:
    """A local folder, or a Hub name such as `org/name` or `org/name@revision`. Raises DataError if it is neither."""
    if Path(name).is_dir():
        return LocalFolder(Path(name))
    repository, _, revision = name.partition("@")
    if Path(name).exists() or repository.startswith((".", "/", "~")) or repository.count("/") != 1:
        raise DataError(f"{name}: neither a folder nor a dataset of the Hub (org/name)")
    return HubRepository(repository, revision or None)


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPError, HFValidationError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{repository}: the dataset cannot be read from the Hugging Face Hub ({reason}); "
            "check name, connection and login, or pass a local folder with the repository's files"
        ) from error
