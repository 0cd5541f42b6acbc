"""Fuzz one target, guided by coverage: python -m tests.fuzz.fuzz <target> <folder for the corpus> [libFuzzer options].

Needs atheris (in the dependency group `fuzz`; there are wheels for Linux on x86-64). Ends by itself with libFuzzer's figures.
"""

import importlib
import sys
from pathlib import Path

_WATCHED = ["firmware_protocol", "device_sim", "service.entry", "face_engine.image_headers"]


def main(name: str, corpus: Path, options: list[str]) -> None:
    """Run until libFuzzer is done; a finding ends the process with its input written beside the corpus."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=_WATCHED):
        targets = importlib.import_module("tests.fuzz.targets")
    target = targets.TARGETS[name]
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number:03d}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), *options], lambda raw: target.feed(bytes(raw)) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
