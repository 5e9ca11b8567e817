"""Where Wiber differs from nats-server on purpose: docs/compatibility.md says why.

Each rule looks at the first step that is answered differently, and knows no more than it must.
"""

import re

# A line's beginning, up to its arguments.
VERB = rb"(?i)(?:^|\n)(?:(?:H?PUB|SUB|UNSUB|-ERR)[ \t]+|(?:CONNECT|INFO)[ \t]*)"
HINT = "-ERR 'Invalid Publish Subject'"
TOO_LONG = "-ERR 'maximum control line exceeded'"


def has_no_arguments(data, wiber, nats):
    return re.search(VERB + rb"\n", data)


def has_long_chatter(data, wiber, nats):
    return TOO_LONG in wiber and re.search(rb"(?i)(?:^|\n)(?:\+OK|P[IO]NG)[^\n]{4000}", data)


def has_long_space(data, wiber, nats):
    return TOO_LONG in wiber and re.search(rb"(?i)(?:^|\n)[a-z]+[ \t]{2}[^\n]{4000}", data)


def has_inner_return(data, wiber, nats):
    return wiber[-1:] == ["closed"] and re.search(VERB + rb"[^\n]*\r[^\n]+\n", data)


def has_control_in_subject(data, wiber, nats):
    refused = HINT in wiber or "-ERR 'Invalid Subject'" in wiber
    return refused and re.search(VERB + rb"[^\n]*[\x00\x0c]", data)


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
    if counts_no_responders(steps, wiber, one, other):
        return "a 503 counts towards the maximum of UNSUB"
    return None


def counts_no_responders(steps, wiber, one, other):
    """nats-server keeps a subscription whose last message was a 503; Wiber's has ended."""
    names = set()
    for step in steps:
        for name in re.findall(rb"(?i)UNSUB[ \t]+(\S+)[ \t]+0*[1-9]", step.data):
            if (step.connection, name) in wiber.unheard:
                names.add(name)
    # What the one has, too, is heard there: others' requests get no 503.
    return names and all(
        "headers=b'NATS/1.0 503" in line or any(f"sid={name!r}" in line for name in names)
        for line in set(one) ^ set(other)
    )
