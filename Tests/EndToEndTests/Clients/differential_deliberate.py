"""Where Wiber differs from nats-server on purpose: docs/compatibility.md says why.

Each rule looks at the first step that is answered differently, and knows no more than it must.
"""

import re

# A line's beginning, up to its arguments.
VERB = rb"(?i)(?:^|\n)(?:(?:H?PUB|SUB|UNSUB|-ERR)[ \t]+|(?:CONNECT|INFO)[ \t]*)"
HINT = "-ERR 'Invalid Publish Subject'"
REFUSED = "-ERR 'Invalid Subject'"
TOO_LONG = "-ERR 'maximum control line exceeded'"


def without_repeats(wiber, nats):
    """What nats-server says to a step, with its hint once where Wiber has it once, or not at all.

    A publish that comes in pieces is looked at again, and payloads of a kilobyte do.
    """
    kept = []
    for line in nats:
        place = len(kept)
        if line != HINT or kept[-1:] != [HINT] or wiber[place:place + 1] == [HINT]:
            kept.append(line)
    return kept


def has_no_arguments(data, wiber, nats):
    return wiber[-1:] == ["closed"] and re.search(VERB + rb"\n", data)


def has_long_chatter(data, wiber, nats):
    return TOO_LONG in wiber and re.search(rb"(?i)(?:^|\n)(?:\+OK|P[IO]NG)[^\n]{4000}", data)


def has_long_space(data, wiber, nats):
    return TOO_LONG in wiber and re.search(rb"(?i)(?:^|\n)[a-z]+[ \t]{2}[^\n]{4000}", data)


def has_inner_return(data, wiber, nats):
    return wiber[-1:] == ["closed"] and re.search(VERB + rb"[^\n]*\r[^\n]+\n", data)


def has_return_in_json(data, wiber, nats):
    """A space for Wiber; nats-server may lose what stands at the end of a piece."""
    inside = rb"(?i)(?:^|\n)(?:CONNECT|INFO)[^\n]*\r[^\n]+\n"
    return nats[-1:] == ["closed"] and re.search(inside, data)


def has_control_in_subject(data, wiber, nats):
    return (HINT in wiber or REFUSED in wiber) and re.search(VERB + rb"[^\n]*[\x00\x0c]", data)


def connects_with_null(data, wiber, nats):
    return wiber[-1:] == ["closed"] and re.search(rb"(?i)connect\s*null\s*\n", data)


def connects_deeply(data, wiber, nats):
    return wiber[-1:] == ["closed"] and rb'{"a":' * 33 in data


def hints_before_damage(data, wiber, nats):
    """A pedantic client's publish with a bad subject and a bad end."""
    if wiber[-1:] != ["closed"] or HINT not in nats:
        return False
    place = len(nats) - 1 - nats[::-1].index(HINT)
    return nats[:place] + nats[place + 1:] == wiber


RULES = [
    ("a line that has no arguments does not take them from the next", has_no_arguments),
    ("PING, PONG and +OK lines have a limit, too", has_long_chatter),
    ("the spaces before a line's arguments count towards its limit", has_long_space),
    ("a carriage return inside a line ends the connection", has_inner_return),
    ("a carriage return inside JSON is a space", has_return_in_json),
    ("subjects have no NUL or FF", has_control_in_subject),
    ("CONNECT's JSON is an object", connects_with_null),
    ("CONNECT's JSON is at most 32 deep", connects_deeply),
    ("a publish is looked at once it is complete", hints_before_damage),
]


def reason(steps, answers):
    """Why the first difference is meant, or None; what follows it cannot be compared."""
    wiber, nats = answers
    pairs = enumerate(zip(wiber.lines, nats.lines))
    place, (one, other) = next((place, pair) for place, pair in pairs if pair[0] != pair[1])
    if place < len(steps):
        for text, applies in RULES:
            if applies(steps[place].data, one, other):
                return text
    if goes_on_after_error(steps[:place + 1], wiber, one, other):
        return "after a client's -ERR nothing is done"
    data = steps[place].data if place < len(steps) else b""
    if counts_no_responders(data, ended_by_unheard(steps, wiber), one, other):
        return "a 503 counts towards the maximum of UNSUB"
    return None


def goes_on_after_error(steps, answers, wiber, nats):
    """nats-server does what came together with a client's -ERR, and then ends the connection."""
    more = re.compile(rb"(?is)(?:^|\n)-ERR[ \t][^\n]*\n.*PUB[ \t]")
    ended = [lines[-1:] == ["closed"] for lines in answers.lines]
    if not any(end and more.search(step.data) for step, end in zip(steps, ended)):
        return False
    heard = ("MSG ", "HMSG ", "one member: ")
    return set(wiber) < set(nats) and all(n.startswith(heard) for n in set(nats) - set(wiber))


def ended_by_unheard(steps, wiber):
    """The names of subscriptions that have a maximum and heard that nobody hears."""
    names = set()
    for step in steps:
        for name in re.findall(rb"(?i)UNSUB[ \t]+(\S+)[ \t]+0*[1-9]", step.data):
            if (step.connection, name) in wiber.unheard:
                names.add(name)
    return names


def counts_no_responders(data, names, wiber, nats):
    """nats-server keeps a subscription whose last message was a 503; Wiber's has ended."""

    def is_meant(line):
        # What the one has, too, is heard there: others' requests get no 503.
        if "headers=b'NATS/1.0 503" in line or any(f"sid={n!r}" in line for n in names):
            return True
        # A name that is in use is not looked at further.
        again = [rb"(?i)\bSUB[ \t][^\n]*[ \t]%b[ \t]*\r?\n" % re.escape(n) for n in names]
        return line in (REFUSED, "+OK") and any(re.search(a, data) for a in again)

    return names and all(map(is_meant, set(wiber) ^ set(nats)))
