"""A replica that fetches what it is offered from the store itself, and must end as the server's own view."""

from backend.database.core import Sessions
from backend.sync.segments.file_store import FileStore
from tests.unit.sync.replica import Replica


class Phone(Replica):
    """A replica of revision 2 that reads segments in the store."""

    def __init__(self, sessions: Sessions, store: FileStore, rep: str = "R1") -> None:
        super().__init__(sessions, rep, schema=2)
        self.store = store
        self.fetched: list[str] = []

    def sync(self) -> "Phone":
        """Pull, and fetch what is offered, until a page says complete."""
        for _ in range(1_000):
            page = self.step()
            for description in list(self.offers):
                self.fetched.append(description["sha256"])
                with self.store.open(description["sha256"], 0, description["bytes"]) as file:
                    assert self.apply_segment(description, file.read())
            if page["complete"] and self.equals(page["check"]):
                return self
        raise AssertionError("no page was ever complete")


def sees_what_rows_say(sessions: Sessions, store: FileStore) -> Phone:
    """Return a phone that has synced by segments, after comparing it with one that was given rows only."""
    phone = Phone(sessions, store).sync()
    rows = Replica(sessions, "R1").sync()
    assert {ref: row[2] for ref, row in phone.rows.items()} == {ref: row[2] for ref, row in rows.rows.items()}
    return phone
