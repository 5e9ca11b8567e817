"""What users do with the Python client; called with a scenario and the URLs of nodes.

A scenario that goes wrong raises, and the process exits with 1.
"""

import asyncio
import json
import os
import signal
import sys

import nats
from nats.errors import NoRespondersError


async def until(condition, what, seconds=10.0):
    """Waits for something that other nodes do."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"never: {what}")
        await asyncio.sleep(0.01)


async def heard(publisher, subject, messages):
    """Publishes until the subscription behind `messages` is known at the publisher's node."""
    for _ in range(500):
        await publisher.publish(subject, b"probe")
        await publisher.flush()
        await asyncio.sleep(0.02)
        if messages:
            messages.clear()
            return
    raise AssertionError(f"{subject} is not heard")


def collector(messages):
    async def collect(message):
        if message.data != b"probe":
            messages.append(message)

    async def note(message):
        messages.append(message)

    return collect, note


async def basics(urls):
    sender = await nats.connect(urls[0], name="sender", max_reconnect_attempts=1)
    hearer = await nats.connect(urls[-1], name="hearer")
    probes = []
    await hearer.subscribe("probe", cb=collector(probes)[1])

    # Wildcards, headers and order.
    found, all_found = [], []
    await hearer.subscribe("orders.*.new", cb=collector(found)[0])
    await hearer.subscribe("orders.>", cb=collector(all_found)[0])
    await hearer.flush()
    await heard(sender, "probe", probes)
    for number in range(100):
        await sender.publish(f"orders.{number}.new", b"%d" % number, headers={"Key": "Value"})
    await sender.publish("orders", b"no")
    await sender.flush()
    await until(lambda: len(found) + len(all_found) == 200, "200 messages")
    assert [m.data for m in found] == [b"%d" % n for n in range(100)]
    assert [m.data for m in all_found] == [b"%d" % n for n in range(100)]
    assert all(m.headers == {"Key": "Value"} for m in found + all_found)
    assert found[0].subject == "orders.0.new"

    # Queue groups: one member each, and all take part.
    members = [[], [], []]
    for member in members:
        await hearer.subscribe("jobs", queue="workers", cb=collector(member)[0])
    await hearer.flush()
    await heard(sender, "probe", probes)
    for number in range(600):
        await sender.publish("jobs", b"%d" % number)
    await sender.flush()
    await until(lambda: sum(map(len, members)) == 600, "600 jobs")
    assert all(len(member) > 100 for member in members), [len(m) for m in members]
    assert len({m.data for member in members for m in member}) == 600

    # Requests, with and without somebody who answers.
    async def answer(message):
        await message.respond(b"re: " + message.data)

    await hearer.subscribe("service", queue="q", cb=answer)
    await hearer.flush()
    await heard(sender, "probe", probes)
    replies = [(await sender.request("service", b"%d" % n, timeout=2)).data for n in range(50)]
    assert replies == [b"re: %d" % n for n in range(50)]
    try:
        await sender.request("nobody.there", b"", timeout=2)
        raise AssertionError("somebody answered")
    except NoRespondersError:
        pass

    # A limit, an end, and large and empty payloads.
    limited = []
    subscription = await hearer.subscribe("limited", cb=collector(limited)[0])
    await subscription.unsubscribe(limit=3)
    large = []
    await hearer.subscribe("large", cb=collector(large)[0])
    await hearer.flush()
    await heard(sender, "probe", probes)
    for number in range(10):
        await sender.publish("limited", b"%d" % number)
    await sender.publish("large", b"x" * sender.max_payload)
    await sender.publish("large", b"")
    await sender.flush()
    await until(lambda: len(large) == 2, "the large message")
    assert [len(m.data) for m in large] == [1 << 20, 0]
    assert [m.data for m in limited] == [b"0", b"1", b"2"]

    # A drain: what was published before it is heard, then the connection closes.
    leaving = await nats.connect(urls[0], name="leaving")
    drained = []
    await leaving.subscribe("drained", cb=collector(drained)[0])
    await leaving.flush()
    for _ in range(5000):
        await sender.publish("drained", b"before")
    await sender.flush()
    await leaving.drain()
    assert leaving.is_closed and len(drained) == 5000, len(drained)
    await sender.drain()
    await hearer.drain()


async def reconnect(urls, process):
    """The node of a client dies; the client goes on at another that it was told of."""
    client = await nats.connect(urls[0], reconnect_time_wait=0.1, max_reconnect_attempts=100)
    await until(lambda: len(client.servers) >= 3, "three servers")
    other = await nats.connect(urls[1])
    found, probes = [], []
    await client.subscribe("after", cb=collector(found)[0])
    await client.subscribe("probe", cb=collector(probes)[1])
    await client.flush()
    await heard(other, "probe", probes)
    os.kill(process, signal.SIGKILL)
    await until(lambda: client.is_reconnecting or client.stats["reconnects"] > 0, "a reconnect")
    await until(lambda: client.is_connected, "a connection")
    probes.clear()
    await heard(other, "probe", probes)
    for number in range(100):
        await other.publish("after", b"%d" % number)
    await other.flush()
    await until(lambda: len(found) == 100, "100 messages")
    assert [m.data for m in found] == [b"%d" % n for n in range(100)]
    await client.drain()
    await other.drain()


async def stored(urls):
    """What a topic captures is heard at once, and acknowledged once it is safe."""
    sender = await nats.connect(urls[0])
    hearer = await nats.connect(urls[-1])
    found, probes = [], []
    await hearer.subscribe("orders.>", cb=collector(found)[0])
    await hearer.subscribe("probe", cb=collector(probes)[1])
    await hearer.flush()
    await heard(sender, "probe", probes)
    for number in range(1, 51):
        answer = await sender.request("orders.new", b"%d" % number, timeout=5)
        assert json.loads(answer.data) == {"stream": "orders", "seq": number}, answer.data
    for expected in ({}, {"duplicate": True}):
        headers = {"Nats-Msg-Id": "an id", "Other": "kept"}
        answer = await sender.request("orders", b"once", timeout=5, headers=headers)
        assert json.loads(answer.data) == {"stream": "orders", "seq": 51} | expected, answer.data
    await sender.publish("orders.quiet", b"nobody waits for this one")
    await sender.flush()
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
