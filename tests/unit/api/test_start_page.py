"""The page at `/`, for a person who opens the server's address in a browser."""

from tests.unit.api.installation import Phone


def test_the_start_page_says_what_the_server_is_and_where_to_go(phone: Phone) -> None:
    reply = phone.ask("GET", "/")
    assert reply.status_code == 200
    assert reply.content_type == "text/html; charset=utf-8"
    for address in ("/readyz", "/v1/openapi.json"):
        assert f'href="{address}"' in reply.text
        assert phone.ask("GET", address).content_type == "application/json"
