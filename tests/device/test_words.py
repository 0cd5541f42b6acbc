"""Whoever is refused at the door is told why, in both languages, in words of their own for every reason."""

from device_sim.words import REASONS
from firmware_protocol.vocabulary import RefusalReason


def test_every_reason_has_its_own_words_in_both_languages() -> None:
    assert set(REASONS) == set(RefusalReason)
    for tongue in ("zh", "en"):
        said = [getattr(words, tongue) for words in REASONS.values()]
        assert all(said)
        assert len(set(said)) == len(said)
    assert all(any("一" <= letter <= "鿿" for letter in words.zh) for words in REASONS.values())
