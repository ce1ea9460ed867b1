"""The files beside the rows of a benchmark: videos, subtitles, frames. Members of zip archives are found as well.

An archive counts as unpacked in its folder: `videos/a.zip` with the member `b/c.mp4` gives
`videos/b/c.mp4`. A member is unpacked at its first use.
"""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from zppo.errors import DataError


class Folder:
    """`root` in the layout of the data's repository; members of archives are unpacked to `unpacked`."""

    def __init__(self, root: Path, unpacked: Path) -> None:
        self.root = root
        self._unpacked = unpacked

    def find(self, name: str) -> Path | None:
        """A local file, or None. Raises DataError for a path outside of the folder, or a broken archive."""
        inside = _inside(name)
        path = self.root / inside
        if path.is_file():
            return path
        archive = self._members.get(inside.as_posix())
        return self._unpack(*archive, self._unpacked / inside) if archive else None

    def names(self, folder: str) -> Sequence[str]:
        inside = _inside(folder)
        on_disk = (path.relative_to(self.root).as_posix() for path in (self.root / inside).rglob("*") if path.is_file())
        begin = "" if inside == PurePosixPath(".") else f"{inside}/"
        return sorted({*on_disk, *(name for name in self._members if name.startswith(begin))})

    @cached_property
    def _members(self) -> dict[str, tuple[Path, str]]:
        """Archive and member by the member's path."""
        found: dict[str, tuple[Path, str]] = {}
        for archive in sorted(self.root.rglob("*.zip")):
            try:
                with zipfile.ZipFile(archive) as members:
                    names = [info.filename for info in members.infolist() if not info.is_dir()]
            except (OSError, zipfile.BadZipFile) as error:
                raise DataError(f"{archive}: not a zip archive that can be read ({error}); fetch it again") from error
            where = PurePosixPath(archive.relative_to(self.root).parent.as_posix())
            found |= {(where / name).as_posix(): (archive, name) for name in names}
        return found

    def _unpack(self, archive: Path, member: str, target: Path) -> Path:
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as part:
                try:
                    with zipfile.ZipFile(archive) as members, members.open(member) as content:
                        shutil.copyfileobj(content, part)
                except (OSError, zipfile.BadZipFile) as error:
                    Path(part.name).unlink()
                    raise DataError(f"{archive}: {member!r} cannot be unpacked ({error}); fetch it again") from error
            os.replace(part.name, target)
        return target


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{name!r} is no path inside the benchmark's data")
    return path
