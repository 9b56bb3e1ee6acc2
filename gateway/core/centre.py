"""The shadow centre: messages and time in, messages out. What it knows is on the ledger; everything else may be lost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from blockchain_iface.checkpoint import Checkpoint
from blockchain_iface.ledger import Head, Rejected, Unavailable
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Action, Enrolment, Genesis, Recharge
from blockchain_iface.state.given_up import missing
from blockchain_iface.state.proposals import due
from firmware.wire import command, cose, enrolment, event, receipt, timesync, topics
from firmware.wire.fields import WireError
from firmware.wire.signer import Signer

from . import intake
from .admission import Admission, Admitted, Claim
from .bucket import Buckets
from .commands import CommandDesk
from .dispatch import Dispatch
from .gaps import Gaps
from .hindsight import remembered
from .picture import picture
from .refusal import Refusal, Refused
from .register import Register, Takeover
from .release import Release
from .telemetry import Telemetry
from .updates import Updates
from .view import View
from .witnessing import record_cosignatures
from .writer import StatefulLedger, Writer

_LEDGER = "ledger"
_AUDIT = "audit"
MOST_PROPOSALS = 50
_MOST_AWAITED = 10_000
# as many meters as a site may have speak and hear on the same topics again and again
_parse_up, _down = lru_cache(16384)(topics.parse_up), lru_cache(16384)(topics.down)
_STATEMENTS = {"cert": receipt.CERTIFICATE, "event": receipt.EVENT, "rotation": receipt.ROTATION}
_RATE, _BURST = 100, 500
"""Messages of one meter: a second, and at once. It sends one a minute, and a few a second while it pays off a debt."""


class NotBegun(Unavailable):
    """The ledger has taken the first entry, and it is not final yet. Open for business a little later."""


class OtherSite(Exception):
    """The ledger was begun with other rules than the settings now ask for: the owner's fault. Put the settings back."""


@dataclass(frozen=True, slots=True)
class Message:
    """What came in on a topic."""

    topic: str
    payload: bytes

    @property
    def is_signed(self) -> bool:
        """Whether it is to be a statement: a certificate or an event."""
        return self.topic.endswith(("/cert", "/event"))


@dataclass(frozen=True, slots=True)
class Publish:
    """What is to go out, QoS 1, not retained."""

    topic: str
    payload: bytes


class ShadowCentre:
    """Admits, commits, receipts, settles. All calls come from one thread; ``now`` is Unix seconds.

    Attributes:
        commands: numbers and signs what meters are told to do.
        dispatch: commands that people have ordered, and how they ended.
        newest_refusals: the last refused message by reason, for the log.
        register: of meters and keys, what people decide about it.
        updates: of the meters' firmware.
    """

    def __init__(
        self,
        ledger: StatefulLedger,
        signer: Signer,
        site: str,
        genesis: Genesis,
        deadline_s: int,
        verifier: Verifier,
        now: int,
    ) -> None:
        """Open for business; on an empty ledger, write the first entry.

        Args:
            genesis: the rules; an older ledger must have been begun with the same.
            deadline_s: seconds after an interval's end at which the silent no longer hold up the others.
            verifier: shared with the ledger, so that no signature is checked twice.
        Raises:
            OtherSite: the ledger was begun with other rules.
            NotBegun: the first entry is not final yet.
            Unavailable: the ledger takes nothing at the moment.
        """
        self._writer = Writer(ledger, signer, site)
        self.register = Register(self._writer)
        self.commands = CommandDesk(signer, site)
        self.dispatch = Dispatch(site)
        self.updates = Updates(signer, site, self.commands)
        self._site = site
        self._deadline = deadline_s
        self._verifier = verifier
        self._buckets = Buckets(_RATE, _BURST)
        self._admission = Admission(site, ledger.state, verifier)
        self._telemetry = Telemetry()
        self._gaps = Gaps()
        self._hygiene = remembered(ledger)
        self._refusals: Counter[tuple[str, Refusal]] = Counter()
        self.newest_refusals: dict[str, Refused] = {}
        self._questions: dict[str, bytes] = {}
        self._chunks: list[Publish] = []
        self._awaited: dict[bytes, Admitted] = {}
        self._answered: Head | None = None
        self._started = now
        self._begin(genesis, now)

    def _begin(self, genesis: Genesis, now: int) -> None:
        rules = self._writer.state.genesis
        if rules is None:
            self._writer.write(_LEDGER, genesis, now)
            if self._writer.state.genesis is None:
                raise NotBegun("the site's first entry waits for the other shadow centres: more than two thirds must run")
        elif (rules.name, rules.public) != (self._site, genesis.public):
            raise OtherSite("the ledger belongs to another site or to another gateway's key")
        elif (rules.interval, rules.tariff) != (genesis.interval, genesis.tariff):
            raise OtherSite("interval_s and [tariff] are fixed by the ledger's first entry and cannot be changed afterwards")

    def enrol(self, request: bytes, role: str, now: int, takeover: Takeover | None = None) -> bool:
        """Authorise the key in a meter's ``request``: whether that is final. Rejected with the reason, or Unavailable.

        Args:
            takeover: of a point where another meter was; None for a point of its own, in ``role``.
        """
        try:
            statement = cose.parse(request, enrolment.MAX_SIZE)
            public = enrolment.public_of(statement)
        except WireError as error:
            raise Rejected(b"", f"not an enrolment request: {error}") from None
        if not self._is_enrolled(statement.subject, public):
            if takeover is None:
                self._writer.write(statement.subject, Enrolment(role, request), now)
            else:
                self.register.exchange(statement.subject, request, takeover, now)
        return self._is_enrolled(statement.subject, public)

    def _is_enrolled(self, meter: str, public: bytes) -> bool:
        known = self._writer.state.meters.get(meter)
        return known is not None and known.public == public

    def order(self, order: Recharge, now: int) -> None:
        """Recharge an account, or recover from it, once a reference. Rejected with the reason, or Unavailable."""
        self._writer.write(order.account.removeprefix("@"), order, now)

    def record_action(self, action: Action, now: int) -> None:
        """Put on record who ordered what. The same action again changes nothing, so its time is the order's own.

        Rejected if its reference stands for another action, or a text is none that the ledger takes; or Unavailable.
        """
        try:
            action.encode()
        except ValueError as error:
            raise Rejected(b"", f"this action cannot be written down: {error}") from None
        self._writer.write(_AUDIT, action, now)

    def record_checkpoint(self, checkpoint: Checkpoint, now: int) -> None:
        """Put on record who has vouched for a head of this ledger. Raises as witnessing.record_cosignatures does."""
        record_cosignatures(self._writer, checkpoint, self._verifier, now)

    def command(self, meter: str, kind: int, arguments: object, now: int, expires: int) -> bytes:
        """A signed command, to be kept and then sent. Rejected if the meter is not enrolled, or would refuse it."""
        self._check_enrolled(meter)
        try:
            return self.commands.issue(meter, kind, arguments, now, expires)
        except WireError as error:
            raise Rejected(b"", str(error)) from None

    def send_command(self, name: str, data: bytes, now: int) -> None:
        """Put a signed command on record and send it until it is answered; ``name`` is the order's. Rejected or Unavailable."""
        self._writer.ledger.submit([data], now)
        self.dispatch.add(name, cose.parse(data).subject, data)

    def update(self, meter: str, release: Release, now: int) -> None:
        """Have ``meter`` run ``release``. Rejected if it is not enrolled."""
        self._check_enrolled(meter)
        self.updates.order(meter, release, now)

    def count(self) -> int:
        """How many metering points there are."""
        return sum(1 for _ in self._writer.state.points.items())

    def _check_enrolled(self, meter: str) -> None:
        if meter not in self._writer.state.meters:
            raise Rejected(b"", f"{meter} is not enrolled")

    def on_messages(self, batch: Sequence[Message], now: int) -> list[Publish]:
        """Take a batch. When this returns, it may be acknowledged.

        Raises:
            Unavailable: acknowledge nothing; bring the same batch again.
        """
        self._chunks = []
        claims: list[Claim] = []
        admitted: list[Admitted] = []
        refused: list[Refused] = []
        for message in batch:
            try:
                claim = self._hear(message, now)
            except Refused as refusal:
                refused.append(refusal.bare())
            else:
                if claim is not None:
                    claims.append(claim)
        # all at once: they are checked beside each other
        held = self._verifier.hold([claim.signature for claim in claims])
        for claim, holds in zip(claims, held, strict=True):
            try:
                admitted.append(self._admission.admit(claim, holds, now))
            except Refused as refusal:
                refused.append(refusal.bare())
        result = intake.commit(self._writer, admitted, now)
        for no in (*refused, *result.refused):
            # whoever makes up names is counted as one: there are more names than memory
            self._refusals[no.meter if no.meter in self._writer.state.meters else "", no.refusal] += 1
            self.newest_refusals[no.refusal.value] = no
        self._awaited.update((one.statement.id, one) for one in result.fresh)
        return [*self._answer(result.taken, now), *self._chunks]

    def tell_time(self, now_ms: int, uncertainty_ms: int) -> list[Publish]:
        """Answer the meters that asked for the time, at this moment: ``now_ms`` in Unix milliseconds, right to the other."""
        questions, self._questions = self._questions, {}
        answers = []
        for meter, echo in questions.items():
            data = timesync.answer(self._writer.signer, self._site, meter, now_ms, uncertainty_ms, echo)
            answers.append(Publish(topics.down(self._site, meter, "time"), data))
        return answers

    @property
    def awaited(self) -> int:
        """How many statements the ledger has accepted that are not final yet."""
        return len(self._awaited)

    def on_tick(self, now: int, most: int = MOST_PROPOSALS) -> list[Publish]:
        """Settle what is due, ``most`` entries of it, send what is ordered, ask for what is missing, offer updates.

        Rejected is a defect of ours; Unavailable: call again.
        """
        answers = self._late_answers(now)
        for _ in range(most):
            if not self._writer.is_settled(now):
                break
            proposal = due(self._writer.state, now, self._deadline)
            if proposal is None:
                break
            self._writer.write_all(proposal.entries, now)
        ordered = [Publish(topic, data) for topic, data in self.dispatch.due(now)]
        return [*answers, *ordered, *self._requests(now), *self._offers(now)]

    def view(self, now: int, names: Mapping[str, str], broker: str) -> View:
        """The picture for people; ``names`` by meter, ``broker`` says how the link is."""
        return picture(
            self._writer.ledger, self._telemetry, self._hygiene, self._refusals, self._site, self._started, now, names, broker
        )

    def _hear(self, message: Message, now: int) -> Claim | None:
        """A statement to be checked, or None for what is unsigned, which is noted: state, health, log, a question, a want."""
        try:
            site, meter, kind = _parse_up(message.topic)
        except WireError as error:
            raise Refused(Refusal.NOISE, str(error)) from None
        if site != self._site:
            raise Refused(Refusal.WRONG_SITE, f"the topic is of site {site}")
        is_enrolled = meter in self._writer.state.meters
        # by the topic, which the broker vouches for: what is in the message could be somebody else's name
        if not self._buckets.take(meter if is_enrolled else "", now):
            raise Refused(Refusal.FLOOD, f"more than {_RATE} messages a second", meter)
        if kind in _STATEMENTS:
            return self._admission.read(meter, message.payload, _STATEMENTS[kind])
        if not is_enrolled:
            raise Refused(Refusal.BAD_STATE, f"{meter} is not enrolled", meter)
        if kind == "time":
            self._note_question(meter, message.payload)
        elif kind == "want":
            self._serve(meter, message.payload)
        else:
            self._note(meter, kind, message.payload, now)
        return None

    def _serve(self, meter: str, want: bytes) -> None:
        try:
            chunk = self.updates.answer(meter, want)
        except WireError as error:
            raise Refused(Refusal.BAD_STATE, str(error), meter) from None
        if chunk is not None:
            self._chunks.append(Publish(topics.down(self._site, meter, "chunk"), chunk))

    def _note_question(self, meter: str, echo: bytes) -> None:
        if len(echo) != timesync.ECHO_SIZE:
            raise Refused(Refusal.BAD_STATE, f"a question for the time has {timesync.ECHO_SIZE} bytes", meter)
        self._questions[meter] = echo

    def _note(self, meter: str, kind: str, payload: bytes, now: int) -> None:
        notes = {"state": self._telemetry.note, "health": self._telemetry.note_health, "log": self._telemetry.note_log}
        try:
            notes[kind](meter, payload, now)
        except ValueError as error:
            raise Refused(Refusal.BAD_STATE, str(error), meter) from None

    def _answer(self, taken: Sequence[Admitted], now: int) -> list[Publish]:
        """Receipts for what is final. The rest is answered when it is; what is forgotten until then its meter sends again."""
        answers = []
        proofs = self._writer.ledger.receipts([one.statement.id for one in taken])
        for one in taken:
            proof = proofs.get(one.statement.id)
            if proof is not None:
                self._on_final(one, self._awaited.pop(one.statement.id, None) is not None, now)
                down = _down(self._site, one.meter, "receipt")
                answers.append(Publish(down, receipt.wrap(one.kind, one.number, proof)))
        for id in list(self._awaited)[: max(0, len(self._awaited) - _MOST_AWAITED)]:
            del self._awaited[id]
        return answers

    def _late_answers(self, now: int) -> list[Publish]:
        head = self._writer.ledger.head()
        if not self._awaited or head == self._answered:
            return []
        self._answered = head
        return self._answer(list(self._awaited.values()), now)

    def _on_final(self, one: Admitted, is_news: bool, now: int) -> None:
        intake.record_sighting(self._writer, one, now)
        earlier = self._hygiene.take(one.statement, one.sign, now) if is_news and one.sign else None
        if earlier is not None:
            intake.record_leak(self._writer, one, earlier, now)
        if one.kind == receipt.EVENT:
            log = self._telemetry.log(one.meter)
            self.dispatch.take_event(one.meter, one.statement, log[0] if log else None)
            if is_news:
                self.updates.take_event(one.meter, event.decode(one.statement.payload))

    def _requests(self, now: int) -> list[Publish]:
        requests = []
        for meter, _ in self._writer.state.chains.items():
            if self.dispatch.is_busy(meter):
                continue
            gap = self._gaps.ask(meter, missing(self._writer.state, meter), now)
            if gap is not None:
                data = self.commands.issue(meter, command.RESEND, list(gap), now)
                requests.append(Publish(topics.down(self._site, meter, "cmd"), data))
        return requests

    def _offers(self, now: int) -> list[Publish]:
        offers = []
        for meter in self.updates.meters:
            if self.dispatch.is_busy(meter):
                continue
            data = self.updates.offer(meter, self._telemetry.last(meter)[0], now)
            if data is not None:
                offers.append(Publish(topics.down(self._site, meter, "cmd"), data))
        return offers
