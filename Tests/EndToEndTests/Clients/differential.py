"""Compares Wiber with nats-server: both get the same random bytes and must say the same.

    differential.py WIBER NATS-SERVER [--seed N] [--count N]

The addresses are `host:port`. Scripts are made of the seeds N, N + 1, …; one that is answered
differently is made as short as it can be and printed, and the exit status is 1. After each step
the connection is asked for an answer that nothing else has, so that the order among connections is
the same every time. What may differ is in `Answers` and differential_deliberate.py.
"""

import argparse
import collections
import difflib
import itertools
import re
import socket
import struct
import sys
import time
import zlib

import differential_deliberate
import differential_scripts
from differential_scripts import Step

# Longer than anything takes, and what a script that is being made shorter waits.
PATIENCE = 10.0
SHRINK_PATIENCE = 0.5
SHRINK_SECONDS = 30.0


class Link:
    """A connection to one of the servers, and what came back, step by step."""

    def __init__(self, address, patience):
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A connection that is reset leaves no port in TIME_WAIT: there are thousands.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.settimeout(patience)
        self.rest = bytearray()
        self.ended = None

    def send(self, pieces):
        if self.ended:
            return
        try:
            for place, piece in enumerate(pieces):
                if place:
                    time.sleep(0.0003)
                self.socket.sendall(piece)
        except OSError:
            pass  # Closed: what it said before is still to be read.

    def answer(self, marker):
        """What came up to the marker, without it; all, if the connection has ended."""
        start = 0
        while self.ended is None:
            place = self.rest.find(marker, start)
            if place >= 0:
                said = bytes(self.rest[:place])
                del self.rest[:place + len(marker)]
                return said
            start = max(0, len(self.rest) - len(marker))
            try:
                piece = self.socket.recv(1 << 16)
                if not piece:
                    self.ended = "closed"
                self.rest += piece
            except TimeoutError:
                self.ended = "no answer"
            except OSError:
                self.ended = "closed"
        said = bytes(self.rest)
        self.rest.clear()
        return said

    def close(self):
        self.socket.close()


def frames(data):
    """What a server says, as tuples."""
    found = []
    while data:
        line, end, rest = data.partition(b"\r\n")
        words = [w for w in line.split(b" ") if w]
        verb = words[0].upper() if words else b""
        try:
            if not end:
                raise ValueError
            if verb in (b"MSG", b"HMSG"):
                sizes = 1 if verb == b"MSG" else 2
                reply = words[3] if len(words) == 4 + sizes else None
                if len(words) not in (3 + sizes, 4 + sizes):
                    raise ValueError
                total = int(words[-1])
                headers = int(words[-2]) if sizes == 2 else 0
                if rest[total:total + 2] != b"\r\n":
                    raise ValueError
                body = (rest[:headers], rest[headers:total])
                found.append((verb.decode(), words[1], words[2], reply) + body)
                rest = rest[total + 2:]
            elif verb in (b"+OK", b"PONG", b"-ERR"):
                found.append((line.decode("latin-1"),))
            elif verb not in (b"INFO", b"PING"):
                raise ValueError
        except ValueError:
            return found + [("garbage", data)]
        data = rest
    return found


class Answers:
    """What the answers to a script come to, without what may differ."""

    def __init__(self):
        # By step: what its connection was told since it was last asked. Behind them is what the
        # connections were told in the end, and then what queue groups got.
        self.lines = []
        # Which subscriptions heard that nobody hears.
        self.unheard = set()
        # One member of a queue group gets a message, by chance.
        self.queued = []

    def add(self, connection, data, ended):
        plain = []
        for frame in frames(data):
            if len(frame) > 2 and frame[4].startswith(b"NATS/1.0 503\r\nNats-Subject: "):
                # Any subscription of the client's to the reply subject may get it.
                self.unheard.add((connection, frame[2]))
                frame = frame[:2] + (b"",) + frame[3:]
            if len(frame) > 2 and re.fullmatch(rb"q[xy][0-9]+", frame[2]):
                # Whether there are headers depends on the member.
                self.queued.append(repr((frame[2][:2], frame[1], frame[3], frame[5])))
            else:
                plain.append(frame)
        self.lines.append([shown(frame) for frame in ordered(plain)] + ([ended] if ended else []))

    def finish(self):
        self.lines.append(["one member: " + line for line in sorted(self.queued)])


def ordered(plain):
    """A message comes to several subscriptions of a connection in any order."""
    def message(frame):
        return (frame[1], frame[3], frame[5]) if len(frame) > 2 else id(frame)

    for _, same in itertools.groupby(plain, key=message):
        yield from sorted(same, key=repr)


def shown(frame):
    if len(frame) < 3:
        return " ".join(map(str, frame))
    verb, subject, name, reply, headers, payload = frame
    parts = [verb, short(subject), f"sid={short(name)}", f"reply={short(reply)}"]
    return " ".join(parts + [f"headers={short(headers)}", f"payload={short(payload)}"])


def short(data):
    if data is None or len(data) <= 200:
        return repr(data)
    checksum = zlib.crc32(data)
    return f"{data[:60]!r}…{data[-20:]!r} ({len(data)} bytes, CRC-32 {checksum:08x})"


# Running


def run(steps, addresses, patience=PATIENCE):
    """What each server says to a script."""
    links = [{} for _ in addresses]
    said = [Answers() for _ in addresses]
    try:
        stops = [(step.connection, step.pieces()) for step in steps]
        # At the end everybody is asked again for what came meanwhile.
        stops += [(connection, []) for connection in sorted({s.connection for s in steps})]
        for place, (connection, pieces) in enumerate(stops):
            name = b"_R_.%d" % place
            asked = b"PUB end %b 0\r\n\r\n" % name
            marker = b"-ERR 'Permissions Violation for Publish with Reply of \"%b\"'\r\n" % name
            for own, address in zip(links, addresses):
                if connection not in own:
                    own[connection] = Link(address, patience)
                own[connection].send(pieces[:-1] + [b"".join(pieces[-1:]) + asked])
            for own, answers in zip(links, said):
                link = own[connection]
                answers.add(connection, link.answer(marker), link.ended)
        for answers in said:
            answers.finish()
        wiber, nats = said
        pairs = zip(wiber.lines, nats.lines)
        nats.lines = [differential_deliberate.without_repeats(*pair) for pair in pairs]
        return said
    finally:
        for link in itertools.chain.from_iterable(own.values() for own in links):
            link.close()


def same(results):
    return results[0].lines == results[1].lines


def has_waited(results):
    """Whether a server said nothing for too long: a script cut short may wait for its end."""
    return any("no answer" in lines for result in results for lines in result.lines)


# Making a script shorter


def shrunk(steps, differs):
    """The script without what the difference does not need."""
    end = time.monotonic() + SHRINK_SECONDS
    current = steps

    def attempt(candidate):
        nonlocal current
        if is_nats(candidate) and time.monotonic() < end and differs(candidate):
            current = candidate
            return True
        return False

    attempt([Step(s.connection, s.data) for s in current])
    size = max(1, len(current) // 2)
    while size:
        place = len(current) - size
        while place >= 0:
            attempt(current[:place] + current[place + size:])
            place -= size
        size //= 2
    for place in reversed(range(len(current))):
        if current[place].data[:1] not in b"cC":
            shrink_step(place, lambda: current, attempt)
    return current


def is_nats(steps):
    """Whether each connection begins with CONNECT: otherwise Wiber speaks lines."""
    first = {step.connection: step.data for step in reversed(steps)}
    begins = re.compile(rb"connect[ \t]", re.IGNORECASE)
    return steps and all(step.data for step in steps) and all(map(begins.match, first.values()))


def shrink_step(place, current, attempt):
    """Drops lines of a step, then its bytes."""
    for separator in (b"\r\n", b""):
        size = 64
        while size:
            step = current()[place]
            parts = step.data.split(separator) if separator else [
                step.data[i:i + 1] for i in range(len(step.data))
            ]
            at = len(parts) - size
            while at >= 0:
                data = separator.join(parts[:at] + parts[at + size:])
                candidate = list(current())
                candidate[place] = Step(step.connection, data)
                if attempt(candidate):
                    parts = parts[:at] + parts[at + size:]
                at -= size
            size //= 2


# The command


def report(seed, steps, results, note):
    print(f"seed {seed}: {note} (+ only Wiber says it, - only nats-server)")
    titles = []
    for place, step in enumerate(steps):
        pieces = " | ".join(short(piece) for piece in step.pieces())
        titles.append(f"step {place}: client {step.connection} sends {pieces}")
    titles += [f"at the end, client {c}" for c in sorted({s.connection for s in steps})]
    for title, one, other in zip(titles + ["queue groups"], *(r.lines for r in results)):
        if one or other or title.startswith("step"):
            print(f"  {title}")
        for line in difflib.ndiff(other, one):
            if not line.startswith("?"):
                print(f"    {line}")
    sys.stdout.flush()


class Comparison:
    """Runs scripts on both servers, and knows what may be different."""

    def __init__(self, addresses):
        self.addresses = addresses
        # How often each deliberate difference came up.
        self.deliberate = collections.Counter()

    def compare(self, seed):
        """Whether both servers say the same, as far as they should; prints what differs."""
        steps = differential_scripts.script(seed)
        results = run(steps, self.addresses)
        if same(results):
            return True
        if reason := differential_deliberate.reason(steps, results):
            self.deliberate[reason] += 1
            return True
        waits = has_waited(results)

        def differs(candidate):
            results = run(candidate, self.addresses, SHRINK_PATIENCE)
            is_other = has_waited(results) and not waits
            meant = same(results) or differential_deliberate.reason(candidate, results)
            return not meant and not is_other

        if not differs(steps):
            report(seed, steps, results, "different once, and not when it was repeated")
            return False
        shortest = shrunk(steps, differs)
        results = run(shortest, self.addresses, SHRINK_PATIENCE)
        report(seed, shortest, results, "different")
        return False


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("addresses", nargs=2, type=address, metavar="HOST:PORT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--shown", type=int, default=5, help="differences after which it stops")
    arguments = parser.parse_args()
    start = time.monotonic()
    bad = 0
    comparison = Comparison(arguments.addresses)
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        bad += not comparison.compare(seed)
        if bad == arguments.shown:
            break
    seconds = time.monotonic() - start
    done = seed + 1 - arguments.seed
    for reason, times in comparison.deliberate.most_common():
        print(f"deliberate, {times} times: {reason}")
    print(f"{done} scripts from seed {arguments.seed}, {bad} different, {done / seconds:.0f}/s")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
