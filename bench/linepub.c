// linepub: publishes over the line protocol with a window of unacknowledged messages, so that the
// server and not a client library is what gets measured. Prints one line of JSON; exits 1 if an
// acknowledgement is missing, an error, or not later than the one before.
//
//   linepub PORT TOPIC MESSAGES SIZE WINDOW
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { bufferSize = 1 << 18, secondsMax = 300 };

struct run {
    int descriptor;
    long messages, window;
    long sent, acknowledged, errors;
    unsigned long long lastSequence;
    double started;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static int dial(int port) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}

// Takes one line without its end; INFO comes first and counts for nothing.
static void takeLine(struct run *run, const char *line) {
    if (strncmp(line, "INFO", 4) == 0) return;
    unsigned long long sequence = strncmp(line, "OK ", 3) == 0 ? strtoull(line + 3, NULL, 10) : 0;
    run->acknowledged++;
    if (sequence > run->lastSequence) {
        run->lastSequence = sequence;
        return;
    }
    if (run->errors++ == 0) fprintf(stderr, "%s\n", line);
}

// Reads what is there and takes every whole line; keeps the rest at the front of `bytes`.
static size_t takeLines(struct run *run, char *bytes, size_t held) {
    ssize_t count = recv(run->descriptor, bytes + held, bufferSize - held, MSG_DONTWAIT);
    if (count == 0) fail("the node closed the connection");
    if (count < 0 && errno != EAGAIN) fail("recv");
    if (count > 0) held += (size_t)count;
    char *start = bytes, *end;
    while ((end = memchr(start, '\n', held - (size_t)(start - bytes))) != NULL) {
        *end = 0;
        takeLine(run, start);
        start = end + 1;
    }
    held -= (size_t)(start - bytes);
    memmove(bytes, start, held);
    return held;
}

// Publishes all and waits for every answer.
static void publish(struct run *run, const char *line, size_t length) {
    static char received[bufferSize], lines[bufferSize];
    size_t perBuffer = bufferSize / length, held = 0, offset = 0, ready = 0;
    for (size_t place = 0; place < perBuffer; place++) memcpy(lines + place * length, line, length);
    while (run->acknowledged < run->messages) {
        if (offset == ready && run->sent < run->messages) {
            long room = run->window - (run->sent - run->acknowledged);
            long left = run->messages - run->sent;
            if (room > left) room = left;
            if (room > (long)perBuffer) room = (long)perBuffer;
            offset = 0;
            ready = (size_t)room * length;
            run->sent += room;
        }
        struct pollfd wanted = {.fd = run->descriptor, .events = POLLIN};
        if (offset < ready) wanted.events |= POLLOUT;
        if (poll(&wanted, 1, 10000) == 0) fail("nothing for 10 s");
        if (now() - run->started > secondsMax) fail("too slow");
        if (wanted.revents & POLLOUT) {
            ssize_t count = send(run->descriptor, lines + offset, ready - offset,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
            if (count < 0 && errno != EAGAIN) fail("send");
            if (count > 0) offset += (size_t)count;
        }
        if (wanted.revents & ~POLLOUT) held = takeLines(run, received, held);
    }
}

int main(int count, char **arguments) {
    if (count != 6) {
        fprintf(stderr, "linepub PORT TOPIC MESSAGES SIZE WINDOW\n");
        return 2;
    }
    size_t size = strtoul(arguments[4], NULL, 10);
    static char line[bufferSize / 2];
    int head = snprintf(line, 600, "PUB %.500s ", arguments[2]);
    if (size == 0 || size > sizeof line - 700) {
        fprintf(stderr, "SIZE is 1 to %zu\n", sizeof line - 700);
        return 2;
    }
    memset(line + head, 'x', size);
    memcpy(line + head + size, "\r\n", 2);

    struct run run = {
        .descriptor = dial(atoi(arguments[1])),
        .messages = strtol(arguments[3], NULL, 10),
        .window = strtol(arguments[5], NULL, 10),
        .started = now(),
    };
    publish(&run, line, (size_t)head + size + 2);
    double seconds = now() - run.started;
    printf("{\"messages\":%ld,\"errors\":%ld,\"seconds\":%.3f,\"rate\":%.0f}\n", run.messages,
           run.errors, seconds, (double)run.messages / seconds);
    return run.errors == 0 ? 0 : 1;
}
