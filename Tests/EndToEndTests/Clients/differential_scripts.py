"""Random scripts of what NATS clients might send, valid and not; the same seed gives the same script.

A script has steps; a step is what one connection sends. Subjects begin with a word of the script's
own, so that scripts on the same server do not hear each other, and payloads are different, so that
a message can be told from the next.
"""

import json
import random
import re
from dataclasses import dataclass, field

PAYLOAD_MAX = 1 << 20
LINE_MAX = 4096
# A payload that is declared longer than what comes is filled up with PINGs, up to this length.
FILLED_MAX = 20_000
ODD_BYTES = b" \t\r\n\x00\x01\x0b\x0c\x7f\x80\xff.*>{}'\"-+:0"
ODD_NUMBERS = [
    "-1", "+1", "0", "00", "007", "1x", "x", "1.0", "1e1", "0x1", "1048577", "999999999",
    "1000000000", "0000000001", "99999999999999999999", "18446744073709551616", "١",
]


@dataclass
class Step:
    """Bytes that a connection sends, in pieces."""

    connection: int
    data: bytes
    cuts: list = field(default_factory=list)

    def pieces(self):
        places = [0] + sorted(c for c in self.cuts if 0 < c < len(self.data)) + [len(self.data)]
        return [self.data[a:b] for a, b in zip(places, places[1:])]


def word(seed):
    """Letters that no other seed has: digits would look like sizes."""
    letters = ""
    while seed or not letters:
        seed, rest = divmod(seed, 26)
        letters = chr(97 + rest) + letters
    return "t" + letters


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.word = word(seed)
        self.number = 0
        # How much is not as it should be: what ends a connection hides what would follow.
        self.wildness = self.pick(0, 0, 0.15, 0.15, 0.5, 1)
        # By connection: the names of subscriptions that it has, or has had.
        self.names = {}
        # Connections that may not send headers.
        self.headerless = set()

    # Parts

    def chance(self, share):
        return self.random.random() < share

    def odd(self, share):
        """The same for what may end the connection."""
        return self.chance(share * self.wildness)

    def pick(self, *values):
        return self.random.choice(values)

    def count(self):
        self.number += 1
        return self.number

    def subject(self):
        tokens = [self.pick("a", "a", "b") for _ in range(self.pick(1, 1, 1, 2, 3))]
        return ".".join([self.word] + tokens)

    def pattern(self):
        tokens = self.subject().split(".")
        for place in range(1, len(tokens)):
            if self.chance(0.3):
                tokens[place] = "*"
        if self.chance(0.35):
            tokens[-1] = ">"
        return ".".join(tokens)

    def odd_subject(self):
        w = self.word
        if self.odd(0.15):
            return self.pick(f"{w}.a\x00b", f"{w}.a\x0cb", f"{w}.a\rb", f"{w}.\r")
        return self.pick(
            f"{w}..a", f".{w}", f"{w}.", f"{w}.>.a", f"{w}.a>", f"{w}.*a", f"{w}.**", f"{w}.>>",
            f"{w}.é", f"{w}.日本", f"{w}.\x01", f"{w}.\x7f", f"{w}.A", f"{w}.-1", f"{w}.\x0b",
            f"{w}.{'x' * 300}", f"{w}" + ".y" * 40, f"{w}.*.>", "..",
            f"{w}.*", f"{w}.>", f"{w}.*.*", ".", f"{w}.a b",
        )

    def gap(self):
        """What stands between two words of a line: one space, mostly."""
        return " " if self.chance(0.93) else self.pick("  ", "\t", " \t ", "   ")

    def end(self):
        return "\r\n" if self.chance(0.96) else self.pick("\n", " \r\n", "\t\n", "  \r\n")

    def verb(self, text):
        if self.chance(0.94):
            return text
        return "".join(self.pick(c.lower(), c.upper()) for c in text)

    def line(self, verb, *words):
        parts = [self.verb(verb)]
        for text in words:
            parts += [self.gap(), text]
        return ("".join(parts) + self.end()).encode()

    # Operations

    def connect(self, first):
        options = {"verbose": self.chance(0.3), "pedantic": self.chance(0.3), "headers": True}
        if self.chance(0.3):
            options["headers"] = self.chance(0.7)
        if self.chance(0.5):
            options["no_responders"] = options["headers"] or self.odd(0.2)
        if self.chance(0.2):
            options["echo"] = self.chance(0.5)
        if self.chance(0.5):
            options["protocol"] = self.pick(0, 1)
        if self.chance(0.3):
            options["name"] = self.pick("", "a client", 'quotes " and \\', "日本", "x" * 100)
        for name in list(options):
            if name != "headers" and self.chance(0.1) or self.odd(0.1):
                del options[name]
        if self.odd(0.3):
            name, value = self.odd_option()
            options[name] = value
        text = json.dumps(options, ensure_ascii=self.chance(0.5))
        if self.odd(0.12):
            text = self.odd_json(text)
        verb = self.verb("CONNECT")
        # Without a space behind it, a first CONNECT is no NATS for Wiber.
        gap = self.gap() if first or self.chance(0.95) else ""
        return verb.encode() + gap.encode() + text.encode() + self.end().encode()

    def odd_option(self):
        return self.random.choice([
            ("protocol", self.pick(2, -1, 1.0, 1.5, 1e3, "1", None, True, 10**30, [])),
            ("verbose", self.pick(None, 1, 0, "true", "", [], {})),
            ("Verbose", True), ("VERBOSE", False), ("pEdantic", True), ("ECHO", False),
            ("echo", self.pick(None, 0, "no")), ("headers", self.pick(None, 1, {})),
            ("name", self.pick(None, 5, True, [])), ("lang", self.pick("go", None, 1)),
            ("version", self.pick("1.2", 1)), ("user", self.pick("u", "", None, 7)),
            ("pass", self.pick("p", None, 7)), ("auth_token", self.pick("t", None, {})),
            ("tls_required", self.pick(True, False, None, "x")), ("jwt", self.pick("x.y.z", 1)),
            ("nkey", self.pick("U", 1)), ("sig", self.pick("s", 1)),
            ("account", self.pick("", "A", None, 1)), ("new_account", self.pick(True, False, 1)),
            ("unknown", self.pick(1, None, "x", [1, [2, {"a": {}}]], {"b": [True]})),
            ("no_responders", self.pick(True, None, 1)),
        ])

    def odd_json(self, text):
        return self.pick(
            "", "{", "}", "{}", "[]", "null", "true", "5", '"x"', text + "x", text + text,
            text[:-1], text[: self.random.randrange(len(text))], " " + text + " ",
            text.replace(":", "=", 1), text.replace('"', "'"), text[:-1] + ",}",
            text.replace("true", "True"), '{"verbose":true,"verbose":false}',
            '{"name":"\\u00e9\\ud83d\\ude00"}', '{"name":"\\ud800"}', '{"name":"\\x"}',
            '{"name":"tab\there"}', '{"a":' * 40 + "1" + "}" * 40, "{\t\"verbose\" :\ttrue }",
            '{"protocol":01}', '{"protocol":-0}', '{"protocol":1E0}', '{"x":nul}', "nonsense",
        )

    def subscribe(self, c):
        names = self.names.setdefault(c, [])
        name = str(self.count()) if self.chance(0.9) else f"id-{self.count()}é"
        if names and self.chance(0.08):
            name = self.random.choice(names)
        subject = self.pattern() if self.chance(0.92) else self.odd_subject()
        if subject.endswith(" b"):
            # A queue group, too: of one member, or chance would decide who gets a message.
            subject += str(self.count())
        draw = self.random.random()
        words = [subject, name]
        if draw < 0.2:
            # A group of several: its members' names begin with `q` and the group's name.
            group = self.pick("x", "y")
            words = [self.pick(f"{self.word}.a", f"{self.word}.>"), f"{self.word}{group}"]
            words.append(name := f"q{group}{self.count()}")
        elif draw < 0.28:
            words = [subject, f"{self.word}{self.count()}", name]
        elif self.odd(0.1):
            words = self.pick([subject], [], [subject, "g", name, "more"], [subject, ">", name])
        names.append(name)
        return self.line("SUB", *words)

    def unsubscribe(self, c):
        names = [n for n in self.names.get(c, []) if not n.startswith("q")]
        name = self.random.choice(names) if names and self.chance(0.9) else "none"
        words = [name]
        if self.chance(0.6):
            words.append(str(self.pick(0, 1, 1, 2, 3, 5)))
        elif self.chance(0.15):
            words.append(self.random.choice(ODD_NUMBERS))
        elif self.odd(0.1):
            words = self.pick([], [name, "1", "2"])
        elif self.chance(0.3) and (queued := [n for n in self.names.get(c, []) if n[0] == "q"]):
            words = [self.random.choice(queued)]
        return self.line("UNSUB", *words)

    def payload(self):
        size = self.pick(0, 5, 20, 100, 1000)
        text = b"%d|" % self.count() + self.random.randbytes(size // 5)
        return text + b"." * max(0, size - len(text))

    def target(self):
        """The words between the verb and the sizes."""
        subject = self.subject()
        if self.chance(0.1):
            subject = self.pattern() if self.chance(0.5) else self.odd_subject()
        words = [subject]
        if self.chance(0.5):
            words.append(self.subject() if self.chance(0.9) else self.odd_subject())
            if self.chance(0.04):
                words[1] = self.pick("_R_.x", "_GR_.x", "_R_", "$GNR.x", "_INBOX.x", "_r_.x")
        if self.odd(0.06):
            words = self.pick([], [subject, "r", "more"])
        return words

    def size(self, right):
        if not self.odd(0.1):
            return f"{right:0{self.pick(1, 1, 1, 1, 4, 9)}d}" if self.chance(0.1) else str(right)
        if self.chance(0.5):
            return self.random.choice(ODD_NUMBERS)
        return str(max(0, right + self.pick(-1, 1, -2, 2, -5, 10, 100)))

    def tail(self):
        return b"\r\n" if not self.odd(0.05) else self.pick(b"", b"\n", b"\r", b"\n\r", b"\r\r\n", b"x\r\n")

    def publish(self):
        payload = self.payload()
        words = self.target() + [self.size(len(payload))]
        if self.odd(0.03):
            words.pop()
        return self.line("PUB", *words) + payload + self.tail()

    def publish_with_headers(self):
        block = self.pick(
            b"NATS/1.0\r\n\r\n", b"NATS/1.0\r\nKey: Value\r\n\r\n", b"NATS/1.0\r\na:b\r\nA: c\r\n\r\n",
            b"NATS/1.0 503\r\n\r\n", b"NATS/1.0 100 Idle Heartbeat\r\n\r\n", b"garbage", b"\x00\xff",
            b"NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\n", b"",
        )
        payload = self.payload()
        total = len(block) + len(payload)
        headers = self.pick(0, 1, total, total + 1) if self.odd(0.15) else len(block)
        words = self.target() + [self.size(headers), self.size(total)]
        if self.odd(0.04):
            words.pop()
        return self.line("HPUB", *words) + block + payload + self.tail()

    def request(self, c):
        """A publish that waits for an answer, as older clients make it."""
        name = str(self.count())
        self.names.setdefault(c, []).append(name)
        inbox = f"{self.word}.inbox.{name}"
        data = self.line("SUB", self.pick(inbox, inbox, f"{self.word}.inbox.*"), name)
        if self.chance(0.6):
            data += self.line("UNSUB", name, str(self.pick(1, 1, 2)))
        subject = self.pick(self.subject(), f"{self.word}.nobody.{name}")
        return data + self.line("PUB", subject, inbox, "2") + b"hi\r\n"

    def long_line(self):
        fill = LINE_MAX - len(f"{self.word}.   1") + self.pick(-1, 0, 1, 2, 3, 3, 300, 5000)
        subject = f"{self.word}." + "x" * fill
        return self.pick(
            f"SUB {subject} 1\r\n", f"PUB {subject} 1\r\n1\r\n", f"sub {subject} 1\n",
            f"UNSUB {subject} 1\r\n", f"CONNECT {subject}\r\n", f"INFO {subject}\r\n",
            f"PING {subject}\r\n", f"+OK {subject}\r\n", f"-ERR {subject}\r\n",
            f"HPUB {subject} 0 1\r\n1\r\n", f"PUB  {subject}   1\r\n1\r\n",
        ).encode()

    def big(self):
        size = PAYLOAD_MAX + self.pick(-1, 0, 0, 1 if self.wildness else 0)
        text = b"%d|" % self.count()
        return f"PUB {self.subject()} {size}\r\n".encode() + text + b"b" * (size - len(text)) + b"\r\n"

    def rest(self):
        """What means nothing, or nothing good."""
        if not self.odd(0.5):
            return self.pick(
                b"PONG\r\n", b"+OK\r\n", b"ping\n", b"PING  \r\n", b"PINGxyz\r\n", b"PONGS\r\n",
                b"+ok then\r\n", b"INFO {}\r\n", b"info \t{\"a\":1}\n", b"INFO{}\r\n", b"PING\r\nPING\r\n",
            )
        return self.pick(
            b"INFO\r\n", b"INFO x\r\n", b"INFO 5\r\n", b"-ERR 'x'\r\n", b"-ERR\r\n", b"-err x\n", b"\r\n", b"\n", b" PING\r\n", b"PIN\r\n", b"\x00",
            b"MSG a 1 1\r\nx\r\n", b"HMSG a 1 1 1\r\nx\r\n", b"RS+ a\r\n", b"A+ x\r\n", b"LS+ x\r\n",
            b"QUIT\r\n", b"GET / HTTP/1.1\r\n\r\n", b"P", b"PU", b"SUB", b"+", b"-E", b"PUB\r\n",
            b"SUB\r\n", b"SUB \r\n", b"PUB \r\n", b"UNSUB\r\n", b"HPUB\r\n", b"CONNECT\r\n", b"SUB\n\r\n",
            b"UNSUB  \n", b"CONNECT \r\n", b"INFO \r\n", b"-ERR \r\n", "é\r\n".encode(),
        )

    # Damage

    def mutated(self, data):
        for _ in range(self.pick(1, 1, 1, 2, 3)):
            place = self.random.randrange(len(data) + 1)
            # Lines are what is looked at: most damage is there.
            if self.chance(0.8):
                place = self.random.randrange(min(len(data), data.find(b"\n") % 9999 + 1) + 1)
            byte = bytes([self.random.choice(ODD_BYTES)])
            match self.random.randrange(7):
                case 0: data = data[:place] + data[place + 1:]
                case 1 | 2: data = data[:place] + byte + data[place:]
                case 3: data = data[:place] + byte + data[place + 1:]
                case 4: data = data[:place]
                case 5: data = data[:place] + data[max(0, place - 4):]
                case 6: data = data[:place] + data[place:].swapcase()
        return data

    def damaged(self, data):
        """Damage, and PINGs behind it that fill up what has not ended."""
        for _ in range(20):
            result = self.mutated(data)
            numbers = [int(n) for n in re.findall(rb"[0-9]+", result)]
            longest = max([n for n in numbers if n <= PAYLOAD_MAX], default=0)
            if longest <= FILLED_MAX:
                return result + self.filling(longest)
        return data

    @staticmethod
    def filling(missing):
        return b"PING\r\n" * (missing // 6 + 3)

    # A script

    def operation(self, c):
        draw = self.random.random()
        if draw < 0.3:
            data = self.subscribe(c)
        elif draw < 0.38:
            data = self.unsubscribe(c)
        elif draw < 0.7:
            data = self.publish()
        elif draw < 0.9 and (self.chance(0.02) or c not in self.headerless):
            data = self.publish_with_headers()
        elif draw < 0.93:
            data = self.connect(first=False)
        elif draw < 0.931:
            return self.big()
        elif draw < 0.96:
            data = self.request(c)
        elif draw < 0.97 and self.odd(0.7):
            data = self.long_line()
        else:
            data = self.rest()
        # Without its name, a group's member would not be known as one.
        if self.odd(0.15) and not re.search(rb"\sq[xy][0-9]+\s", data):
            return self.damaged(data)
        # A size that is too large waits for more.
        line, _, body = data.partition(b"\n")
        declared = re.findall(rb"[ \t]([0-9]{1,9})[ \t]*\r?$", line)
        if declared and len(body) < int(declared[0]) + 2 <= FILLED_MAX:
            data += self.filling(int(declared[0]) + 2 - len(body))
        elif not data.endswith(b"\n"):
            data += self.filling(0)
        return data

    def script(self):
        count = self.pick(1, 1, 2, 2, 3)
        steps = [Step(c, self.connect(first=True)) for c in range(count)]
        self.headerless = {s.connection for s in steps if b'"headers": true' not in s.data}
        for _ in range(self.random.randrange(3, 16)):
            c = self.random.randrange(count)
            data = self.operation(c)
            while self.chance(0.1) and len(data) < 10_000:
                data += self.operation(c)
            steps.append(Step(c, data))
        if self.chance(0.08):
            for step in steps:
                # A connection's first bytes say which protocol it speaks.
                low = 9 if step.data[:1] in b"Cc" else 1
                for _ in range(self.pick(0, 1, 1, 2, 4)):
                    if len(step.data) > low:
                        step.cuts.append(self.random.randrange(low, len(step.data)))
        return steps


def script(seed):
    return Generator(seed).script()
