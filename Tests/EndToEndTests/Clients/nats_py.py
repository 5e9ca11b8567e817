"""What users do with the Python client; called with a scenario and the URLs of nodes.

A scenario that goes wrong raises, and the process exits with 1.
"""

import asyncio
import itertools
import json
import os
import signal
import sys

import nats
from nats.errors import NoRespondersError

numbers = itertools.count()


async def connect(url, **options):
    """Gives up at once if no node is there; the library would try for minutes."""
    once = {"max_reconnect_attempts": 1, "reconnect_time_wait": 0.1}
    return await nats.connect(url, **(once | options))


async def until(condition, what, seconds=10.0):
    """Waits for something that other nodes do."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"never: {what}")
        await asyncio.sleep(0.01)


async def heard(publisher, hearer):
    """Waits until the publisher's node knows what the hearer subscribed to so far, and what was
    published so far has come.

    Both go from node to node in order: a probe that is subscribed to last vouches for the rest.
    A flush does not: this library's PING overtakes what it still holds back.
    """
    subject, probes = f"probe.{next(numbers)}", []
    subscription = await hearer.subscribe(subject, cb=collector(probes))
    end = asyncio.get_running_loop().time() + 10
    while not probes:
        assert asyncio.get_running_loop().time() < end, f"{subject} is not heard"
        await publisher.publish(subject, b"probe")
        await asyncio.sleep(0.01)
    await subscription.unsubscribe()


def collector(messages):
    async def collect(message):
        messages.append(message)

    return collect


async def wildcards(sender, hearer):
    found, all_found = [], []
    await hearer.subscribe("orders.*.new", cb=collector(found))
    await hearer.subscribe("orders.>", cb=collector(all_found))
    await heard(sender, hearer)
    for number in range(100):
        await sender.publish(f"orders.{number}.new", b"%d" % number, headers={"Key": "Value"})
    await sender.publish("orders", b"no")
    await heard(sender, hearer)
    await until(lambda: len(found) + len(all_found) >= 200, "200 messages")
    assert [m.data for m in found] == [b"%d" % n for n in range(100)]
    assert [m.data for m in all_found] == [b"%d" % n for n in range(100)]
    assert all(m.headers == {"Key": "Value"} for m in found + all_found)
    assert [m.subject for m in found] == [f"orders.{n}.new" for n in range(100)]


async def queue_groups(sender, hearer):
    """A job is one member's, and all take part."""
    members = [[], [], []]
    for member in members:
        await hearer.subscribe("jobs", queue="workers", cb=collector(member))
    await heard(sender, hearer)
    for number in range(600):
        await sender.publish("jobs", b"%d" % number)
    await heard(sender, hearer)
    await until(lambda: sum(map(len, members)) >= 600, "600 jobs")
    assert all(len(member) > 100 for member in members), [len(m) for m in members]
    jobs = sorted(int(m.data) for member in members for m in member)
    assert jobs == list(range(600)), jobs


async def requests(sender, hearer):
    """With and without somebody who answers."""

    async def answer(message):
        await message.respond(b"re: " + message.data)

    await hearer.subscribe("service", queue="q", cb=answer)
    await heard(sender, hearer)
    replies = [(await sender.request("service", b"%d" % n, timeout=5)).data for n in range(50)]
    assert replies == [b"re: %d" % n for n in range(50)]
    try:
        await sender.request("nobody.there", b"", timeout=5)
        raise AssertionError("somebody answered")
    except NoRespondersError:
        pass


async def limits(sender, hearer):
    """An end after three messages, and large and empty payloads."""
    limited, large = [], []
    subscription = await hearer.subscribe("limited", cb=collector(limited))
    await subscription.unsubscribe(limit=3)
    await hearer.subscribe("large", cb=collector(large))
    await heard(sender, hearer)
    for number in range(10):
        await sender.publish("limited", b"%d" % number)
    assert sender.max_payload == 1 << 20, sender.max_payload
    await sender.publish("large", b"x" * sender.max_payload)
    await sender.publish("large", b"")
    await until(lambda: len(large) == 2, "the large message")
    assert large[0].data == b"x" * sender.max_payload and large[1].data == b""
    assert [m.data for m in limited] == [b"0", b"1", b"2"]


async def drain_hearer(sender, url):
    """It hears what its node took for it before, though it has seen to none of it."""
    leaving = await connect(url)
    gate, drained = asyncio.Event(), []

    async def hold(message):
        await gate.wait()
        drained.append(message)

    await leaving.subscribe("drained", cb=hold)
    await heard(sender, leaving)
    for _ in range(5000):
        await sender.publish("drained", b"before")
    await heard(sender, sender)
    drain = asyncio.create_task(leaving.drain())
    await until(lambda: leaving.is_draining, "a drain")
    gate.set()
    await drain
    assert leaving.is_closed and len(drained) == 5000, len(drained)


async def drain_sender(url, hearer):
    """What it published before is heard, though it never flushed."""
    leaving, parting = await connect(url), []
    await hearer.subscribe("parting", cb=collector(parting))
    await heard(leaving, hearer)
    for number in range(5000):
        await leaving.publish("parting", b"%d" % number)
    await leaving.drain()
    assert leaving.is_closed
    await until(lambda: len(parting) >= 5000, "5000 messages")
    assert [m.data for m in parting] == [b"%d" % n for n in range(5000)]


async def basics(urls):
    sender, hearer = await connect(urls[0]), await connect(urls[-1])
    await wildcards(sender, hearer)
    await queue_groups(sender, hearer)
    await requests(sender, hearer)
    await limits(sender, hearer)
    await drain_hearer(sender, urls[0])
    await drain_sender(urls[0], hearer)
    await sender.drain()
    await hearer.drain()


async def reconnect(urls, process):
    """The node of a client dies; the client goes on at another that it was told of."""
    back, found = asyncio.Event(), []

    async def reconnected():
        back.set()

    client = await connect(
        urls[0],
        max_reconnect_attempts=100,
        reconnected_cb=reconnected,
    )
    await until(lambda: len(client.servers) >= 3, "three servers")
    other = await connect(urls[1])
    await client.subscribe("after", cb=collector(found))
    await heard(other, client)
    os.kill(process, signal.SIGKILL)
    await asyncio.wait_for(back.wait(), 10)
    await heard(other, client)
    for number in range(100):
        await other.publish("after", b"%d" % number)
    await until(lambda: len(found) >= 100, "100 messages")
    assert [m.data for m in found] == [b"%d" % n for n in range(100)]
    await client.drain()
    await other.drain()


async def stored(urls):
    """What a topic captures is heard at once, and acknowledged once it is safe."""
    sender, hearer, found = await connect(urls[0]), await connect(urls[-1]), []
    await hearer.subscribe("orders.>", cb=collector(found))
    await heard(sender, hearer)
    for number in range(1, 51):
        answer = await sender.request("orders.new", b"%d" % number, timeout=5)
        assert json.loads(answer.data) == {"stream": "orders", "seq": number}, answer.data
    for expected in ({}, {"duplicate": True}):
        headers = {"Nats-Msg-Id": "an id", "Other": "kept"}
        answer = await sender.request("orders", b"once", timeout=5, headers=headers)
        assert json.loads(answer.data) == {"stream": "orders", "seq": 51} | expected, answer.data
    await sender.publish("orders.quiet", b"nobody waits for this one")
    await until(lambda: len(found) == 51, "51 messages")
    assert [m.data for m in found[:50]] == [b"%d" % n for n in range(1, 51)]
    await sender.drain()
    await hearer.drain()


async def main(scenario, arguments):
    if scenario == "basics":
        await basics(arguments)
    elif scenario == "stored":
        await stored(arguments)
    elif scenario == "reconnect":
        await reconnect(arguments[1:], int(arguments[0]))
    else:
        raise AssertionError(f"no scenario {scenario}")


asyncio.run(asyncio.wait_for(main(sys.argv[1], sys.argv[2:]), 50))
