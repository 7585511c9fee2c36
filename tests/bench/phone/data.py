"""The records of the phone that is measured, and what its rep types.

A third each are customers, products and stock levels, made as those of the other parts. Every fifth customer
and product is Chinese, with the search text that the server computes.
"""

from collections.abc import Iterator
from itertools import islice
from random import Random

from backend.ingest.search_text import with_search_text
from sync_protocol.catalogue import COLLECTIONS
from tests.bench import records
from tests.bench.company import TERRITORIES, WAREHOUSES, BenchRep
from tests.bench.records import SHARES, Record

SHOWN = ("customers", "products", "stock_levels")
EVERY = 5
REP = BenchRep("R01", TERRITORIES, WAREHOUSES)
"""A rep who reads everything."""
CITIES = ("北京", "上海", "广州", "深圳", "苏州", "杭州", "成都", "武汉", "重庆", "厦门", "长沙", "西安")
TRADES = ("电子", "机械", "贸易", "五金", "科技", "建材", "工具", "管道", "商贸", "重工", "长城", "行业")
METALS = ("不锈钢", "黄铜", "镀锌", "铝合金", "尼龙", "碳钢")
PARTS = ("螺栓", "垫圈", "轴承", "阀门", "弹簧", "水泵", "软管", "接头", "夹具", "钻头")

Queries = dict[str, list[str]]
ENGLISH = "English"
CHINESE = "Chinese"
QUERIES: Queries = {
    ENGLISH: ["hartmann", "d1234", "wagner metallbau", "brass valve 120", "münchen", "gmbh", "zzyzx", "h5"],
    CHINESE: ["北京电子", "beijing", "szjx", "不锈钢阀门", "chongqing", "hzwj", "长沙贸易", "luoshuan"],
}
"""What is typed, letter by letter: names, numbers, a word that does not occur; characters, pinyin, initials."""


def app_records(total: int) -> Iterator[tuple[str, Record]]:
    """Yield *total* (collection, record) pairs, all of them visible to `REP`."""
    draw = Random("Chinese names 3")
    each = total // len(SHOWN)
    # So many that each collection has enough.
    generated = each * 100 // min(SHARES[collection] for collection in SHOWN)
    for collection in SHOWN:
        of_collection = (record for name, record in records.records(generated) if name == collection)
        for n, record in enumerate(islice(of_collection, each)):
            if n % EVERY == 0 and collection != "stock_levels":
                yield collection, with_search_text(COLLECTIONS[collection], _chinese(record, draw))
            else:
                yield collection, record


def _chinese(record: Record, draw: Random) -> Record:
    if "sku" in record:
        return {**record, "name": f"{draw.choice(METALS)}{draw.choice(PARTS)} {draw.randrange(10, 500)}"}
    city = draw.choice(CITIES)
    name = f"{city}{draw.choice(TRADES)}{draw.choice(TRADES)}有限公司"
    return {**record, "name": name, "addresses": [{**address, "city": city} for address in record["addresses"]]}
