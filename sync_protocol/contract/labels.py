"""Labels: the texts of the contract, and a list of those that are missing."""

from dataclasses import dataclass, field

from sync_protocol.wording import Words, words


@dataclass
class Labels:
    """Looks up texts. A missing one is shown by its identifier and noted."""

    missing: list[str] = field(default_factory=list)
    """The most specific key of each text that is missing, in the order of the look-ups."""

    def text(self, identifier: str, *keys: str) -> dict[str, str]:
        """Return the text of the first of *keys* that has one, by language; else *identifier*."""
        found_words = words(*keys)
        if found_words is None:
            self.missing.append(keys[0])
            found_words = Words(identifier, identifier)
        return found_words._asdict()

    def help(self, key: str) -> dict[str, dict[str, str]]:
        """Return the member `help` with the text of *key*, or nothing."""
        text = words(key)
        return {"help": text._asdict()} if text else {}
