"""`anmen firmware` at a terminal: what it writes, and what it says when something cannot be."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from anmen.__main__ import app
from anmen.errors import MachineError
from anmen.maker_key import private_scalar, public_point, read_key
from firmware_protocol.keys import public_key
from firmware_protocol.manifest import verify


def firmware(*words: str) -> None:
    """Run the command; what it raises is what `anmen` prints as a sentence."""
    CliRunner().invoke(app, ["firmware", *words], env={"ANMEN_DATABASE_URL": ""}, catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    firmware("key", str(tmp_path / "maker.pem"))
    firmware("image", str(tmp_path / "good.img"), "--version", "1.1.0", "--size", "4000")
    return tmp_path


def sign(folder: Path, version: str = "1.1.0", key: str = "maker.pem") -> None:
    signing = ("--key", str(folder / key), "--vendor", "locks.example")
    firmware("sign", str(folder / "good.img"), "--sequence", "2", "--version", version, *signing)


def test_what_is_signed_is_believed_with_the_public_key(folder: Path) -> None:
    sign(folder)
    public = public_point((folder / "maker.pem.pub").read_bytes())
    manifest = verify((folder / "good.img.manifest").read_bytes(), public)
    assert manifest.describes((folder / "good.img").read_bytes())
    private = (folder / "maker.pem").read_bytes()
    assert public_key(private_scalar(private)) == public_point(private) == public
    assert (folder / "maker.pem").stat().st_mode & 0o077 == 0


def test_a_maker_s_key_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(MachineError, match="never overwritten"):
        firmware("key", str(folder / "maker.pem"))


def test_what_no_lock_would_read_is_not_signed(folder: Path) -> None:
    with pytest.raises(MachineError, match="64 bytes"):
        sign(folder, version="x" * 65)
    with pytest.raises(MachineError, match="behaviour"):
        firmware("image", str(folder / "x"), "--version", "1", "--behaviour", "odd")


def test_only_keys_on_the_right_curve_are_taken(folder: Path) -> None:
    encoded = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    others = (
        rsa.generate_private_key(65_537, 2048).private_bytes(*encoded),
        ec.generate_private_key(ec.SECP384R1()).private_bytes(*encoded),
    )
    for pem in others:
        for read in (private_scalar, public_point):
            with pytest.raises(MachineError, match="P-256"):
                read(pem)
    for read in (private_scalar, public_point):
        with pytest.raises(MachineError, match="PEM"):
            read(b"nothing")
    with pytest.raises(MachineError, match="No such file"):
        read_key(folder / "none")


def test_without_a_database_it_says_what_is_missing(folder: Path) -> None:
    sign(folder)
    for words in (["status"], ["pause"], ["start", "1.1.0"]):
        with pytest.raises(MachineError, match="ANMEN_DATABASE_URL"):
            firmware(*words)
    with pytest.raises(MachineError, match="percentages"):
        firmware("start", "1.1.0", "--stages", "some")
