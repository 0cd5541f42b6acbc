"""What the flash is written on: named regions, each a file in the lock's own folder.

The five ways to write are the only ones, so that a test can cut the power at each of them (memory.py).
"""

import os
from pathlib import Path
from typing import Protocol


class Medium(Protocol):
    """Named regions of bytes. What was written is safe only after `sync` of its region; `erase` is safe when it returns."""

    def names(self) -> list[str]:
        """Regions there are, sorted."""

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes of a region; empty where there is no such region."""

    def write(self, name: str, content: bytes) -> None:
        """Write the region anew."""

    def patch(self, name: str, offset: int, content: bytes) -> None:
        """Write over a part of it, or on from its end."""

    def truncate(self, name: str, length: int) -> None:
        """Cut its end off."""

    def sync(self, name: str) -> None:
        """Return once all that was written to the region would survive a power cut."""

    def erase(self, name: str) -> None:
        """Give the region up for reuse."""

    def close(self) -> None:
        """Let go of open files."""


class FolderMedium:
    """Regions as files of one folder. With `keep_erased`, erased ones go into its folder `erased` and stay readable."""

    ERASED = "erased"

    def __init__(self, folder: Path, *, keep_erased: bool = False) -> None:
        self._folder = folder
        self._keep_erased = keep_erased
        self._open: tuple[str, int] | None = None
        self._unlisted: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if keep_erased:
            (folder / self.ERASED).mkdir(exist_ok=True, mode=0o700)

    def names(self) -> list[str]:
        """Regions there are, sorted."""
        return sorted(entry.name for entry in os.scandir(self._folder) if entry.is_file())

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes of a region; empty where there is no such region."""
        try:
            with (self._folder / name).open("rb", buffering=0) as region:
                region.seek(offset)
                return region.read(-1 if length is None else length) or b""
        except FileNotFoundError:
            return b""

    def write(self, name: str, content: bytes) -> None:
        """Write the region anew."""
        descriptor = self._descriptor(name)
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        _write_all(descriptor, content)

    def patch(self, name: str, offset: int, content: bytes) -> None:
        """Write over a part of it, or on from its end."""
        descriptor = self._descriptor(name)
        os.lseek(descriptor, offset, os.SEEK_SET)
        _write_all(descriptor, content)

    def truncate(self, name: str, length: int) -> None:
        """Cut its end off."""
        os.ftruncate(self._descriptor(name), length)

    def sync(self, name: str) -> None:
        """Return once all that was written to the region would survive a power cut."""
        os.fsync(self._descriptor(name))
        if name in self._unlisted:
            self._sync_folder(self._folder)
            self._unlisted.discard(name)

    def erase(self, name: str) -> None:
        """Give the region up for reuse."""
        if self._open and self._open[0] == name:
            self.close()
        path = self._folder / name
        if self._keep_erased:
            path.rename(self._folder / self.ERASED / name)
            self._sync_folder(self._folder / self.ERASED)
        else:
            path.unlink(missing_ok=True)
        self._sync_folder(self._folder)

    def close(self) -> None:
        """Let go of open files."""
        if self._open:
            os.close(self._open[1])
            self._open = None

    def _descriptor(self, name: str) -> int:
        """The region's file, kept open: nearly all writes go to the same one."""
        if self._open and self._open[0] == name:
            return self._open[1]
        self.close()
        path = self._folder / name
        if not path.exists():
            self._unlisted.add(name)
        self._open = (name, os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return self._open[1]

    @staticmethod
    def _sync_folder(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
