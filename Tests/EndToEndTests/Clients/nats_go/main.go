// What users do with the Go client; called with a scenario and the URLs of nodes, as nats_py.py is.
//
// What goes wrong is printed, and the process exits with 1.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

const patience = 10 * time.Second

func fail(what string, why interface{}) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, why)
	os.Exit(1)
}

func must(err error, what string) {
	if err != nil {
		fail(what, err)
	}
}

func expect(condition bool, what string) {
	if !condition {
		fail("expected", what)
	}
}

// until waits for something that others do.
func until(condition func() bool, what string) {
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		expect(time.Now().Before(end), what)
	}
}

func connect(url string, options ...nats.Option) *nats.Conn {
	connection, err := nats.Connect(url, options...)
	must(err, "connect")
	return connection
}

func subscribe(hearer *nats.Conn, subject string) *nats.Subscription {
	subscription, err := hearer.SubscribeSync(subject)
	must(err, "subscribe")
	return subscription
}

// next is the next message, whose payload must be this text.
func next(subscription *nats.Subscription, text string) *nats.Msg {
	message, err := subscription.NextMsg(patience)
	must(err, "waiting for "+text)
	expect(string(message.Data) == text, text+", not "+string(message.Data))
	return message
}

var probes int

// waitUntilHeard returns once the publisher's node knows what the hearer subscribed to so far, and
// what was published so far has come.
//
// Both go from node to node in order: a probe that is subscribed to last vouches for the rest.
func waitUntilHeard(publisher, hearer *nats.Conn) {
	probes++
	subject := fmt.Sprintf("probe.%d", probes)
	probe := subscribe(hearer, subject)
	must(hearer.Flush(), "flush")
	until(func() bool {
		must(publisher.Publish(subject, []byte("probe")), "probe")
		must(publisher.Flush(), "flush")
		_, err := probe.NextMsg(20 * time.Millisecond)
		return err == nil
	}, subject+" is heard")
	must(probe.Unsubscribe(), "unsubscribe")
}

func wildcards(sender, hearer *nats.Conn) {
	both := []*nats.Subscription{subscribe(hearer, "orders.*.new"), subscribe(hearer, "orders.>")}
	waitUntilHeard(sender, hearer)
	for number := 0; number < 100; number++ {
		message := nats.NewMsg(fmt.Sprintf("orders.%d.new", number))
		message.Header.Set("Key", "Value")
		message.Data = []byte(strconv.Itoa(number))
		must(sender.PublishMsg(message), "publish")
	}
	must(sender.Publish("orders", []byte("no")), "publish")
	must(sender.Publish("orders.last.new", []byte("last")), "publish")
	must(sender.Flush(), "flush")
	for _, subscription := range both {
		for number := 0; number < 100; number++ {
			message := next(subscription, strconv.Itoa(number))
			expect(message.Subject == fmt.Sprintf("orders.%d.new", number), "the subject")
			expect(message.Header.Get("Key") == "Value", "the header")
		}
		next(subscription, "last")
		must(subscription.Unsubscribe(), "unsubscribe")
	}
}

func queueGroups(sender, hearer *nats.Conn) {
	var members []*nats.Subscription
	for len(members) < 3 {
		member, err := hearer.QueueSubscribeSync("jobs", "workers")
		must(err, "subscribe")
		members = append(members, member)
	}
	waitUntilHeard(sender, hearer)
	for number := 0; number < 600; number++ {
		must(sender.Publish("jobs", []byte(strconv.Itoa(number))), "publish")
	}
	waitUntilHeard(sender, hearer)
	var times [600]int
	for _, member := range members {
		pending, _, err := member.Pending()
		must(err, "pending")
		expect(pending > 100, "a fair share")
		for ; pending > 0; pending-- {
			message, err := member.NextMsg(patience)
			must(err, "waiting for a job")
			number, err := strconv.Atoi(string(message.Data))
			must(err, "the job")
			expect(number >= 0 && number < len(times), "a job that was published")
			times[number]++
		}
		must(member.Unsubscribe(), "unsubscribe")
	}
	for number, count := range times {
		expect(count == 1, fmt.Sprintf("job %d once, not %d times", number, count))
	}
}

func requests(sender, hearer *nats.Conn) {
	service, err := hearer.QueueSubscribe("service", "q", func(request *nats.Msg) {
		must(request.Respond(append([]byte("re: "), request.Data...)), "respond")
	})
	must(err, "subscribe")
	waitUntilHeard(sender, hearer)
	for number := 0; number < 50; number++ {
		reply, err := sender.Request("service", []byte(strconv.Itoa(number)), patience)
		must(err, "request")
		expect(string(reply.Data) == fmt.Sprintf("re: %d", number), "the answer")
	}
	_, err = sender.Request("nobody.there", nil, patience)
	expect(errors.Is(err, nats.ErrNoResponders), "no responders")
	must(service.Unsubscribe(), "unsubscribe")
}

func limits(sender, hearer *nats.Conn) {
	limited, large := subscribe(hearer, "limited"), subscribe(hearer, "large")
	must(limited.AutoUnsubscribe(3), "unsubscribe")
	waitUntilHeard(sender, hearer)
	for number := 0; number < 10; number++ {
		must(sender.Publish("limited", []byte(strconv.Itoa(number))), "publish")
	}
	expect(sender.MaxPayload() == 1<<20, "a payload of 1 MiB at most")
	payload := bytes.Repeat([]byte("x"), 1<<20)
	must(sender.Publish("large", payload), "publish")
	must(sender.Publish("large", nil), "publish")
	must(sender.Flush(), "flush")
	message, err := large.NextMsg(patience)
	must(err, "waiting for the large message")
	expect(bytes.Equal(message.Data, payload), "the large message as it was")
	next(large, "")
	for number := 0; number < 3; number++ {
		next(limited, strconv.Itoa(number))
	}
	_, err = limited.NextMsg(patience)
	expect(errors.Is(err, nats.ErrMaxMessages), "an end after three messages")
}

// drainHearer: it hears what its node took for it before, though it has seen to none of it.
func drainHearer(sender *nats.Conn, url string) {
	closed, gate := make(chan bool), make(chan bool)
	leaving := connect(url, nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	var heard int32
	_, err := leaving.Subscribe("drained", func(*nats.Msg) {
		<-gate
		atomic.AddInt32(&heard, 1)
	})
	must(err, "subscribe")
	waitUntilHeard(sender, leaving)
	for number := 0; number < 5000; number++ {
		must(sender.Publish("drained", []byte("before")), "publish")
	}
	must(sender.Flush(), "flush")
	must(leaving.Drain(), "drain")
	close(gate)
	waitUntilClosed(closed)
	expect(atomic.LoadInt32(&heard) == 5000, "all 5000 messages")
}

// drainSender: what it published before is heard, though it never flushed.
func drainSender(url string, hearer *nats.Conn) {
	closed := make(chan bool)
	leaving := connect(url, nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	parting := subscribe(hearer, "parting")
	waitUntilHeard(leaving, hearer)
	for number := 0; number < 5000; number++ {
		must(leaving.Publish("parting", []byte(strconv.Itoa(number))), "publish")
	}
	must(leaving.Drain(), "drain")
	waitUntilClosed(closed)
	for number := 0; number < 5000; number++ {
		next(parting, strconv.Itoa(number))
	}
	must(parting.Unsubscribe(), "unsubscribe")
}

func waitUntilClosed(closed chan bool) {
	select {
	case <-closed:
	case <-time.After(patience):
		fail("drain", "the connection does not close")
	}
}

func basics(urls []string) {
	sender, hearer := connect(urls[0]), connect(urls[len(urls)-1])
	wildcards(sender, hearer)
	queueGroups(sender, hearer)
	requests(sender, hearer)
	limits(sender, hearer)
	drainHearer(sender, urls[0])
	drainSender(urls[0], hearer)
	sender.Close()
	hearer.Close()
}

func stored(urls []string) {
	sender, hearer := connect(urls[0]), connect(urls[len(urls)-1])
	all := subscribe(hearer, "orders.>")
	waitUntilHeard(sender, hearer)
	store := func(subject, text, id, expected string) {
		message := nats.NewMsg(subject)
		message.Data = []byte(text)
		if id != "" {
			message.Header.Set(nats.MsgIdHdr, id)
		}
		reply, err := sender.RequestMsg(message, patience)
		must(err, "request")
		expect(string(reply.Data) == expected, expected+", not "+string(reply.Data))
	}
	for number := 1; number <= 50; number++ {
		expected := fmt.Sprintf(`{"stream":"orders","seq":%d}`, number)
		store("orders.new", strconv.Itoa(number), "", expected)
	}
	store("orders", "once", "an id", `{"stream":"orders","seq":51}`)
	store("orders", "once", "an id", `{"stream":"orders","seq":51,"duplicate":true}`)
	must(sender.Publish("orders.quiet", []byte("nobody waits for this one")), "publish")
	must(sender.Flush(), "flush")
	for number := 1; number <= 50; number++ {
		next(all, strconv.Itoa(number))
	}
	next(all, "nobody waits for this one")
	sender.Close()
	hearer.Close()
}

// reconnect: the node of a client dies; the client goes on at another that it was told of.
func reconnect(urls []string, process int) {
	client := connect(urls[0], nats.ReconnectWait(20*time.Millisecond), nats.MaxReconnects(500))
	other := connect(urls[1])
	until(func() bool { return len(client.Servers()) >= 3 }, "three servers")
	after := subscribe(client, "after")
	waitUntilHeard(other, client)
	must(syscall.Kill(process, syscall.SIGKILL), "kill")
	until(func() bool { return client.Stats().Reconnects > 0 && client.IsConnected() }, "a reconnect")
	waitUntilHeard(other, client)
	for number := 0; number < 100; number++ {
		must(other.Publish("after", []byte(strconv.Itoa(number))), "publish")
	}
	must(other.Flush(), "flush")
	for number := 0; number < 100; number++ {
		next(after, strconv.Itoa(number))
	}
	client.Close()
	other.Close()
}

func main() {
	if len(os.Args) < 3 {
		fail("usage", "basics, stored or reconnect, then URLs")
	}
	switch scenario, arguments := os.Args[1], os.Args[2:]; scenario {
	case "basics":
		basics(arguments)
	case "stored":
		stored(arguments)
	case "reconnect":
		process, err := strconv.Atoi(arguments[0])
		must(err, "the process")
		reconnect(arguments[1:], process)
	default:
		fail(scenario, "is no scenario: basics, stored or reconnect")
	}
}
