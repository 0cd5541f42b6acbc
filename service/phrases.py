"""A sentence in the two languages of the service, where a decision carries its own words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """The same sentence in Chinese and in English."""

    zh: str
    en: str

    def in_locale(self, locale: str) -> str:
        """The sentence in this locale; English for all but "zh"."""
        return self.zh if locale == "zh" else self.en
