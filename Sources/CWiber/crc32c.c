#include "CWiber.h"

#include <string.h>

// The reflected Castagnoli polynomial (RFC 3720, appendix B.4).
#define POLYNOMIAL 0x82f63b78u

static uint32_t table[256];
static int has_instruction;

__attribute__((constructor)) static void prepare(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        table[i] = crc;
    }
#if defined(__x86_64__)
    __builtin_cpu_init();
    has_instruction = __builtin_cpu_supports("sse4.2");
#endif
}

uint32_t wiber_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    crc = ~crc;
    while (count--) crc = crc >> 8 ^ table[(crc ^ *next++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t with_instruction(
    uint32_t crc, const uint8_t *next, size_t count) {
    uint64_t state = ~crc;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    uint32_t rest = (uint32_t)state;
    while (count--) rest = __builtin_ia32_crc32qi(rest, *next++);
    return ~rest;
}
#endif

uint32_t wiber_crc32c(uint32_t crc, const void *bytes, size_t count) {
#if defined(__x86_64__)
    if (has_instruction) return with_instruction(crc, bytes, count);
#endif
    return wiber_crc32c_portable(crc, bytes, count);
}
