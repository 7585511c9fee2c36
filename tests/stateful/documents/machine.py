"""A state machine that plays random histories of documents: late copies, withdrawals, refusals, and restores.

Everything random is drawn by Hypothesis, so that a failure shrinks to its shortest history and plays again.
"""

from collections.abc import Callable, Iterable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend.inbox.restored import UNDECIDED
from backend.inbox.state_change import PHONE_MISSING
from sync_protocol.submission import FINAL, State
from tests.stateful.documents.company import Company, Document, Tables

MAX_DOCUMENTS = 8
PHONES = ("D1", "D2")
phone = st.sampled_from(PHONES)
which = st.integers(0, MAX_DOCUMENTS - 1)
some = st.lists(which, min_size=1, max_size=3)
some_phones = st.lists(phone, unique=True)
REPLIES = ("ok", "ok", "refuse", "refuse_office", "down", "commit_then_timeout", "timeout")
"""What the ERP does with the next document that it is to create."""


class DocumentHistories(RuleBasedStateMachine):
    """One rep whose phones deliver documents in any order, and a server that may be restored.

    A phone learns of a restore in one sync, and at the latest in the next one it has sent again what it sent
    before (docs/device.md). Nobody waits for the phones before sending resumes.
    """

    def __init__(self, company: Company) -> None:
        super().__init__()
        self.company = company
        self.documents: list[Document] = []
        self.pushed: set[str] = set()
        """The documents that any history of the server has received."""
        self.backup: Tables | None = None
        self.of_phone: dict[str, str] = {}
        """The phone on which each document was captured."""
        self.informed: set[str] = set()
        """The phones that have synced since the restore."""
        self.withdrawn: set[str] = set()
        """The documents that any history of the server has withdrawn."""

    @initialize(enforces_key=st.booleans())
    def begin(self, enforces_key: bool) -> None:
        self.company.begin(enforces_key=enforces_key)
        self.company.enrol(*PHONES)
        self.order(PHONES[0])

    # The rep

    @precondition(lambda self: len(self.documents) < MAX_DOCUMENTS)
    @rule(phone=phone)
    def order(self, phone: str) -> None:
        self._capture(self.company.order(), phone)

    @precondition(lambda self: len(self.documents) < MAX_DOCUMENTS)
    @rule(n=which, phone=phone)
    def copy(self, n: int, phone: str) -> None:
        self._amend(n, self.company.copy, phone)

    @precondition(lambda self: len(self.documents) < MAX_DOCUMENTS)
    @rule(n=which, phone=phone)
    def withdraw(self, n: int, phone: str) -> None:
        self._amend(n, self.company.withdrawal, phone)

    @precondition(lambda self: len(self.documents) < MAX_DOCUMENTS)
    @rule(n=which, phone=phone)
    def ask_for_change(self, n: int, phone: str) -> None:
        self._amend(n, self.company.change_request, phone)

    def _amend(self, n: int, amendment: Callable[[Document], Document], phone: str) -> None:
        document = self._pick(n)
        # Another phone can only amend what the server has had.
        if document["kind"] == "order" and document["id"] in self.pushed:
            self._capture(amendment(document), phone)

    def _capture(self, document: Document, phone: str) -> None:
        self.documents.append(document)
        self.of_phone[document["id"]] = phone

    @rule(numbers=some)
    def push(self, numbers: list[int]) -> None:
        """Phones deliver some documents, new or again, in any order."""
        self._push(self._pick(n) for n in numbers)

    def _push(self, documents: Iterable[Document]) -> None:
        for document in documents:
            self.company.push(document, device=self.of_phone[document["id"]])
            self.pushed.add(document["id"])

    @rule(phone=phone)
    def sync(self, phone: str) -> None:
        """The phone is in contact; it has learned of the restore before, or learns of it now."""
        if phone in self.informed:
            self._push(d for d in self.documents if d["id"] in self.pushed and self.of_phone[d["id"]] == phone)
        self.informed.add(phone)
        self.company.contact(phone)

    def _return(self, phone: str) -> None:
        for _ in range(2):
            self.company.clock.advance(minutes=6)
            self.sync(phone)

    def _pick(self, n: int) -> Document:
        return self.documents[n % len(self.documents)]

    # The server and the ERP

    @rule(reply=st.sampled_from(REPLIES))
    def forward(self, reply: str) -> None:
        self.company.erp.script("create", reply, "ok")
        self.company.forward()
        self.company.erp.script("create", "ok")

    @rule()
    def maintain(self) -> None:
        self.company.maintain()

    @rule(hours=st.sampled_from([0.05, 0.05, 3, 30]))
    def wait(self, hours: float) -> None:
        self.company.clock.advance(hours=hours)

    @rule(sellable=st.booleans())
    def sell(self, sellable: bool) -> None:
        self.company.sell(sellable=sellable)

    @rule(n=which, action=st.sampled_from(["retry", "return", "cancel"]))
    def office_acts(self, n: int, action: str) -> None:
        """The office follows the advice: it does not send what may be in the ERP under another key."""
        row = self.company.find_row(self._pick(n))
        if row is not None and row.state == State.PARKED and row.error_class not in UNDECIDED:
            self.company.office_tries(action, self._pick(n))
            self.withdrawn.discard(row.id)

    # The operator

    @rule()
    def back_up(self) -> None:
        self.backup = self.company.back_up()

    @precondition(lambda self: self.backup is not None)
    @rule()
    def restore(self) -> None:
        assert self.backup is not None
        self.withdrawn |= self.company.withdrawn()
        self.informed.clear()
        self.company.restore(self.backup)

    @rule(
        n=which,
        first=some,
        amendment=st.sampled_from(["copy", "withdraw", "ask_for_change"]),
        phone=phone,
        later=some,
    )
    def lose_time(self, n: int, first: list[int], amendment: str, phone: str, later: list[int]) -> None:
        """A backup, some work, and the restore, which loses that work."""
        self.back_up()
        self.push(first)
        self.company.forward()
        if len(self.documents) < MAX_DOCUMENTS:
            getattr(self, amendment)(n, phone)
        self._push([*(self._pick(n) for n in later), self.documents[-1]])
        self.company.forward()
        self.restore()

    @rule(
        n=which,
        queued=st.booleans(),
        amendment=st.sampled_from(["copy", "copy", "withdraw"]),
        phone=phone,
        later=some,
        returning=some,
        newest_first=st.booleans(),
        phones=some_phones,
    )
    def lose_time_and_resume(
        self,
        n: int,
        queued: bool,
        amendment: str,
        phone: str,
        later: list[int],
        returning: list[int],
        newest_first: bool,
        phones: list[str],
    ) -> None:
        """What is sent and amended after a backup comes back after the restore, perhaps the newest first."""
        if queued:
            self.push([n])
        self.lose_time(n, [n], amendment, phone, later)
        self.resume([len(self.documents) - 1] if newest_first else returning, phones, sellable=True)

    @rule(n=which, amendment=st.sampled_from(["copy", "withdraw"]), phone=phone, phones=some_phones)
    def lose_amendment_and_resume(self, n: int, amendment: str, phone: str, phones: list[str]) -> None:
        """An order waits to be sent in the backup, and is replaced or withdrawn afterwards."""
        self.push([n])
        self.back_up()
        getattr(self, amendment)(n, phone)
        self.push([len(self.documents) - 1])
        self.company.forward()
        self.restore()
        self.resume([n], phones, sellable=True)

    @rule(n=which, phone=phone)
    def lose_order_and_amend_it(self, n: int, phone: str) -> None:
        """An order is sent after the backup. After the restore another phone replaces it and syncs first."""
        self.back_up()
        self.push([n])
        self.company.forward()
        self.restore()
        self.wait(0.05)
        self.copy(n, phone)
        self.resume([len(self.documents) - 1], [], sellable=True)

    @rule(first=some, phones=some_phones, sellable=st.booleans())
    def resume(self, first: list[int], phones: list[str], sellable: bool) -> None:
        """After a restore some phones return, and sending resumes."""
        self.sell(sellable)
        self.push(first)
        for phone in phones:
            self._return(phone)
        self.reconcile()
        self.company.work()

    @rule()
    def reconcile(self) -> None:
        self.company.reconcile()

    # What must be true

    def _root(self, document: Document) -> str:
        """Return the first document of the line that *document* belongs to."""
        by_id = {each["id"]: each for each in self.documents}
        while (cited := document.get("supersedes") or document["body"].get("submission_id")) in by_id:
            document = by_id[cited]
        return str(document["id"])

    @invariant()
    def no_state_denies_what_the_erp_has(self) -> None:
        assert self.company.wrong_states() == []

    @invariant()
    def the_erp_has_each_line_at_most_once(self) -> None:
        lines: dict[str, list[str]] = {}
        for document in self.documents:
            for _ in range(self.company.erp.created(document["id"])):
                lines.setdefault(self._root(document), []).append(document["id"])
        assert {root: ids for root, ids in lines.items() if len(ids) > 1} == {}

    @invariant()
    def what_was_withdrawn_is_not_sent(self) -> None:
        assert [id for id in self.withdrawn if self.company.erp.created(id)] == []

    def teardown(self) -> None:
        """In the end every document has been decided, and the ERP has exactly what is accepted."""
        self.company.sell(sellable=True)
        self._push(self.documents)
        for phone in PHONES:
            self._return(phone)
        self.reconcile()
        self.company.work()
        self.company.clock.advance(days=2)
        self.company.work()
        self.no_state_denies_what_the_erp_has()
        self.the_erp_has_each_line_at_most_once()
        self.what_was_withdrawn_is_not_sent()
        for document in self.documents:
            [state] = self.company.states(document)
            assert state in {*FINAL, State.PARKED}, f"{document['id']} stays {state}"
            assert self.company.row(document).error_class != PHONE_MISSING
            if document["kind"] == "order" and state == State.ACCEPTED:
                assert self.company.in_erp(document) == [1], document["id"]
