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

// Publishes until the subscription to `probe` at another node is known at the publisher's.
static void wait_until_heard(natsConnection *publisher, natsSubscription *probes)
{
    int64_t end = nats_Now() + patience;
    while (nats_Now() < end) {
        natsMsg *message = NULL;
        MUST(natsConnection_PublishString(publisher, "probe", "probe"));
        MUST(natsConnection_Flush(publisher));
        if (natsSubscription_NextMsg(&message, probes, 20) != NATS_OK) continue;
        natsMsg_Destroy(message);
        return;
    }
    fail("probe", "is not heard");
}

static void wildcards(natsConnection *sender, natsConnection *hearer, natsSubscription *probes)
{
    natsSubscription *news = subscribe(hearer, "orders.*.new");
    natsSubscription *all = subscribe(hearer, "orders.>");
    MUST(natsConnection_Flush(hearer));
    wait_until_heard(sender, probes);
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

static void queue_groups(natsConnection *sender, natsConnection *hearer, natsSubscription *probes)
{
    natsSubscription *members[3] = {NULL};
    for (int place = 0; place < 3; place++)
        MUST(natsConnection_QueueSubscribeSync(&members[place], hearer, "jobs", "workers"));
    MUST(natsConnection_Flush(hearer));
    wait_until_heard(sender, probes);
    for (int number = 0; number < 600; number++)
        MUST(natsConnection_PublishString(sender, "jobs", "job"));
    MUST(natsConnection_Flush(sender));
    uint64_t pending[3], sum = 0;
    for (int64_t end = nats_Now() + patience; sum < 600 && nats_Now() < end;) {
        sum = 0;
        for (int place = 0; place < 3; place++) {
            MUST(natsSubscription_QueuedMsgs(members[place], &pending[place]));
            sum += pending[place];
        }
        nats_Sleep(1);
    }
    EXPECT(sum == 600);
    for (int place = 0; place < 3; place++) {
        EXPECT(pending[place] > 100);
        natsSubscription_Destroy(members[place]);
    }
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

static void requests(natsConnection *sender, natsConnection *hearer, natsSubscription *probes)
{
    natsSubscription *service = NULL;
    natsMsg *reply = NULL;
    MUST(natsConnection_QueueSubscribe(&service, hearer, "service", "q", answer, NULL));
    MUST(natsConnection_Flush(hearer));
    wait_until_heard(sender, probes);
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

static void limits(natsConnection *sender, natsConnection *hearer, natsSubscription *probes)
{
    natsSubscription *limited = subscribe(hearer, "limited");
    natsSubscription *large = subscribe(hearer, "large");
    MUST(natsSubscription_AutoUnsubscribe(limited, 3));
    MUST(natsConnection_Flush(hearer));
    wait_until_heard(sender, probes);
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

static void count(natsConnection *hearer, natsSubscription *drained, natsMsg *message, void *heard)
{
    (void)hearer, (void)drained;
    __atomic_add_fetch((int *)heard, 1, __ATOMIC_SEQ_CST);
    natsMsg_Destroy(message);
}

// What was published before a drain is heard, then the connection closes.
static void drain(natsConnection *sender, const char *url)
{
    natsConnection *hearer = connect_to(url);
    natsSubscription *subscription = NULL;
    int heard = 0;
    MUST(natsConnection_Subscribe(&subscription, hearer, "drained", count, &heard));
    MUST(natsConnection_Flush(hearer));
    for (int number = 0; number < 5000; number++)
        MUST(natsConnection_PublishString(sender, "drained", "before"));
    MUST(natsConnection_Flush(sender));
    MUST(natsConnection_DrainTimeout(hearer, patience));
    for (int64_t end = nats_Now() + patience; !natsConnection_IsClosed(hearer) && nats_Now() < end;)
        nats_Sleep(1);
    EXPECT(natsConnection_IsClosed(hearer));
    EXPECT(__atomic_load_n(&heard, __ATOMIC_SEQ_CST) == 5000);
    natsSubscription_Destroy(subscription);
    natsConnection_Destroy(hearer);
}

static void basics(char **urls, int count)
{
    natsConnection *sender = connect_to(urls[0]), *hearer = connect_to(urls[count - 1]);
    natsSubscription *probes = subscribe(hearer, "probe");
    wildcards(sender, hearer, probes);
    queue_groups(sender, hearer, probes);
    requests(sender, hearer, probes);
    limits(sender, hearer, probes);
    drain(sender, urls[0]);
    natsSubscription_Destroy(probes);
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
    natsSubscription *probes = subscribe(hearer, "probe"), *all = subscribe(hearer, "orders.>");
    MUST(natsConnection_Flush(hearer));
    wait_until_heard(sender, probes);
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
    natsSubscription_Destroy(probes);
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
    natsSubscription *after = subscribe(client, "after"), *probes = subscribe(client, "probe");
    MUST(natsConnection_Flush(client));
    wait_until_heard(other, probes);
    kill(process, SIGKILL);
    natsStatistics *statistics = NULL;
    MUST(natsStatistics_Create(&statistics));
    uint64_t times = 0;
    for (int64_t end = nats_Now() + patience; times == 0 && nats_Now() < end; nats_Sleep(1)) {
        MUST(natsConnection_GetStats(client, statistics));
        MUST(natsStatistics_GetCounts(statistics, NULL, NULL, NULL, NULL, &times));
    }
    EXPECT(times > 0);
    wait_until_heard(other, probes);
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
    natsSubscription_Destroy(probes);
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
