"""What `anmen conformance` does and prints."""

import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anmen.conformance.durations import in_words, left_s
from anmen.conformance.faults import seeded
from anmen.conformance.faulty_line import LineFault
from anmen.conformance.page import read_page, write_page
from anmen.conformance.registry import AWAITED, CHECKS, DECLARED, WATCHES, Profile
from anmen.conformance.report import About, next_step, write_report
from anmen.conformance.run import chosen, run
from anmen.conformance.sentences import Sentence, read_sentences
from anmen.conformance.signing import check, read_key, read_public_key, sign
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import Outcome, Verdict
from anmen.errors import MachineError
from service.edges import clock

_COLOURS = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.NOT_TRIED: "yellow",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.DECLARED: "dim",
}
_TEXT_WIDTH = 60
SEED_BYTES = 16


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a run. `reports`: files to write, JSON or page by their ending; `faults`: the seed of a bad day's, or none."""

    profile: str
    sign_key: Path | None
    reports: tuple[Path, ...]
    only: frozenset[str]
    faults: str = ""


def conduct(stand: Stand, wish: Wish, console: Console) -> bool:
    """Run, print, sign and write; whether the lock conforms. Without a key one of the moment signs."""
    stand.profile = _profile(wish.profile)
    sentences = read_sentences()
    _check(wish, sentences)
    key = ec.generate_private_key(ec.SECP256R1()) if wish.sign_key is None else read_key(wish.sign_key)
    seed = os.urandom(SEED_BYTES)
    stand.draw = stand.service.draw = seeded(seed)
    verdicts = _run(stand, wish, sentences)
    befell = {} if stand.weather is None else {one.value: stand.weather.befell[one] for one in LineFault}
    about = About(stand.identity, stand.service.birth, stand.profile, clock.now(), seed, wish.faults, befell)
    report = write_report(verdicts, sentences, about=about)
    _print(console, report, verdicts, sentences)
    signed = sign(report, key)
    for path in wish.reports:
        content = write_page(signed) if path.suffix == ".html" else json.dumps(signed, ensure_ascii=False, indent=1)
        path.write_text(content, encoding="utf-8")
    return bool(report["conforms"])


def _run(stand: Stand, wish: Wish, sentences: dict[str, Sentence]) -> list[Verdict]:
    waiting = [one.number for one in chosen(stand.profile) if not wish.only or one.number in wish.only]
    count = len(waiting)
    console = Console(stderr=True)
    with console.status("waking the lock") as status:

        def tell(number: str) -> None:
            left = in_words(left_s(waiting, stand.profile))
            waiting.remove(number)
            done, said = count - len(waiting), sentences[number].text[:_TEXT_WIDTH]
            line = f"{done} of {count}, about {left} left  {number}  {said}…"
            # Without a terminal there is no line to write over, and a run of an hour would be silent.
            status.update(line) if console.is_terminal else console.print(line, markup=False)

        return run(stand, tell=tell, only=wish.only, faults=wish.faults)


def verified(path: Path, key: Path | None) -> str:
    """What a good report says of itself; MachineError where it is none."""
    try:
        text = path.read_text(encoding="utf-8")
        signed = read_page(text) if text.lstrip().lower().startswith("<!doctype") else json.loads(text)
    except OSError as unreadable:
        raise MachineError(f"{path}: {unreadable.strerror}") from unreadable
    except ValueError as garbled:
        raise MachineError(f"{path} is no report: {garbled}") from garbled
    report, point = check(signed, trusted=None if key is None else read_public_key(key))
    lock = report["lock"]
    said = "conforms" if report["conforms"] else "does NOT conform"
    by = (
        "the key you named"
        if key is not None
        else f"key {point.hex()[:32]}… (compare it with the one you expect, or name it with --key)"
    )
    return (
        f"Unchanged since {report['date']}, signed by {by}.\n"
        f"Lock {lock['id']} ({lock.get('hardware', 'unknown')}, firmware {lock.get('firmware', 'unknown')}) {said} "
        f"to the profile {report['profile']}."
    )


def list_sentences(console: Console) -> None:
    """Each sentence that binds a lock, with the way in which it is held."""
    table = Table("sentence", "page", "held by", "text", box=None, pad_edge=False)
    for number, sentence in read_sentences().items():
        if sentence.binds_lock or number in CHECKS or number in WATCHES:
            table.add_row(number, sentence.page, _held_by(number), sentence.text[:_TEXT_WIDTH] + "…")
    console.print(table)


def _held_by(number: str) -> str:
    if number in CHECKS:
        return f"check ({CHECKS[number].profile.value})"
    tables: dict[str, Collection[str]] = {"watch": WATCHES, "declared": DECLARED, "awaited": AWAITED}
    return next((name for name, table in tables.items() if number in table), "nothing")


def _print(console: Console, report: dict[str, Any], verdicts: list[Verdict], sentences: dict[str, Sentence]) -> None:
    lock = report["lock"]
    console.print(
        f"Lock {lock['id']}: {lock.get('hardware', 'never heard')}, firmware {lock.get('firmware', 'unknown')}. "
        f"Profile {report['profile']}, protocol {report['protocol']['digest'][:16]}….",
        highlight=False,
    )
    table = Table("sentence", "result", "what was seen", box=None, pad_edge=False)
    faults = report["bad_day"].get("seed", "")
    for one in [one for one in verdicts if one.number not in AWAITED]:
        colour = _COLOURS[one.outcome]
        advice = " (advice)" if sentences[one.number].is_advice and one.outcome is Outcome.FAILED else ""
        table.add_row(
            one.number, f"[{colour}]{one.outcome.value}{advice}[/]", _seen(one, sentences[one.number], faults)
        )
    console.print(table, highlight=False)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report["totals"].items() if count)
    end = "[green]The lock conforms[/]" if report["conforms"] else "[bold red]The lock does not conform[/]"
    if any(one.number in AWAITED for one in verdicts):
        newer = sum(one.number in AWAITED for one in verdicts)
        console.print(
            f"{newer} sentences are newer than this kit's checks (anmen conformance sentences).", highlight=False
        )
    if report["bad_day"]:
        told = ", ".join(f"{fault} {count} times" for fault, count in report["bad_day"]["befell"].items() if count)
        console.print(f"A bad day, seed {report['bad_day']['seed']}: {told or 'nothing befell'}.", highlight=False)
    console.print(f"{end} to the profile {report['profile']}: {counts}.", highlight=False)
    if report["only_under_faults"]:
        console.print(
            "All that failed failed where the kit injects faults: on a good day this lock works.", highlight=False
        )


def _seen(one: Verdict, sentence: Sentence, faults: str) -> str:
    if one.outcome is Outcome.FAILED:
        what = f"expected {escape(one.expected)}\n[bold]seen: {escape(one.seen)}[/]\n[dim]{escape(sentence.text)}[/]"
        return f"{what}\n{escape(next_step(one, sentence, faults))}"
    return escape(one.seen)


def _profile(text: str) -> Profile:
    try:
        return Profile(text)
    except ValueError:
        raise MachineError(f"--profile {text}: there are core and full.") from None


def _check(wish: Wish, sentences: dict[str, Sentence]) -> None:
    """Before an hour is spent: whether what was asked for can be had."""
    strange = sorted(wish.only - sentences.keys())
    if strange:
        raise MachineError(f"--only {strange[0]}: there is no such sentence in docs/protocol/.")
    for path in wish.reports:
        if path.suffix not in {".json", ".html"} or not path.absolute().parent.is_dir():
            raise MachineError(f"--report {path}: a file ending in .json or .html, in a folder that is there.")
