"""Forecasts: one file per warehouse and month, holding absolute sums; the highest number is in force."""

import hashlib
from collections.abc import Iterable

from backend.clock import SystemClock, instant
from backend.connectors.flatfile.exchange import hand_over, handed_over, reachable
from backend.connectors.flatfile.layout import FORECAST, Layout, forecast_stem
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.render import FORECAST_COLUMNS, csv_bytes, forecast_rows
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ErpDocument, ForecastLine
from sync_protocol.catalogue.forecast import FORECAST as KIND


class Forecasts:
    """Hands forecasts over. One writer at a time per warehouse and month, which delivery sees to."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options

    def upsert(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Write the sums of one warehouse and month; return the ERP's line per product.

        The name holds a number that counts up and a digest of the content. Where the newest file has
        the same content, nothing is written: sums are absolute, so it says all there is to say.
        """
        wanted = list(lines)
        if not wanted:
            return {}
        places = sorted({(line.warehouse_id, line.period) for line in wanted})
        if len(places) > 1 or len({line.product_id for line in wanted}) < len(wanted):
            raise ErpError(
                ErrorClass.CONFIG,
                f"a forecast is handed over for one warehouse and month, each product once, not {places}",
            )
        warehouse_id, period = places[0]
        rows = forecast_rows(wanted)
        content = csv_bytes(FORECAST_COLUMNS, rows, self._options)
        short = hashlib.sha256(content).hexdigest()[:8]
        stem = forecast_stem(warehouse_id, period)
        with reachable(self._layout):
            number, name = self._newest(stem, period)
            begun = name.endswith(f"_{short}") and not handed_over(self._layout, name)
            if begun or not name.endswith(f"_{short}"):
                name = name if begun else f"{stem}_{number + 1:06d}_{short}"
                hand_over(
                    self._layout,
                    name,
                    content,
                    len(rows),
                    generated_at=instant(SystemClock().now()),
                    kind=KIND.name,
                    key=name,
                    lines=[row["line_no"] for row in rows],
                )
        return {
            line.product_id: ErpDocument(
                f"FC/{line.warehouse_id}/{line.period}/{line.product_id}", None, "handed over"
            )
            for line in wanted
        }

    def _newest(self, stem: str, period: str) -> tuple[int, str]:
        """Return the number and name of the newest forecast, handed over or begun; 0 and nothing if none is.

        One that the ERP refused lies in rejected/ and does not count, so the next upsert hands it over again;
        its number does, since no name is used twice.
        """
        newest, highest = (0, ""), 0
        # to_erp first: a file that is archived meanwhile is seen twice rather than never
        for folder in (self._layout.to_erp, self._layout.forecasts(period), self._layout.rejected):
            if not folder.is_dir():
                continue
            for path in folder.glob(f"{stem}_*.csv"):
                found = FORECAST.fullmatch(path.stem)
                if not found or found["stem"] != stem:
                    continue
                number = int(found["number"])
                highest = max(highest, number)
                if folder != self._layout.rejected:
                    newest = max(newest, (number, path.stem))
        return highest, newest[1]
