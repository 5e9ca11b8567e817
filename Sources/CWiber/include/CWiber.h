// CRC-32C with CPU instructions, zstd, and the system calls that Swift lacks.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Continues a CRC-32C (Castagnoli) over `count` bytes; start with `crc` 0.
uint32_t wiber_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same with tables only: what `wiber_crc32c` is tested against.
uint32_t wiber_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t wiber_monotonic_nanoseconds(void);

/// CLOCK_REALTIME in nanoseconds since 1970-01-01 UTC.
uint64_t wiber_wall_nanoseconds(void);

/// Flushes every dirty page of the file system that holds `descriptor`; 0, or -1 with errno.
int wiber_syncfs(int descriptor);

/// Takes an exclusive lock without waiting; 0, or -1 with errno (EWOULDBLOCK: somebody has it).
int wiber_lock(int descriptor);

/// Lets the C library keep freed memory in pieces of up to `bytes` for later use.
void wiber_keep_buffers(int bytes);

/// Asks the kernel to send `signal` to this process when its parent dies; 0, or -1 with errno.
int wiber_signal_on_parent_death(int signal);

/// Compresses `count` bytes into a zstd frame of at most `room` bytes; its length, or 0 if it does not
/// fit there or cannot be made.
size_t wiber_zstd_compress(void *frame, size_t room, const void *bytes, size_t count);

/// Expands a zstd frame into at most `room` bytes; how many there are, or -1 if it is damaged or has
/// more.
long wiber_zstd_expand(void *bytes, size_t room, const void *frame, size_t count);
