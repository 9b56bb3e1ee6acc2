"""Commands: each obeyed once and answered, whenever the power goes."""

from firmware.hal import fake
from firmware.meter.commands import Commands, Replayed
from firmware.meter.config import Config
from firmware.meter.control import DONE, FAILED, REFUSED, Control
from firmware.meter.notes import Notes, StoreFull
from firmware.meter.relay import Contact
from firmware.meter.supply import Supply
from firmware.wire import cbor, command, es256, event
from firmware.wire.fields import WireError
from firmware.wire.steps import finish
from firmware.wire.tariff import Tariff
from tests.portable.sample import GATEWAY, document

STRANGER = es256.SoftwareSigner(bytes(31) + b"\x06")
AT = 1_800_000_000
KEYS = (command.POLL_MS, command.HEALTH_S, command.UTC_OFFSET_MIN)
INSTALLED = {command.POLL_MS: 500, command.HEALTH_S: 60, command.UTC_OFFSET_MIN: 0}
CONFIG = Config(document("home-1"))


class Bench:
    """A meter's commands and supply on a fake board; its events are on the same flash."""

    def __init__(self, relay=True):
        self.board = fake.Board()
        self.has_relay = relay
        self.acts = []
        self.failing = None
        self.start()

    def start(self, at=AT):
        """(Re)start: what was not on the flash is gone."""
        files = self.board.files
        self.control = Control(Notes(files), INSTALLED, at)
        self.contact = Contact(self.board.relay if self.has_relay else None)
        self.supply = Supply(self.control, self.contact, "home-1", self.board.clock.ticks_ms())
        acts = self.resend, self.update, self.send_log, self.rotate
        self.commands = Commands(CONFIG, self.control, self.contact.exists, *acts)

    def resend(self, first, last):
        self.acts.append((first, last))

    def update(self, manifest):
        self.acts.append(manifest)
        if self.failing:
            raise WireError(self.failing)

    def send_log(self):
        self.acts.append(b"log")

    def rotate(self):
        self.acts.append(b"rotate")

    def send(self, number, kind, arguments, at=AT, expires=None, now=AT):
        self.obey(order(number, kind, arguments, at, expires), now)
        self.live(2)

    def obey(self, payload, now=AT):
        self.take(finish(self.commands.read_steps(payload)), now)

    def take(self, checked, now=AT):
        """Obey a command whose signature was checked."""
        self.commands.obey(checked, now)
        self.supply.obeyed(self.board.clock.ticks_ms())

    def live(self, seconds, w=500):
        """Second by second: read, and keep what there is to tell."""
        for _ in range(seconds):
            self.board.clock.advance(1000)
            now = self.board.clock.ticks_ms()
            self.supply.read(w if self.board.relay.is_closed else 0, now)
            self.supply.tick(AT, now)
            told = self.supply.event(AT, now)
            if told is not None:
                self.board.files.write(f"e/{len(self.board.files.names('e'))}", cbor.encode(list(told)))
                self.supply.kept()

    def answers(self, id=None):
        """The events that answer, as (result, contact, W, reason)."""
        names = sorted(self.board.files.names("e"), key=int)
        events = [cbor.decode(self.board.files.read("e/" + name)) for name in names]
        return [
            (details[2], details[3], details[4], details[5])
            for kind, details in events
            if kind == event.COMMAND and id in (None, details[1])
        ]


def order(number, kind, arguments, at=AT, expires=None, signer=GATEWAY, meter="home-1"):
    return command.issue(signer, "isle", meter, number, kind, arguments, at, expires)


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return str(error) or True
    return False


def test_only_the_gateway_commands_and_only_this_meter():
    bench = Bench()
    data = order(1, command.RELAY, [0])
    for payload in (
        order(1, command.RELAY, [0], signer=STRANGER),
        order(1, command.RELAY, [0], meter="home-2"),
        data[:-1] + bytes([data[-1] ^ 1]),
        b"noise",
    ):
        assert raises(WireError, bench.obey, payload)
    bench.live(12)
    assert (bench.control.number, bench.board.relay.is_closed, bench.answers()) == (0, True, [])


def test_the_contact_opens_and_closes_by_command_and_the_answer_says_so():
    bench = Bench()
    bench.live(1)
    bench.send(1, command.RELAY, [0])
    assert not bench.board.relay.is_closed
    bench.send(2, command.RELAY, [1])
    assert bench.board.relay.is_closed
    assert bench.answers() == [(DONE, 0, 0, ""), (DONE, 1, 500, "")]


def test_the_answer_carries_the_hash_of_the_command():
    bench = Bench()
    data = order(1, command.LIMIT, [1000, 5])
    bench.obey(data)
    bench.live(2)
    assert bench.answers(command.parse(data, "isle", "home-1").id) == [(DONE, 1, 500, "")]


def test_a_replay_has_no_effect_and_no_answer():
    bench = Bench()
    opening, closing = order(1, command.RELAY, [0]), order(2, command.RELAY, [1])
    for data in (opening, closing):
        bench.obey(data)
        bench.live(2)
    for _ in range(2):
        assert raises(Replayed, bench.obey, opening)
        assert raises(Replayed, bench.obey, closing)
        bench.start()
    bench.live(12)
    assert bench.board.relay.is_closed
    assert (bench.board.relay.moves, len(bench.answers())) == (2, 2)


def test_a_welded_contact_is_reported():
    bench = Bench()
    bench.live(1)
    bench.board.relay.stuck = True
    bench.obey(order(1, command.RELAY, [0]))
    bench.live(12)
    assert bench.answers() == [(FAILED, 1, 500, "the contact does not follow")]


def test_nobody_closes_the_contact_of_who_has_no_credit():
    bench = Bench()
    bench.send(1, command.TARIFF, Tariff(1000).fields())
    bench.live(5)
    bench.send(2, command.RELAY, [1])
    assert bench.answers()[-1] == (FAILED, 0, 0, "open for want of credit")


def test_a_meter_without_a_contact_says_so():
    bench = Bench(relay=False)
    bench.send(1, command.RELAY, [0])
    bench.send(2, command.LIMIT, [1000, 5])
    assert bench.answers() == [(REFUSED, None, 500, "this meter has no contact"), (DONE, None, 500, "")]


def test_an_expired_command_is_refused_once():
    bench = Bench()
    late = order(1, command.RELAY, [0], AT - 60, AT - 1)
    bench.obey(late)
    bench.live(2)
    assert bench.answers() == [(REFUSED, 1, 500, f"expired at {AT - 1}")]
    assert raises(Replayed, bench.obey, late)
    bench.send(2, command.RELAY, [0], AT - 60, AT)
    assert bench.answers()[-1][0] == DONE


def test_an_expired_act_is_not_done():
    bench = Bench()
    bench.send(1, command.UPDATE, b"manifest", AT - 60, AT - 1)
    bench.live(2)
    assert [answer[0] for answer in bench.answers()] == [REFUSED]
    assert bench.acts == []


def test_what_expires_needs_a_clock():
    bench = Bench()
    bench.send(1, command.RELAY, [0], expires=AT + 60, now=None)
    bench.send(2, command.LIMIT, [1000, 5], now=None)
    assert [answer[0] for answer in bench.answers()] == [REFUSED, DONE]
    assert "clock" in bench.answers()[0][3]


def test_what_a_newer_gateway_orders_is_answered():
    bench = Bench()
    newer = command.parse(order(1, command.RELAY, [0]), "isle", "home-1")
    newer.kind = 99
    bench.commands.obey(newer, AT)
    bench.live(12)
    assert bench.answers() == [(REFUSED, 1, 500, "kind 99 is not known to this firmware")]


def test_states_survive_a_restart():
    bench = Bench()
    terms = Tariff(250_000, 5, 7, [(31, 64800, 21600)], 500)
    orders = (
        (command.LIMIT, [1000, 5]),
        (command.CONFIGURE, {1: 250, 2: 600, 3: -570}),
        (command.TARIFF, terms.fields()),
        (command.CREDIT, [command.SET, 90, 4]),
        (command.CREDIT, [command.ADD, 9, 5]),
        (command.RELAY, [0]),
    )
    for number, (kind, arguments) in enumerate(orders):
        bench.send(number + 1, kind, arguments)
    bench.start()
    control = bench.control
    assert (control.number, control.limit, control.opened) == (6, (1000, 5), True)
    assert [control.setting(key) for key in KEYS] == [250, 600, -570]
    assert (control.account.credit, control.account.top_up) == (99, 5)
    assert control.account.tariff.fields() == terms.fields()
    assert {answer[0] for answer in bench.answers()} == {DONE}


def test_a_setting_goes_back_to_what_was_installed():
    bench = Bench()
    bench.send(1, command.CONFIGURE, {command.POLL_MS: 250, command.HEALTH_S: 600})
    bench.send(2, command.CONFIGURE, {command.POLL_MS: None, command.UTC_OFFSET_MIN: 660})
    bench.start()
    assert [bench.control.setting(key) for key in KEYS] == [500, 600, 660]


def test_a_top_up_that_was_counted_is_refused():
    bench = Bench()
    bench.send(1, command.CREDIT, [command.ADD, 50, 1])
    bench.send(2, command.CREDIT, [command.ADD, 50, 1])
    assert [answer[0] for answer in bench.answers()] == [DONE, REFUSED]
    assert bench.control.account.credit == 50


def test_acts_are_done_and_answered():
    bench = Bench()
    bench.send(1, command.RESEND, [3, 7])
    bench.send(2, command.UPDATE, b"manifest")
    bench.failing = "an older version"
    bench.send(3, command.UPDATE, b"older")
    bench.send(4, command.LOG, None)
    bench.failing = ""
    bench.send(5, command.ROTATE, None)
    assert bench.acts == [(3, 7), b"manifest", b"older", b"log", b"rotate"]
    answers = [(answer[0], answer[3]) for answer in bench.answers()]
    assert answers == [(DONE, ""), (DONE, ""), (REFUSED, "an older version"), (DONE, ""), (DONE, "")]


def test_a_full_flash_obeys_nothing_and_forgets_nothing():
    bench = Bench()
    bench.send(1, command.RELAY, [1])
    bench.board.files.capacity = 0
    closing = order(2, command.CREDIT, [command.SET, (1 << 53) - 1, 1])
    assert raises(StoreFull, bench.obey, closing)
    assert (bench.control.number, bench.control.account.credit) == (1, 0)
    bench.board.files.capacity = 1 << 20
    bench.obey(closing)
    assert bench.control.account.credit == (1 << 53) - 1


def test_what_was_recorded_before_the_file_was_lost_is_not_obeyed():
    bench = Bench()
    bench.send(1, command.RELAY, [0])
    bench.board.files.content["control"] = b"nonsense"
    bench.start()
    assert (bench.control.number, bench.control.since) == (0, AT)
    assert raises(Replayed, bench.obey, order(1, command.RELAY, [0], AT - 1))
    bench.start(AT + 60)
    assert bench.control.since == AT
    assert raises(Replayed, bench.obey, order(1, command.RELAY, [0], AT - 1))
    bench.send(3, command.RELAY, [0], AT)
    assert bench.answers()[-1][0] == DONE


SCRIPT = (
    (command.RELAY, [0]),
    (command.CREDIT, [command.ADD, 50, 1]),
    (command.RESEND, [3, 7]),
    (command.RELAY, [1]),
    (command.UPDATE, b"manifest"),
    (command.CREDIT, [command.ADD, 25, 2]),
    (command.LIMIT, [1000, 5]),
    (command.LOG, None),
    (command.ROTATE, None),
)
ACTS = {command.RESEND: (3, 7), command.UPDATE: b"manifest", command.LOG: b"log", command.ROTATE: b"rotate"}
ORDERS = [command.parse(order(number + 1, *one), "isle", "home-1") for number, one in enumerate(SCRIPT)]


def play(bench):
    """Send each command until it is answered, as a gateway would."""
    for checked in ORDERS:
        for _ in range(20):
            if bench.answers(checked.id):
                break
            raises(Replayed, bench.take, checked)
            bench.live(2)


def survive(bench, cuts):
    """Play with the power cut after each of ``cuts`` flash writes in turn; whether all of them came."""
    for cut in cuts:
        bench.board.files.fail_after = cut
        try:
            play(bench)
        except OSError:
            bench.board.files.fail_after = None
            bench.start()
        else:
            bench.board.files.fail_after = None
            return False
    play(bench)
    return True


def check(bench, cuts):
    assert bench.control.account.credit == 75, cuts
    assert bench.board.relay.moves == 2, cuts
    assert len(bench.acts) == len(set(bench.acts)), cuts
    for parsed in ORDERS:
        results = {answer[0] for answer in bench.answers(parsed.id)}
        if parsed.kind in ACTS:
            acted = bench.acts.count(ACTS[parsed.kind])
            assert results, cuts
            assert acted or DONE not in results, cuts
        else:
            assert results == {DONE}, (cuts, parsed.kind, bench.answers(parsed.id))


def test_the_power_may_be_cut_at_any_flash_write():
    cut = 0
    bench = Bench()
    while survive(bench, (cut,)):
        check(bench, cut)
        cut += 1
        bench = Bench()
    assert cut > 3 * len(SCRIPT) - 1


def test_and_again_at_any_write_after_that():
    for first in range(12):
        for second in range(6):
            bench = Bench()
            assert survive(bench, (first, second, second))
            check(bench, (first, second))
