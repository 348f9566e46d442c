"""The table of faults: what goes wrong, what the mount answers meanwhile, what it
says of it, and how soon all is right again."""
import dataclasses
import errno

import door

HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000
LOGIN = b"<html><head><title>Sign in</title></head><body>...</body></html>"
HEADERS = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 60000

# Errnos of sessionfs(7).  Whoever asks for a listing while a failing one is tried
# again has waited long enough before that is given up.
LATE = (errno.ETIMEDOUT,)
AWAY = (errno.ECONNREFUSED, *LATE)
NOWHERE = (errno.EHOSTUNREACH, *LATE)
NONSENSE = (errno.EBADMSG, *LATE)
FAILS = (errno.EREMOTEIO, *LATE)
THROTTLED = (errno.EUSERS, *LATE)
DENIED = (errno.EACCES, errno.EKEYREJECTED, errno.ENOKEY, errno.EKEYEXPIRED)
# EMR has one word for what is not there and for what is invalid.
ABSENT = (errno.ENOENT, errno.EOPNOTSUPP, errno.EINVAL)
OTHER = (errno.EOPNOTSUPP,)
FINE = (0,)
# A create that was sent and has no clear answer may exist; one whose whole answer
# came through is done.
DOUBT, MAYBE = LATE, (0, *LATE)


@dataclasses.dataclass
class Fault:
    """hurt(place) begins it, and place.heal() ends it, whatever it was."""
    name: str
    hurt: object
    errnos: tuple       # of a listing that is asked for
    says: str           # a regular expression: what .status tells
    create: tuple       # errnos of a create
    within: float = 3  # seconds until that listing has ended
    back: float = 6    # seconds until a listing is whole again


def by_door(spoil):
    return lambda place: place.door.hurt(spoil)


def by_emulator(**fault):
    return lambda place: place.fault(**fault)


def answer(status, body=b"", **headers):
    return by_door(door.http(status, body, **headers))


def clock(ms):
    return lambda place: place.emu.control("POST", "clock", {"skew_ms": ms})


def our_clock(ms):
    return lambda place: place.machine.tell(clock_ms=ms)


def names(**what):
    return lambda place: place.resolve(**what)


CUT = r"cut short|broke before an answer|an empty answer"

FAULTS = [
    # ---- the network ----
    Fault("nobody listens", lambda place: place.door.shut(), AWAY,
          "refuses the connection", (errno.ECONNREFUSED,)),
    Fault("it hangs up", by_door(door.hang_up), LATE, "broke before", DOUBT),
    # It may do so before anything is sent.
    Fault("it resets", by_door(door.reset_at_once), NOWHERE,
          "broke before|cannot be reached", NOWHERE),
    Fault("it says nothing", by_door(door.stall), LATE, "no answer .* in time",
          DOUBT),
    Fault("the answer is lost", by_door(door.swallow), LATE,
          "no answer .* in time", DOUBT),
    *(Fault(f"a reset after {n} bytes", by_door(door.reset_after(n)), NONSENSE,
            CUT, DOUBT) for n in (1, 9, 12, 17, 40, 100, 160)),
    *(Fault(f"a reset after {n} bytes", by_door(door.reset_after(n)), NONSENSE,
            CUT, MAYBE) for n in (250, 400, 700, 1000, 2000)),
    *(Fault(f"an end after {n} bytes", by_door(door.end_after(n)), NONSENSE,
            CUT, DOUBT) for n in (1, 17, 100)),
    *(Fault(f"an end after {n} bytes", by_door(door.end_after(n)), NONSENSE,
            CUT, MAYBE) for n in (250, 1000)),
    Fault("a byte at a time", by_door(door.drip), LATE, "no answer .* in time",
          DOUBT),
    Fault("a name that takes long", names(ms=3000), NOWHERE,
          "cloud.test cannot be reached", NOWHERE),
    Fault("a name that nobody knows", names(answer=1), NOWHERE,
          "the host cloud.test is unknown", NOWHERE),
    Fault("a name that nobody can tell", names(answer=2), NOWHERE,
          "the host cloud.test is unknown", NOWHERE),
    Fault("a name of another machine", names(answer=3), AWAY,
          "refuses the connection", (errno.ECONNREFUSED,)),
    Fault("IPv6 that leads nowhere", lambda place: place.black_hole(), FINE, "",
          FINE),
    Fault("a proxy that says nothing", lambda place: place.proxy(), LATE,
          "no answer .* in time", DOUBT),
    # ---- what is no answer ----
    Fault("SSH", by_door(door.say(b"SSH-2.0-OpenSSH_9.2\r\n")), OTHER,
          "does not speak HTTP at that port but SSH", OTHER),
    Fault("TLS", by_door(door.say(b"\x15\x03\x01\x00\x02\x02\x0a")), OTHER,
          "but TLS: write https", OTHER),
    Fault("zeros", by_door(door.say(bytes(3000))), LATE, "is not HTTP", DOUBT),
    Fault("an endless head", by_door(door.say(HEADERS)), NONSENSE,
          "over the limit: 256 headers", DOUBT),
    Fault("an endless body", by_emulator(big=100000000), NONSENSE,
          "over the limit of 16777216 bytes", DOUBT),
    Fault("a login page", answer("200 OK", LOGIN, content_type="text/html"),
          (errno.EKEYREJECTED,), "wants a login", (errno.EKEYREJECTED,)),
    Fault("an empty body", by_emulator(body=""), NONSENSE, "an empty answer",
          DOUBT),
    Fault("no content", answer("204 No Content"), NONSENSE, "an empty answer",
          DOUBT),
    Fault("null", by_emulator(body="null"), NONSENSE, "answer", DOUBT),
    Fault("a list", by_emulator(body="[]"), NONSENSE, "answer", DOUBT),
    Fault("half JSON", by_emulator(body='{"sessions": [{"id": '), NONSENSE,
          "it ends too early at byte 21", DOUBT),
    Fault("another type of content",
          by_emulator(headers={"content-type": "text/plain"}), FINE, "", FINE),
    Fault("a redirect to another host",
          answer("302 Found", location="http://127.0.0.2:1/x"), OTHER,
          "redirects to http://127.0.0.2:1/x", OTHER),
    Fault("a redirect to itself", answer("302 Found", location="/x"), NONSENSE,
          "redirects to .*/x", DOUBT),
    # ---- what the provider says ----
    Fault("throttled", by_emulator(status=429, retry_after=1), THROTTLED,
          "page 1 of the listing failed", (errno.EUSERS,)),
    Fault("busy", by_emulator(status=503), FAILS,
          "page 1 of the listing failed", DOUBT),
    Fault("busy for a second", by_emulator(status=503, retry_after=1), FAILS,
          "page 1 of the listing failed", DOUBT),
    Fault("an error of its own", by_emulator(status=500), FAILS,
          "page 1 of the listing failed", DOUBT),
    Fault("a gateway's error", answer("502 Bad Gateway", LOGIN), FAILS,
          "page 1 of the listing failed", DOUBT),
    Fault("a gateway's deadline", answer("504 Gateway Timeout"), FAILS,
          "page 1 of the listing failed", DOUBT),
    Fault("forbidden", by_emulator(status=403), DENIED, "refused", DENIED),
    Fault("unknown credentials", by_emulator(status=401), DENIED, "", DENIED),
    Fault("nothing there", by_emulator(status=404), ABSENT, "", ABSENT),
    Fault("slow", by_emulator(delay_ms=300), FINE, "", MAYBE),
    Fault("too slow", by_emulator(delay_ms=1600), LATE, "no answer .* in time",
          DOUBT),
    # ---- clocks and processes ----
    Fault("its clock an hour late", clock(-HOUR), FINE, "", FINE),
    Fault("its clock an hour early", clock(HOUR), FINE, "", FINE),
    Fault("its clock a day late", clock(-DAY), FINE, "", FINE),
    Fault("its clock a day early", clock(DAY), FINE, "", FINE),
    Fault("our clock an hour late", our_clock(-HOUR), FINE, "", FINE),
    Fault("our clock an hour early", our_clock(HOUR), FINE, "", FINE),
    Fault("our clock a day late", our_clock(-DAY), FINE, "", FINE),
    Fault("our clock a day early", our_clock(DAY), FINE, "", FINE),
    Fault("the emitter stopped", lambda place: place.stop_emitter(), FINE, "",
          FINE),
]
