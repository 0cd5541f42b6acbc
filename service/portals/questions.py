"""Asking "is this meant?" before something that cannot be taken back."""

from dataclasses import dataclass, replace

from fastapi.responses import Response

from service.portals.visits import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A page with two ways on; texts are message ids. `address` is where yes is sent to, `back` the other way.

    `about` says in words already translated what it is about, such as the room and the lock. `grave`: yes
    takes something away from somebody, so that it is shown in red.
    """

    title: str
    sentences: tuple[str, ...]
    yes: str
    address: str
    back: str
    about: str = ""
    grave: bool = True


def ask(visit: Visit, question: Question) -> Response:
    """The question as a page."""
    say = visit.words.say
    told = replace(
        question, title=say(question.title), sentences=tuple(map(say, question.sentences)), yes=say(question.yes)
    )
    return visit.page("are_you_sure.html", question=told)
