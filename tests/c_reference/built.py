"""Building the C reference with the compiler of this machine, once a session, and saying why where that cannot be."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "firmware_protocol" / "c"
HERE = Path(__file__).parent
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion")
SANITISED = ("-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
CORE = sorted((SOURCES / "core").glob("*.c"))
OPENSSL = SOURCES / "ports" / "openssl_port.c"
FILE_FLASH = SOURCES / "ports" / "file_flash.c"


def why_not() -> str | None:
    """What this machine lacks to build the C reference; None when nothing."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return "there is no gcc (apt-get install gcc libc6-dev)"
    probe = "#include <openssl/evp.h>\n#if OPENSSL_VERSION_MAJOR < 3\n#error\n#endif\nint main(void) { return 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        command = [compiler, "-x", "c", "-", "-lcrypto", "-o", f"{folder}/probe"]
        done = subprocess.run(command, input=probe, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else "the headers of OpenSSL 3 are missing (apt-get install libssl-dev)"


def need_compiler() -> None:
    """Skip where the C reference cannot be built; in CI that is a failure."""
    why = why_not()
    if why is not None and os.environ.get("CI") == "true":
        pytest.fail(f"The C reference cannot be built here: {why}")
    if why is not None:
        pytest.skip(f"the C reference is not built: {why}")


def build(out: Path, sources: list[Path], *options: str) -> Path:
    """Compile what is not compiled yet beside `out`, and link; what gcc says is in the failure."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(lambda source: _compile(source, out.parent, options), sources))
    _gcc([*options, *map(str, objects), "-o", str(out), "-lssl", "-lcrypto"])
    return out


def _compile(source: Path, folder: Path, options: tuple[str, ...]) -> Path:
    made = folder / f"{source.parent.name}-{source.stem}.o"
    if not made.exists():
        _gcc([*STRICT, *options, f"-I{SOURCES / 'core'}", f"-I{HERE}", "-c", str(source), "-o", str(made)])
    return made


def _gcc(words: list[str]) -> None:
    done = subprocess.run(["gcc", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
