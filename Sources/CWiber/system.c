#define _GNU_SOURCE
#include <malloc.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "CWiber.h"

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t wiber_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }

uint64_t wiber_wall_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }

int wiber_syncfs(int descriptor) { return syncfs(descriptor); }

int wiber_lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

void wiber_keep_buffers(int bytes) {
    mallopt(M_MMAP_THRESHOLD, bytes);
    mallopt(M_TRIM_THRESHOLD, bytes);
}

int wiber_signal_on_parent_death(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }
