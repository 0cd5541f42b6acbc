"""The C core as a black box: one line asks, one line answers."""

import subprocess
from pathlib import Path
from typing import Any

from tests.c_reference.built import CORE, HERE, OPENSSL, SANITISED, build

DRIVER_SOURCES = [*sorted(HERE.glob("driver*.c")), HERE / "words.c", HERE / "shapes_up.c", OPENSSL, *CORE]


def build_driver(folder: Path) -> Path:
    """The driver under both sanitizers."""
    return build(folder / "driver", DRIVER_SOURCES, *SANITISED)


class Driver:
    """One running driver. An error that a sanitizer finds ends it, and the test that asked."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words: object) -> str:
        """Send words (bytes become hexadecimal, truth values 0 and 1) and read the answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(" ".join(_word(word) for word in words) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer.endswith("\n"), "the driver died; what the sanitizer said stands above"
        return answer.strip()

    def ask_bytes(self, *words: object) -> bytes:
        """Like `ask`, where the answer is bytes."""
        return from_hex(self.ask(*words))

    def close(self) -> None:
        """End it; it must have had nothing to complain of, leaks included."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdout:
            self._process.stdin.close()
            assert self._process.wait(timeout=10) == 0


def from_hex(word: str) -> bytes:
    """What the driver prints for bytes."""
    return b"" if word == "-" else bytes.fromhex(word)


def text(said: str) -> bytes:
    """A text as the driver takes it."""
    return said.encode()


def _word(word: object) -> str:
    if isinstance(word, bytes):
        return word.hex() or "-"
    if isinstance(word, bool):
        return str(int(word))
    return str(word)


def plain_value(value: Any) -> Any:
    """A vector's value: `{"hex": …}` stands for bytes."""
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) and "hex" in value else value
