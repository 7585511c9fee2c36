"""Gunicorn's worker with threads, changed so that no client can hold a thread.

Gunicorn's own gives a thread to a connection with its first byte, and the thread waits for the rest of the
request and for the reading of the reply. Here the main thread does all waiting, for all clients at once: a
thread gets a request that has arrived completely, and leaves what the client does not take at once.
"""

import logging
import os
import selectors
import time
from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from backend.settings import read_settings
from backend.web_server.connection import Connection, Waits
from backend.web_server.error_page import code_of, error_page
from backend.web_server.open_connections import OpenConnections
from backend.web_server.pace import Pace
from sync_protocol.errors import ErrorCode

LINGER_SECONDS = 2.0
"""How long a client may take to close its side after the last reply."""
log = logging.getLogger("satchel.web_server")


class ClientWorker(ThreadWorker):
    """See above. Everything but `handle` runs in the main thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Satchel's own command gives the settings; `gunicorn --worker-class … wsgi:app` does not.
        settings = getattr(self.app, "settings", None) or read_settings(os.environ)
        self.pace = Pace.of(settings)
        self.secure = settings.public_url.startswith("https:")
        self.open = OpenConnections(self.pace)
        self._next_look = 0.0
        self._accept_more()
        # Gunicorn compares this with a list of its own, which stays empty here.
        self.max_keepalived = 1

    def accept(self, listener: Any) -> None:
        """Accept a connection; if there are too many, the one gives way that waits for its client longest."""
        if len(self.open) >= self.pace.connections and not self._make_room(self.open.to_close()):
            self._accept_no_more()
            return
        try:
            connected, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return
        except OSError as error:
            # No file descriptor is left.
            log.warning("no connection can be accepted: %s", error)
            if not self._make_room(self.open.to_close()):
                self._accept_no_more()
            return
        conn = Connection(self.cfg, connected, client, listener.getsockname(), self.pace)
        self.open.add(conn)
        self.nr_conns += 1
        self._watch(conn, selectors.EVENT_READ)

    def _accept_more(self) -> None:
        # Gunicorn's main loop stops accepting at this number; `accept` makes room before.
        self.worker_connections = self.pace.connections + 1

    def _accept_no_more(self) -> None:
        """Accept again when a connection is closed."""
        self.worker_connections = len(self.open)

    def on_event(self, conn: Connection) -> None:
        """Read or write, whatever the connection waits for."""
        try:
            if conn.waits is Waits.READER:
                conn.reply.flush()
                self._continue_reply(conn)
            elif conn.waits is Waits.THREAD:
                # Bytes of the next request stay where they are until this one is answered.
                self._watch(conn, 0)
            elif not conn.receive():
                self._end_of_input(conn)
            elif conn.waits is Waits.CLOSE:
                conn.received.data.clear()
            elif conn.waits is Waits.BODY:
                self._advance_body(conn)
            else:
                self._advance_head(conn)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._close(conn)
        except Exception as error:
            self._refuse(conn, code_of(error), error)

    def _advance_head(self, conn: Connection) -> None:
        if conn.waits is Waits.NEXT:
            conn.wait_for(Waits.HEAD)
        if not conn.head_complete():
            return
        try:
            complete = conn.parse_head()
        except StopIteration:
            self._close(conn)
            return
        if complete:
            self._dispatch(conn)
            return
        conn.wait_for(Waits.BODY)
        self._advance_body(conn)

    def _advance_body(self, conn: Connection) -> None:
        if conn.body_complete():
            self._dispatch(conn)
            return
        self._hold(conn, len(conn.received))

    def _end_of_input(self, conn: Connection) -> None:
        """The client sends nothing more: a body that broke off may be of use (a piece of a receipt)."""
        if conn.waits is Waits.BODY:
            self._dispatch(conn, cut_short=True)
        else:
            self._close(conn)

    def _dispatch(self, conn: Connection, *, cut_short: bool = False) -> None:
        conn.must_close = conn.must_close or cut_short
        conn.waits, conn.deadline = Waits.THREAD, float("inf")
        if cut_short:
            self._watch(conn, 0)
        future = self.tpool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle(self, conn: Connection) -> bool:
        """Answer the request, in a thread; return whether another one may follow on the connection."""
        keep = False
        try:
            # The parser discards what the app did not read; all of that is in memory.
            keep = self.handle_request(conn.request, conn) and conn.parser.finish_body()
        except StopIteration:
            pass
        except Exception as error:
            self._write_error(conn, code_of(error), error)
        conn.reply.flush()
        return keep

    def finish_request(self, conn: Connection, future: "Future[bool]") -> None:
        """Continue after `handle`."""
        conn.must_close = conn.must_close or future.cancelled() or not future.result()
        self._continue_reply(conn)

    def _continue_reply(self, conn: Connection) -> None:
        if conn.reply.broken:
            self._close(conn)
        elif conn.reply.pending:
            if conn.waits is not Waits.READER:
                conn.wait_for(Waits.READER)
                conn.confirmed = conn.reply.confirmed_bytes()
                self._watch(conn, selectors.EVENT_WRITE)
                self._hold(conn, conn.reply.waiting_bytes)
        else:
            self._hold(conn, 0)
            self._after_reply(conn)

    def _after_reply(self, conn: Connection) -> None:
        if not conn.next_request():
            self._close_gently(conn)
            return
        seconds = self.cfg.keepalive if self.alive else min(self.cfg.keepalive, STOP_KEEPALIVE_LINGER)
        conn.wait_for(Waits.NEXT, seconds)
        self._watch(conn, selectors.EVENT_READ)
        if conn.received.data:
            self._guarded(conn)

    def _guarded(self, conn: Connection) -> None:
        """Continue with a request that arrived together with the one before."""
        try:
            self._advance_head(conn)
        except Exception as error:
            self._refuse(conn, code_of(error), error)

    def _refuse(self, conn: Connection, code: ErrorCode, error: Exception | None = None) -> None:
        """Answer with an error page, and close."""
        conn.must_close = True
        conn.received.data.clear()
        self._write_error(conn, code, error)
        conn.reply.flush()
        self._continue_reply(conn)

    def _write_error(self, conn: Connection, code: ErrorCode, error: Exception | None) -> None:
        if code is ErrorCode.INTERNAL and error is not None:
            log.error("unexpected error of the web server", exc_info=error)
        if conn.reply.written:
            # A part of another reply: the client must not take the error for its end.
            conn.reply.discard()
            return
        conn.reply.sendall(error_page(code, conn.request, conn.began, secure=self.secure))

    def _make_room(self, conn: Connection | None) -> bool:
        """Make the client of *conn* give up; return whether there was one."""
        if conn is not None:
            self._give_up(conn, ErrorCode.UNAVAILABLE)
        return conn is not None

    def _give_up(self, conn: Connection, code: ErrorCode) -> None:
        """End the wait for a client: with *code* if it has begun a request.

        A body that is late goes to the app as if the connection had broken: it keeps the piece of a receipt.
        """
        if conn.waits is Waits.BODY and code is ErrorCode.REQUEST_TIMEOUT:
            self._dispatch(conn, cut_short=True)
        elif conn.waits is Waits.BODY or (conn.waits is Waits.HEAD and conn.received.data):
            self._refuse(conn, code)
        else:
            self._close(conn)

    def _hold(self, conn: Connection, memory_bytes: int) -> None:
        """Note how much memory a client makes us hold; if it is too much, the longest wait ends."""
        self.open.hold(conn, memory_bytes)
        while self.open.held > self.pace.buffer_bytes:
            longest = self.open.to_release()
            if longest is None:
                return
            self._give_up(longest, ErrorCode.UNAVAILABLE)

    def _close_gently(self, conn: Connection) -> None:
        """Say that nothing more comes, and let the client close first: then it gets the reply for certain."""
        try:
            conn.socket.shutdown(1)
        except OSError:
            conn.ended = True
        if conn.ended:
            self._close(conn)
            return
        conn.received.data.clear()
        conn.wait_for(Waits.CLOSE, LINGER_SECONDS)
        self._watch(conn, selectors.EVENT_READ)

    def _close(self, conn: Connection) -> None:
        self._watch(conn, 0)
        self.open.remove(conn)
        self.nr_conns -= 1
        self._accept_more()
        conn.reply.discard()
        conn.socket.close()

    def _watch(self, conn: Connection, events: int) -> None:
        if events == conn.events:
            return
        if not conn.events:
            self.poller.register(conn.socket, events, lambda _socket: self.on_event(conn))
        elif not events:
            self.poller.unregister(conn.socket)
        else:
            self.poller.modify(conn.socket, events, lambda _socket: self.on_event(conn))
        conn.events = events

    def murder_keepalived(self, force: bool = False) -> None:
        """End the waits that are overdue, at most once a second; all waits with *force*."""
        now = time.monotonic()
        if now < self._next_look and not force:
            return
        self._next_look = now + 1
        for conn in self.open.overdue(float("inf") if force else now):
            conn.grant_time()
            if force:
                self._close(conn)
            elif conn.deadline <= now:
                self._give_up(conn, ErrorCode.REQUEST_TIMEOUT)

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self.open:
            if conn.waits is Waits.NEXT or (conn.waits is Waits.HEAD and not conn.received.data):
                conn.deadline = min(conn.deadline, deadline)
