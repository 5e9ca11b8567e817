// What users do with the C client; called with a scenario and the URLs of nodes, as nats_py.py is.
//
// What goes wrong is printed, and the process exits with 1.

#include <nats/nats.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

// Runs a call of the client, which must succeed.
#define MUST(call)                                                                  \
    do {                                                                            \
        natsStatus status_ = (call);                                                \
        if (status_ != NATS_OK) fail(#call, natsStatus_GetText(status_));           \
    } while (0)

#define EXPECT(condition)                                                           \
    do {                                                                            \
        if (!(condition)) fail("expected", #condition);                             \
    } while (0)

static const int64_t patience = 10000;  // Milliseconds.

static natsConnection *connect_to(const char *url)
{
    natsConnection *connection = NULL;
    MUST(natsConnection_ConnectTo(&connection, url));
    return connection;
}

static natsSubscription *subscribe(natsConnection *hearer, const char *subject)
{
    natsSubscription *subscription = NULL;
    MUST(natsConnection_SubscribeSync(&subscription, hearer, subject));
    return subscription;
}

// The next message's payload must be this text.
static natsMsg *next(natsSubscription *subscription, const char *text)
{
    natsMsg *message = NULL;
    MUST(natsSubscription_NextMsg(&message, subscription, patience));
    size_t length = (size_t)natsMsg_GetDataLength(message);
    if (length != strlen(text) || memcmp(natsMsg_GetData(message), text, length) != 0)
        fail(text, "another message came");
    return message;
}

// Waits until the publisher's node knows what the hearer subscribed to so far, and what was
// published so far has come.
//
// Both go from node to node in order: a probe that is subscribed to last vouches for the rest.
static void wait_until_heard(natsConnection *publisher, natsConnection *hearer)
{
    static int number = 0;
    char subject[64];
    snprintf(subject, sizeof subject, "probe.%d", number++);
    natsSubscription *probe = subscribe(hearer, subject);
    MUST(natsConnection_Flush(hearer));
    for (int64_t end = nats_Now() + patience; nats_Now() < end;) {
        natsMsg *message = NULL;
        MUST(natsConnection_PublishString(publisher, subject, "probe"));
        MUST(natsConnection_Flush(publisher));
        if (natsSubscription_NextMsg(&message, probe, 20) != NATS_OK) continue;
        natsMsg_Destroy(message);
        natsSubscription_Destroy(probe);
        return;
    }
    fail(subject, "is not heard");
}

static void wildcards(natsConnection *sender, natsConnection *hearer)
{
    natsSubscription *news = subscribe(hearer, "orders.*.new");
    natsSubscription *all = subscribe(hearer, "orders.>");
    wait_until_heard(sender, hearer);
    char subject[64], text[64];
    for (int number = 0; number < 100; number++) {
        natsMsg *message = NULL;
        snprintf(subject, sizeof subject, "orders.%d.new", number);
        snprintf(text, sizeof text, "%d", number);
        MUST(natsMsg_Create(&message, subject, NULL, text, (int)strlen(text)));
        MUST(natsMsgHeader_Set(message, "Key", "Value"));
        MUST(natsConnection_PublishMsg(sender, message));
        natsMsg_Destroy(message);
    }
    MUST(natsConnection_PublishString(sender, "orders", "no"));
    MUST(natsConnection_PublishString(sender, "orders.last.new", "last"));
    MUST(natsConnection_Flush(sender));
    natsSubscription *both[] = {news, all};
    for (int place = 0; place < 2; place++) {
        for (int number = 0; number < 100; number++) {
            const char *value = NULL;
            snprintf(subject, sizeof subject, "orders.%d.new", number);
            snprintf(text, sizeof text, "%d", number);
            natsMsg *message = next(both[place], text);
            EXPECT(strcmp(natsMsg_GetSubject(message), subject) == 0);
            MUST(natsMsgHeader_Get(message, "Key", &value));
            EXPECT(strcmp(value, "Value") == 0);
            natsMsg_Destroy(message);
        }
        natsMsg_Destroy(next(both[place], "last"));
        natsSubscription_Destroy(both[place]);
    }
}

static void queue_groups(natsConnection *sender, natsConnection *hearer)
{
    natsSubscription *members[3] = {NULL};
    for (int place = 0; place < 3; place++)
        MUST(natsConnection_QueueSubscribeSync(&members[place], hearer, "jobs", "workers"));
    wait_until_heard(sender, hearer);
    char text[64];
    for (int number = 0; number < 600; number++) {
        snprintf(text, sizeof text, "%d", number);
        MUST(natsConnection_PublishString(sender, "jobs", text));
    }
    wait_until_heard(sender, hearer);
    int times[600] = {0};
    for (int place = 0; place < 3; place++) {
        uint64_t pending = 0;
        MUST(natsSubscription_QueuedMsgs(members[place], &pending));
        EXPECT(pending > 100);
        for (; pending > 0; pending--) {
            natsMsg *message = NULL;
            MUST(natsSubscription_NextMsg(&message, members[place], patience));
            snprintf(text, sizeof text, "%.*s", natsMsg_GetDataLength(message),
                     natsMsg_GetData(message));
            long number = strtol(text, NULL, 10);
            EXPECT(number >= 0 && number < 600);
            times[number]++;
            natsMsg_Destroy(message);
        }
        natsSubscription_Destroy(members[place]);
    }
    for (int number = 0; number < 600; number++) EXPECT(times[number] == 1);
}

static void answer(natsConnection *hearer, natsSubscription *service, natsMsg *request, void *none)
{
    (void)service, (void)none;
    char text[64];
    int length = natsMsg_GetDataLength(request);
    snprintf(text, sizeof text, "re: %.*s", length, natsMsg_GetData(request));
    MUST(natsConnection_PublishString(hearer, natsMsg_GetReply(request), text));
    natsMsg_Destroy(request);
}

static void requests(natsConnection *sender, natsConnection *hearer)
{
    natsSubscription *service = NULL;
    natsMsg *reply = NULL;
    MUST(natsConnection_QueueSubscribe(&service, hearer, "service", "q", answer, NULL));
    wait_until_heard(sender, hearer);
    char text[64], expected[64];
    for (int number = 0; number < 50; number++) {
        snprintf(text, sizeof text, "%d", number);
        snprintf(expected, sizeof expected, "re: %d", number);
        MUST(natsConnection_RequestString(&reply, sender, "service", text, patience));
        EXPECT((size_t)natsMsg_GetDataLength(reply) == strlen(expected));
        EXPECT(memcmp(natsMsg_GetData(reply), expected, strlen(expected)) == 0);
        natsMsg_Destroy(reply);
    }
    natsStatus status =
        natsConnection_RequestString(&reply, sender, "nobody.there", "", patience);
    EXPECT(status == NATS_NO_RESPONDERS);
    natsSubscription_Destroy(service);
}

static void limits(natsConnection *sender, natsConnection *hearer)
{
    natsSubscription *limited = subscribe(hearer, "limited");
    natsSubscription *large = subscribe(hearer, "large");
    MUST(natsSubscription_AutoUnsubscribe(limited, 3));
    wait_until_heard(sender, hearer);
    char text[64];
    for (int number = 0; number < 10; number++) {
        snprintf(text, sizeof text, "%d", number);
        MUST(natsConnection_PublishString(sender, "limited", text));
    }
    int64_t most = natsConnection_GetMaxPayload(sender);
    EXPECT(most == 1 << 20);
    char *payload = malloc((size_t)most);
    memset(payload, 'x', (size_t)most);
    MUST(natsConnection_Publish(sender, "large", payload, (int)most));
    MUST(natsConnection_Publish(sender, "large", NULL, 0));
    MUST(natsConnection_Flush(sender));
    natsMsg *message = NULL;
    MUST(natsSubscription_NextMsg(&message, large, patience));
    EXPECT(natsMsg_GetDataLength(message) == most);
    EXPECT(memcmp(natsMsg_GetData(message), payload, (size_t)most) == 0);
    natsMsg_Destroy(message);
    natsMsg_Destroy(next(large, ""));
    for (int number = 0; number < 3; number++) {
        snprintf(text, sizeof text, "%d", number);
        natsMsg_Destroy(next(limited, text));
    }
    EXPECT(natsSubscription_NextMsg(&message, limited, patience) == NATS_MAX_DELIVERED_MSGS);
    free(payload);
    natsSubscription_Destroy(limited);
    natsSubscription_Destroy(large);
}

// What the callback of a drained subscription shares with the scenario.
struct gate {
    int is_open;
    int heard;
};

// Holds the first message until the gate is open.
static void hold(natsConnection *hearer, natsSubscription *drained, natsMsg *message, void *closure)
{
    (void)hearer, (void)drained;
    struct gate *gate = closure;
    while (!__atomic_load_n(&gate->is_open, __ATOMIC_SEQ_CST)) nats_Sleep(1);
    __atomic_add_fetch(&gate->heard, 1, __ATOMIC_SEQ_CST);
    natsMsg_Destroy(message);
}

static void wait_until_closed(natsConnection *leaving)
{
    int64_t end = nats_Now() + patience;
    while (!natsConnection_IsClosed(leaving) && nats_Now() < end) nats_Sleep(1);
    EXPECT(natsConnection_IsClosed(leaving));
}

// A hearer that drains hears what its node took for it before, though it has seen to none of it.
static void drain_hearer(natsConnection *sender, const char *url)
{
    natsConnection *leaving = connect_to(url);
    natsSubscription *subscription = NULL;
    struct gate gate = {0};
    MUST(natsConnection_Subscribe(&subscription, leaving, "drained", hold, &gate));
    wait_until_heard(sender, leaving);
    for (int number = 0; number < 5000; number++)
        MUST(natsConnection_PublishString(sender, "drained", "before"));
    MUST(natsConnection_Flush(sender));
    MUST(natsConnection_DrainTimeout(leaving, patience));
    __atomic_store_n(&gate.is_open, 1, __ATOMIC_SEQ_CST);
    wait_until_closed(leaving);
    EXPECT(__atomic_load_n(&gate.heard, __ATOMIC_SEQ_CST) == 5000);
    natsSubscription_Destroy(subscription);
    natsConnection_Destroy(leaving);
}

// What a sender published before it drains is heard, though it never flushed.
static void drain_sender(const char *url, natsConnection *hearer)
{
    natsConnection *leaving = connect_to(url);
    natsSubscription *parting = subscribe(hearer, "parting");
    wait_until_heard(leaving, hearer);
    char text[64];
    for (int number = 0; number < 5000; number++) {
        snprintf(text, sizeof text, "%d", number);
        MUST(natsConnection_PublishString(leaving, "parting", text));
    }
    MUST(natsConnection_DrainTimeout(leaving, patience));
    wait_until_closed(leaving);
    for (int number = 0; number < 5000; number++) {
        snprintf(text, sizeof text, "%d", number);
        natsMsg_Destroy(next(parting, text));
    }
    natsSubscription_Destroy(parting);
    natsConnection_Destroy(leaving);
}

static void basics(char **urls, int count)
{
    natsConnection *sender = connect_to(urls[0]), *hearer = connect_to(urls[count - 1]);
    wildcards(sender, hearer);
    queue_groups(sender, hearer);
    requests(sender, hearer);
    limits(sender, hearer);
    drain_hearer(sender, urls[0]);
    drain_sender(urls[0], hearer);
    natsConnection_Destroy(sender);
    natsConnection_Destroy(hearer);
}

// The acknowledgement of a publish that a topic stores must be this JSON.
static void store(natsConnection *sender, const char *subject, const char *text, const char *id,
                  const char *expected)
{
    natsMsg *message = NULL, *reply = NULL;
    MUST(natsMsg_Create(&message, subject, NULL, text, (int)strlen(text)));
    if (id != NULL) MUST(natsMsgHeader_Set(message, "Nats-Msg-Id", id));
    MUST(natsConnection_RequestMsg(&reply, sender, message, patience));
    if ((size_t)natsMsg_GetDataLength(reply) != strlen(expected)
        || memcmp(natsMsg_GetData(reply), expected, strlen(expected)) != 0)
        fail(expected, natsMsg_GetData(reply));
    natsMsg_Destroy(message);
    natsMsg_Destroy(reply);
}

static void stored(char **urls, int count)
{
    natsConnection *sender = connect_to(urls[0]), *hearer = connect_to(urls[count - 1]);
    natsSubscription *all = subscribe(hearer, "orders.>");
    wait_until_heard(sender, hearer);
    char text[64], expected[64];
    for (int number = 1; number <= 50; number++) {
        snprintf(text, sizeof text, "%d", number);
        snprintf(expected, sizeof expected, "{\"stream\":\"orders\",\"seq\":%d}", number);
        store(sender, "orders.new", text, NULL, expected);
    }
    const char *first = "{\"stream\":\"orders\",\"seq\":51}";
    const char *again = "{\"stream\":\"orders\",\"seq\":51,\"duplicate\":true}";
    store(sender, "orders", "once", "an id", first);
    store(sender, "orders", "once", "an id", again);
    MUST(natsConnection_PublishString(sender, "orders.quiet", "nobody waits for this one"));
    MUST(natsConnection_Flush(sender));
    for (int number = 1; number <= 50; number++) {
        snprintf(text, sizeof text, "%d", number);
        natsMsg_Destroy(next(all, text));
    }
    natsMsg_Destroy(next(all, "nobody waits for this one"));
    natsSubscription_Destroy(all);
    natsConnection_Destroy(sender);
    natsConnection_Destroy(hearer);
}

// The node of a client dies; the client goes on at another that it was told of.
static void reconnect(char **urls, pid_t process)
{
    natsOptions *options = NULL;
    natsConnection *client = NULL, *other = connect_to(urls[1]);
    MUST(natsOptions_Create(&options));
    MUST(natsOptions_SetURL(options, urls[0]));
    MUST(natsOptions_SetReconnectWait(options, 20));
    MUST(natsOptions_SetMaxReconnect(options, 500));
    MUST(natsConnection_Connect(&client, options));
    int known = 0;
    for (int64_t end = nats_Now() + patience; known < 3 && nats_Now() < end; nats_Sleep(1)) {
        char **servers = NULL;
        MUST(natsConnection_GetServers(client, &servers, &known));
        for (int place = 0; place < known; place++) free(servers[place]);
        free(servers);
    }
    EXPECT(known >= 3);
    natsSubscription *after = subscribe(client, "after");
    wait_until_heard(other, client);
    kill(process, SIGKILL);
    natsStatistics *statistics = NULL;
    MUST(natsStatistics_Create(&statistics));
    uint64_t times = 0;
    for (int64_t end = nats_Now() + patience; times == 0 && nats_Now() < end; nats_Sleep(1)) {
        MUST(natsConnection_GetStats(client, statistics));
        MUST(natsStatistics_GetCounts(statistics, NULL, NULL, NULL, NULL, &times));
        if (natsConnection_Status(client) != NATS_CONN_STATUS_CONNECTED) times = 0;
    }
    EXPECT(times > 0);
    wait_until_heard(other, client);
    char text[64];
    for (int number = 0; number < 100; number++) {
        snprintf(text, sizeof text, "%d", number);
        MUST(natsConnection_PublishString(other, "after", text));
    }
    MUST(natsConnection_Flush(other));
    for (int number = 0; number < 100; number++) {
        snprintf(text, sizeof text, "%d", number);
        natsMsg_Destroy(next(after, text));
    }
    natsStatistics_Destroy(statistics);
    natsSubscription_Destroy(after);
    natsConnection_Destroy(client);
    natsConnection_Destroy(other);
    natsOptions_Destroy(options);
}

int main(int count, char **arguments)
{
    const char *scenario = count > 2 ? arguments[1] : "";
    if (strcmp(scenario, "basics") == 0) basics(arguments + 2, count - 2);
    else if (strcmp(scenario, "stored") == 0) stored(arguments + 2, count - 2);
    else if (strcmp(scenario, "reconnect") == 0 && count > 4)
        reconnect(arguments + 3, (pid_t)strtol(arguments[2], NULL, 10));
    else fail(scenario, "is no scenario: basics, stored or reconnect, then URLs");
    nats_Close();
    return 0;
}
