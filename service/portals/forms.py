"""Forms that come back with what was typed and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as SentFile

from service.errors import AnmenError, BadInput, Conflict
from service.portals.translation import Words

_Done = TypeVar("_Done")


class Answers(dict[str, str]):
    """Field to text; a field nobody filled in is empty."""

    def __missing__(self, field_name: str) -> str:
        """Nothing was typed."""
        return ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a page shows it. `files_lost`: pictures were sent, and no browser lets us put them back."""

    values: Answers = field(default_factory=Answers)
    errors: Answers = field(default_factory=Answers)
    files_lost: bool = False

    @property
    def status(self) -> int:
        """422 where something is wrong with it."""
        return BadInput.status if self.errors else 200


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent: what was typed, and the files."""

    values: Answers
    files: Mapping[str, SentFile]

    def picture(self, name: str, *, limit_bytes: int) -> bytes | None:
        """The file's bytes, and one more than the limit where it is larger; None where none was chosen."""
        file = self.files.get(name)
        return file.file.read(limit_bytes + 1) or None if file else None


async def _sent(request: Request) -> Sent:
    form: FormData = await request.form()
    values = Answers({name: value for name, value in form.items() if isinstance(value, str)})
    return Sent(values, {name: value for name, value in form.items() if isinstance(value, SentFile)})


# The form of a route that already depends on `checked_form`, which has had it parsed.
SentForm = Annotated[Sent, Depends(_sent)]


def filled(values: Mapping[str, str]) -> Form:
    """A form with these answers and nothing wrong yet."""
    return Form(Answers(values))


def refused(values: Mapping[str, str], error: AnmenError, words: Words) -> Form:
    """The same form with the error at its field. A password is never sent back."""
    typed = Answers({name: value for name, value in values.items() if name != "password"})
    return Form(typed, Answers({error.field or "": words.say(error.text, **error.values)}))


def read_count(typed: str) -> int:
    """What was typed as a whole number below 100,000; 0, which no limit allows, where it is none."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0


def attempt(session: Session, act: Callable[[], _Done]) -> _Done | AnmenError:
    """What the action made, or the error a person can do something about; then nothing of it was stored."""
    try:
        with session.begin_nested():
            return act()
    except (BadInput, Conflict) as error:
        return error
