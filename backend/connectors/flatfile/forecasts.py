"""Forecasts: one file per warehouse and month with absolute sums; the file with the highest number counts."""

import hashlib
from collections.abc import Iterable

from backend.clock import SystemClock, instant
from backend.connectors.flatfile.exchange import hand_over, handed_over, reachable
from backend.connectors.flatfile.layout import FORECAST, Layout, forecast_stem
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.render import FORECAST_COLUMNS, csv_bytes, forecast_rows
from backend.erp.composite import composite_key
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ErpDocument, ForecastLine
from sync_protocol.catalogue.forecast import FORECAST as KIND


class Forecasts:
    """Hands over forecasts. Delivery has one writer at a time per warehouse and month."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options

    def upsert(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Write the sums of one warehouse and month. Return the ERP's line by product id.

        The file's name contains an ascending number and a digest of the content. If the newest file has the
        same content, nothing is written, because the sums are absolute.
        """
        lines_to_write = list(lines)
        if not lines_to_write:
            return {}
        places = sorted({(line.warehouse_id, line.period) for line in lines_to_write})
        if len(places) > 1 or len({line.product_id for line in lines_to_write}) < len(lines_to_write):
            raise ErpError(
                ErrorClass.CONFIG,
                f"a forecast must be for one warehouse and month, with each product once, not {places}",
            )
        warehouse_id, period = places[0]
        rows = forecast_rows(lines_to_write)
        content = csv_bytes(FORECAST_COLUMNS, rows, self._options)
        digest = hashlib.sha256(content).hexdigest()[:8]
        stem = forecast_stem(warehouse_id, period)
        with reachable(self._layout):
            number, name = self._newest(stem, period)
            unfinished = name.endswith(f"_{digest}") and not handed_over(self._layout, name)
            if unfinished or not name.endswith(f"_{digest}"):
                name = name if unfinished else f"{stem}_{number + 1:06d}_{digest}"
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
                composite_key(["FC", line.warehouse_id, line.period, line.product_id], "/"), None, "handed over"
            )
            for line in lines_to_write
        }

    def _newest(self, stem: str, period: str) -> tuple[int, str]:
        """Return the highest number and the name of the newest forecast (also an unfinished one), or (0, "").

        A forecast that the ERP refused is in rejected/ and is not the newest, so the next upsert hands it over
        again. Its number counts, because no name is used twice.
        """
        newest, highest = (0, ""), 0
        # to_erp first: a file that is archived meanwhile is then seen twice instead of never
        for folder in (self._layout.to_erp, self._layout.forecasts(period), self._layout.rejected):
            if not folder.is_dir():
                continue
            for path in folder.glob(f"{stem}_*.csv"):
                match = FORECAST.fullmatch(path.stem)
                if not match or match["stem"] != stem:
                    continue
                number = int(match["number"])
                highest = max(highest, number)
                if folder != self._layout.rejected:
                    newest = max(newest, (number, path.stem))
        return highest, newest[1]
