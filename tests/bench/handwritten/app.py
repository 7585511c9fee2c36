"""The endpoint: `GET /sync?since=` and `POST /orders`."""

import json
import os
from typing import Any

import jwt
from flask import Flask, Response, abort, g, request
from flask_compress import Compress
from marshmallow import ValidationError
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from tests.bench.handwritten.queries import PAGE, QUERIES, SCHEMAS
from tests.bench.handwritten.schemas import CapturedOrderSchema

SECRET = os.environ.get("HANDWRITTEN_SECRET", "a secret of thirty-two bytes or more")
CAPTURED = CapturedOrderSchema()


def create_app() -> Flask:
    """Return the app; it connects to `HANDWRITTEN_DATABASE`."""
    app = Flask("handwritten")
    app.config.update(COMPRESS_ALGORITHM=["zstd", "gzip"], COMPRESS_MIMETYPES=["application/json"])
    Compress(app)
    pool = ConnectionPool(
        os.environ["HANDWRITTEN_DATABASE"], min_size=2, max_size=10, kwargs={"row_factory": dict_row}
    )

    @app.before_request
    def check_token() -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if scheme != "Bearer":
                raise jwt.InvalidTokenError
            g.rep = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub"]})["sub"]
        except jwt.InvalidTokenError:
            abort(401)

    @app.get("/sync")
    def sync() -> Response:
        """Return a page of what was updated after the time `since`, starting at `next` if given."""
        since = request.args.get("since", "-infinity")
        begin, after, after_id = json.loads(request.args.get("next", "[0, null, null]"))
        changes: dict[str, Any] = {}
        following, room = None, PAGE
        with pool.connection() as connection:
            until = connection.execute("SELECT now() AS now").fetchone()["now"].isoformat()
            rep = connection.execute("SELECT * FROM rep WHERE id = %s", [g.rep]).fetchone() or abort(403)
            for n, (collection, query) in enumerate(QUERIES.items()):
                if n < begin:
                    continue
                where = {**rep, "after": after or since, "after_id": after_id or "", "room": room}
                rows = connection.execute(query, where).fetchall()
                if rows:
                    changes[collection] = SCHEMAS[collection].dump(rows)
                room -= len(rows)
                if room <= 0:
                    following = json.dumps([n, rows[-1]["updated_at"].isoformat(), rows[-1]["id"]])
                    break
                after = after_id = None
        return _json({"changes": changes, "next": following, "until": until})

    @app.post("/orders")
    def orders() -> Response:
        """Store orders and return a result for each; an order that is stored already is no error."""
        results: list[dict[str, Any]] = []
        accepted: list[dict[str, Any]] = []
        with pool.connection() as connection:
            rep = connection.execute("SELECT * FROM rep WHERE id = %s", [g.rep]).fetchone() or abort(403)
            for sent in request.get_json()["orders"]:
                try:
                    accepted.append(CAPTURED.load(sent))
                except ValidationError as error:
                    results.append({"id": sent.get("id"), "status": "invalid", "errors": error.messages})
            customers = _ids(
                connection,
                "SELECT id FROM customers WHERE id = ANY(%s) AND territory = ANY(%s) AND NOT deleted",
                [order["customer_id"] for order in accepted],
                rep["territories"],
            )
            cited = [line["product_id"] for order in accepted for line in order["lines"]]
            products = _ids(
                connection, "SELECT id FROM products WHERE id = ANY(%s) AND sellable AND NOT deleted", cited
            )
            for order in accepted:
                valid = order["customer_id"] in customers
                valid = valid and all(line["product_id"] in products for line in order["lines"])
                status = _store(connection, g.rep, order) if valid else "unknown_record"
                results.append({"id": order["id"], "status": status})
        return _json({"results": results})

    return app


def _ids(connection: Any, query: str, ids: list[str], *parameters: Any) -> set[str]:
    return {row["id"] for row in connection.execute(query, [list(set(ids)), *parameters])}


def _store(connection: Any, rep: str, order: dict[str, Any]) -> str:
    body = json.dumps(CAPTURED.dump(order))
    stored = connection.execute(
        "INSERT INTO captured_order (id, rep, customer_id, order_date, currency, body)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
        [order["id"], rep, order["customer_id"], order["order_date"], order["currency"], body],
    )
    return "created" if stored.rowcount else "exists"


def _json(value: Any) -> Response:
    return Response(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")), content_type="application/json"
    )
