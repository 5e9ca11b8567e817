// zstd frames, with a context that each thread keeps.
#include "CWiber.h"

#include <zstd.h>

// Fast: what is gained above it is little, and a shard's thread does this.
enum { level = 1 };

static _Thread_local ZSTD_CCtx *compressor;
static _Thread_local ZSTD_DCtx *expander;

size_t wiber_zstd_compress(void *frame, size_t room, const void *bytes, size_t count) {
    if (!compressor) compressor = ZSTD_createCCtx();
    if (!compressor) return 0;
    size_t length = ZSTD_compressCCtx(compressor, frame, room, bytes, count, level);
    return ZSTD_isError(length) ? 0 : length;
}

long wiber_zstd_expand(void *bytes, size_t room, const void *frame, size_t count) {
    if (!expander) expander = ZSTD_createDCtx();
    if (!expander) return -1;
    size_t length = ZSTD_decompressDCtx(expander, bytes, room, frame, count);
    return ZSTD_isError(length) ? -1 : (long)length;
}
