"""Products that are for sale, with the fields of their template."""

from collections import defaultdict
from collections.abc import Iterator

from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.lookups import Lookups, names
from backend.connectors.tryton.mapping import products
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import ANY, Source, Trigger, by_id, found_by, same

PRODUCT = "product.product"


class ProductSource(Source):
    """A collection whose roots are the products for sale."""

    model = PRODUCT

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups

    def domain(self, client: Client) -> Domain:
        return [ANY, ["template.salable", "=", True]]


CHANGED = (
    Trigger(PRODUCT, same()),
    # A changed template, which has name, price and units, does not change the stamp of its variants.
    Trigger("product.template", found_by(PRODUCT, "template", ANY)),
)


class Products(ProductSource):
    """Deactivated ones too, because orders and replacements name them."""

    collection = "products"
    triggers = (
        *CHANGED,
        Trigger("product.identifier", same("product"), ["product"]),
        Trigger("product.category", found_by(PRODUCT, "template.categories", ANY)),
    )

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        options = self.lookups.options
        kinds = self.lookups.below("product.category", options.kind_category)
        groups = self.lookups.below("product.category", options.group_category)
        categories = client.search_read("product.category", [["accounting", "!=", True]], ["name"])
        domain = [*self.domain(client), ["id", "in", roots]]
        # `categories` is a field of the template that variants have too.
        rows = by_id(client.search_read(PRODUCT, domain, products.FIELDS))
        barcodes: dict[int, list[Row]] = defaultdict(list)
        for row in client.search_read(
            "product.identifier", [["product", "in", roots]], ["product", "type", "code"]
        ):
            barcodes[row["product"]].append(row)
        units = self.lookups.units()
        for root in roots:
            product = rows.get(root)
            if product is None:
                yield Item(str(root), None)
                continue
            own = product["categories"] or []
            raw = {
                "product": product,
                "kind": self._kind([kinds[n].branch for n in own if n in kinds]),
                "groups": [groups[n].name for n in own if n in groups],
                "others": names(categories, [n for n in own if n not in kinds and n not in groups]),
                "barcodes": barcodes[root],
                "units": units,
            }
            yield Item(str(root), raw)

    def _kind(self, branches: list[str]) -> str:
        options = self.lookups.options
        kinds = {name.strip().casefold() for name in branches}
        if options.spare_part.casefold() in kinds:
            return "spare_part"
        return "promotional_good" if options.promotional_good.casefold() in kinds else "product"
