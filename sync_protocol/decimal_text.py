"""The base of the wire's amounts, quantities and percentages: decimal numbers as text."""

from decimal import Decimal
from typing import Any

from sync_protocol.sentence import Sentence, sentence
from sync_protocol.wire_field import Bind, Pattern


class DecimalText(Pattern):
    """A decimal number as text. *least* and *most* are inclusive bounds, *above* an exclusive one, as text."""

    def __init__(
        self, *, least: str | None = None, most: str | None = None, above: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.above = least, most, above
        self._least, self._most, self._above = (
            Decimal(bound) if bound is not None else None for bound in (least, most, above)
        )

    def error_for(self, value: Any) -> Sentence | None:
        error = super().error_for(value)
        if error is not None:
            return error
        number = Decimal(value)
        if self._above is not None and number <= self._above:
            return sentence("above", bound=self.above, value=value)
        if self._least is not None and number < self._least:
            return sentence("at_least", bound=self.least, value=value)
        if self._most is not None and number > self._most:
            return sentence("at_most", bound=self.most, value=value)
        return None

    def fault_code(self, value: str, bind: Bind) -> str:
        parts = [self.mismatch_code(value, bind)]
        number = f"{bind(Decimal)}({value})"
        # The form of a text tells most numbers apart from the bound, without reading the number.
        if self._above is not None:
            perhaps = f"{value}[0] not in '123456789' and " if self._above == 0 else ""
            parts.append(f"{perhaps}{number} <= {bind(self._above)}")
        if self._least is not None:
            perhaps = f"{value}[0] == '-' and " if self._least == 0 else ""
            parts.append(f"{perhaps}{number} < {bind(self._least)}")
        if self._most is not None:
            is_whole = self._most > 0 and self.most is not None and self.most.isdigit()
            perhaps = f"len({value}) >= {len(str(self.most))} and " if is_whole else ""
            parts.append(f"{perhaps}{number} > {bind(self._most)}")
        return " or ".join(parts)
