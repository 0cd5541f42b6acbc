"""What the long form measured: each long test notes its figures, the run prints them as a table and keeps them as JSON.

The file is `.anmen/long-form.json`, or ANMEN_TEST_FIGURES; docs/testing.md holds the figures of the last run that was written down.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Figures = dict[str, int | float]


def figures_file(root: Path) -> Path:
    """Where the figures of this checkout are kept."""
    return Path(os.environ.get("ANMEN_TEST_FIGURES") or root / ".anmen" / "long-form.json")


class FigureBook:
    """The figures of one run; written at once, so that a run which is broken off has them too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.noted: dict[str, Figures] = {}

    @contextmanager
    def noting(self, name: str) -> Iterator[Figures]:
        """A dict for a test to fill; its seconds are added at the end, whatever the end is."""
        figures: Figures = {}
        began = time.perf_counter()
        try:
            yield figures
        finally:
            figures["seconds"] = round(time.perf_counter() - began, 1)
            self.noted[name] = figures
            self._write()

    def table(self) -> list[str]:
        """One line a test."""
        width = max(map(len, self.noted), default=0)
        return [
            f"{name:<{width}}  " + ", ".join(f"{value:,} {what}" for what, value in figures.items())
            for name, figures in self.noted.items()
        ]

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+", encoding="utf-8") as file:
            # Two workers write it.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            kept = json.loads(file.read() or "{}")
            file.truncate(0)
            file.write(json.dumps({**kept, **self.noted}, indent=2) + "\n")
