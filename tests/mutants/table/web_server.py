"""Mutants of the web server: clients that stop, bounds, and its own errors."""

from backend.api import request_head
from backend.web_server.chunks import ChunkScanner
from backend.web_server.connection import Connection
from backend.web_server.error_page import error_page
from backend.web_server.open_connections import OpenConnections
from backend.web_server.received import Received
from backend.web_server.reply import Reply
from backend.web_server.worker import ClientWorker
from tests.mutants.edits import body, drop, never, replace
from tests.mutants.mutant import Mutant

SLOW = "tests/unit/web_server/test_slow_clients.py"
ERRORS = "tests/unit/web_server/test_error_pages.py"
CHUNKS = "tests/unit/web_server/test_chunks.py"
HEADS = "tests/unit/web_server/test_request_heads.py::test_a_faulty_head_is_a_problem"
HONEST = f"{SLOW}::test_honest_clients_are_served_beside_clients_that_stop"

WEB_SERVER = [
    Mutant(
        "a thread gets a request whose body has not arrived",
        "–",
        "A client that stops in its body gets an answer about a body that is cut, before it has sent the rest.",
        f"{SLOW}::test_a_body_that_arrives_slowly_but_steadily_is_taken",
        [body(Connection.body_complete, "return True")],
    ),
    Mutant(
        "the main thread waits for a client to close",
        "–",
        "Twenty clients that do not close after the last reply stop the server for forty seconds.",
        HONEST,
        [replace(ClientWorker._close_gently, "conn.socket.shutdown(1)", "time.sleep(20)")],
        only="answered",
    ),
    Mutant(
        "a reply waits for its reader in the thread",
        "–",
        "Clients that do not read hold all threads.",
        HONEST,
        [replace(Reply.flush, "self._join()", "self._join(); self._socket.setblocking(True)")],
        only="read",
    ),
    Mutant(
        "a client that sends nothing more is never given up",
        "–",
        "Half a head holds its connection for ever.",
        f"{ERRORS}::test_a_head_that_does_not_come_is_a_problem_in_the_end",
        [never(ClientWorker.murder_keepalived, "conn.deadline <= now")],
    ),
    Mutant(
        "a late body is dropped",
        "–",
        "The piece of a receipt that has arrived is lost when its connection stalls, and the next one too.",
        f"{SLOW}::test_what_arrived_of_a_body_reaches_the_app",
        [never(ClientWorker._give_up, "conn.waits is Waits.BODY and code is ErrorCode.REQUEST_TIMEOUT")],
        only="late",
    ),
    Mutant(
        "bodies that arrive have no bound together",
        "–",
        "A thousand bodies that stop before their last byte take four gigabytes.",
        f"{SLOW}::test_memory_for_slow_clients_is_bounded",
        [drop(ClientWorker._advance_body, "self._hold($$$)")],
    ),
    Mutant(
        "a new connection waits until an old one ends",
        "–",
        "One address takes all connections, and nobody else gets one.",
        f"{ERRORS}::test_the_connection_that_gives_way_is_told_to_come_again",
        [body(OpenConnections.to_close, "return None")],
    ),
    Mutant(
        "the body's length is not checked before it is read",
        "–",
        "A body of any length is read into memory before it is refused.",
        f"{ERRORS}::test_an_error_of_the_server_is_a_problem",
        [never(Connection.parse_head, "reader.length > self.pace.body_bytes")],
        only="body",
    ),
    Mutant(
        "tiny chunks are free",
        "–",
        "Four megabytes in chunks of one byte cost seconds of the processor.",
        f"{CHUNKS}::test_framing_is_bounded",
        [never(ChunkScanner.feed, "self._framing > MAX_FRAMING")],
    ),
    Mutant(
        "the parser of chunks gets all that has arrived at once",
        "–",
        "It copies the rest of the body for each chunk: time grows with the square of the body.",
        f"{CHUNKS}::test_a_read_without_a_size_is_short",
        [replace(Received.read, "max(STEP, min(read_ahead or 0, MAX_STEP))", "len(self.data)")],
    ),
    Mutant(
        "a request without a host",
        "–",
        "HTTP/1.1 without Host is answered, so a proxy and the server may mean different hosts.",
        HEADS,
        [drop(Connection.parse_head, "self._require_host()"), body(request_head.require_valid, "return")],
        only="no",
    ),
    Mutant(
        "granian's heads are believed",
        "–",
        "Two hosts, two transfer codings and unknown expectations are answered under granian.",
        HEADS,
        [body(request_head.require_valid, "return")],
        only="granian",
    ),
    Mutant(
        "the server's errors lack our headers",
        "–",
        "An error page of the web server can be framed, sniffed and cached.",
        f"{ERRORS}::test_an_error_of_the_server_is_a_problem",
        [replace(error_page, "fields.items()", "[(n, v) for n, v in fields.items() if n not in HEADERS]")],
        only="none",
    ),
]
