"""What each state is called on a page, and the tone (colour and sign) it is shown in."""

from enum import Enum

_WORDS: dict[Enum, tuple[str, str]] = {}


def word_of(state: Enum) -> str:
    """The English word of a state, to be translated; KeyError for one that nobody named."""
    return _WORDS[state][0]


def tone_of(state: Enum) -> str:
    """good, wait, stop, note or calm."""
    return _WORDS[state][1]
