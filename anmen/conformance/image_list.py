"""What a maker has to sign for the kit, as a list and as files; where the signed images of a run come from."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from anmen.conformance.releases import (
    GOOD_ONES,
    INSTALLED,
    NEVER_RUN,
    WHAT,
    FolderReleases,
    MadeReleases,
    Model,
    Releases,
    Role,
    signed,
    simulated,
)
from anmen.errors import MachineError
from anmen.maker_key import private_scalar, read_key
from firmware_protocol.manifest import class_id, vendor_id

_HOW = """
Each manifest is a file NAME-SEQUENCE.manifest in one folder: a COSE_Sign1 (ANM-FWU-002) with the lock's own vendor and class id
(its birth says them, and so does a report). The images themselves lie beside them as good.bin and hangs.bin.

A maker whose key may be used on this machine has them made and signed at once:
  anmen conformance images FOLDER --maker-key KEY.pem --good GOOD.bin --hangs HANGS.bin --running N --vendor DOMAIN --hardware NAME
A maker whose key lies in a module of its own signs the same manifests there; the bytes to be signed are the Sig_structure of
RFC 9052 §4.4. Then name the folder in the stand file, "images": "FOLDER", and run the profile full.
"""


@dataclass(frozen=True, slots=True)
class Making:
    """What a folder of images is made of; without `good` and `hangs` they are for simulated locks."""

    maker_key: Path | None
    good: Path | None
    hangs: Path | None
    running: int
    vendor: str
    hardware: str


def releases_from(folder: Path | None, maker_key: Path | None) -> Releases | None:
    """Where the signed images of a run come from: a folder, a maker's key, or nowhere; MachineError where neither can be read."""
    if folder is not None:
        if not folder.is_dir():
            raise MachineError(f"images {folder}: there is no such folder (anmen conformance images).")
        return FolderReleases(folder)
    return None if maker_key is None else MadeReleases(private_scalar(read_key(maker_key)))


def list_images(console: Console) -> None:
    """What has to be signed, and how."""
    table = Table("file", "sequence", "what it is", box=None, pad_edge=False)
    for role, what in WHAT.items():
        image = f"{role.value}.bin and " if role in INSTALLED else ""
        table.add_row(f"{image}{role.value}-*.manifest", _shown(role), what)
    console.print(table, highlight=False)
    console.print(_HOW, highlight=False)


def write_images(folder: Path, making: Making) -> int:
    """Sign and write everything; how many manifests. MachineError where something is missing."""
    if making.maker_key is None or not making.vendor or not making.hardware:
        raise MachineError("To write images give --maker-key, --vendor and --hardware (as for anmen firmware sign).")
    key, vendor = private_scalar(read_key(making.maker_key)), vendor_id(making.vendor)
    model = Model(making.running, vendor, class_id(vendor, making.hardware))
    contents = {Role.GOOD: _content(making.good, Role.GOOD), Role.HANGS: _content(making.hangs, Role.HANGS)}
    folder.mkdir(parents=True, exist_ok=True)
    for role, content in contents.items():
        (folder / f"{role.value}.bin").write_bytes(content)
    wanted = [(role, sequence) for role in Role for sequence in _sequences(role, making.running)]
    for role, sequence in wanted:
        image = contents.get(role, contents[Role.GOOD])
        one = signed(role, sequence, model, image=image, key=key)
        (folder / f"{role.value}-{one.sequence}.manifest").write_bytes(one.envelope)
    return len(wanted)


def _content(path: Path | None, role: Role) -> bytes:
    if path is None:
        return simulated(role)
    try:
        return path.read_bytes()
    except OSError as unreadable:
        raise MachineError(f"{path}: {unreadable.strerror}") from unreadable


def _sequences(role: Role, running: int) -> list[int]:
    if role is Role.GOOD:
        return list(range(running + 1, running + 1 + GOOD_ONES))
    return [NEVER_RUN - (role is Role.HANGS)]


def _shown(role: Role) -> str:
    if role is Role.GOOD:
        return f"the {GOOD_ONES} after the one that runs"
    return "1" if role is Role.OLD else f"{_sequences(role, 1)[0]}"
