/* pare/base.h - what every other header stands on: statuses, misuse, linkage, configuration.
 *
 * Errors   Misuse is a bug: in every build it goes to the misuse handler below, which by default
 *          writes one line and aborts; such conditions stand under *Requires*. Refusal is an
 *          answer: a call that cannot get memory or room, or is given a value it cannot honour,
 *          returns NULL or a pare_status, and nothing reachable through its arguments has
 *          changed; it never prints or exits. pare never sets errno.
 * Threads  Everything here may be called from any thread.
 * SPDX-License-Identifier: MIT */
#ifndef PARE_BASE_H
#define PARE_BASE_H
#include <stddef.h>
#include <stdint.h>

/* --- version and configuration ----------------------------------------------------------- */

#define PARE_VERSION_MAJOR 0
#define PARE_VERSION_MINOR 1
#define PARE_VERSION_PATCH 0
#define PARE_VERSION "0.1.0"

/* Counts changes of struct layout or of inline arithmetic; it is also the soname's number. */
#define PARE_ABI 1

/* Bytes to which arenas round sizes, so alignments up to it cost nothing: 8 or 16. It is
 * compiled into the caller's inline code, so every file of a program must agree on it, and on
 * PARE_ABI: both are part of the names of the out-of-line functions that inline code calls, and
 * files that disagree do not link. */
#ifndef PARE_MIN_ALIGN
#define PARE_MIN_ALIGN 8
#endif
#if PARE_MIN_ALIGN != 8 && PARE_MIN_ALIGN != 16
#error "PARE_MIN_ALIGN must be 8 or 16"
#endif

/* --- compilers --------------------------------------------------------------------------- */

#ifdef __cplusplus
#define PARE_BEGIN_DECLS extern "C" {
#define PARE_END_DECLS }
#define PAREI_ALIGNOF(type) alignof(type)
#else
#define PARE_BEGIN_DECLS
#define PARE_END_DECLS
#define PAREI_ALIGNOF(type) _Alignof(type)
#endif

#if defined(__GNUC__) || defined(__clang__)
#define PAREI_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define PAREI_CONSTANT(value) __builtin_constant_p(value)
#define PAREI_ASSUME(condition) ((condition) ? (void)0 : __builtin_unreachable())
#define PAREI_COLD __attribute__((cold, noinline))
#define PAREI_CONST __attribute__((const))
#define PAREI_NOINLINE __attribute__((noinline))
#define PAREI_INLINE static inline __attribute__((always_inline, unused))
#define PAREI_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#define PARE_NODISCARD __attribute__((warn_unused_result))
#else
#define PAREI_LIKELY(condition) (condition)
#define PAREI_CONSTANT(value) 0
#define PAREI_ASSUME(condition) ((void)0)
#define PAREI_COLD
#define PAREI_CONST
#define PAREI_NOINLINE
#define PAREI_INLINE static inline
#define PAREI_PRINTF(text, first)
#define PARE_NODISCARD
#endif

/* Linkage. The single header: hidden, or static with PARE_STATIC. The shared library on Windows:
 * its users define PARE_SHARED. */
#if defined(PAREI_DROPIN) && defined(PARE_STATIC) && (defined(__GNUC__) || defined(__clang__))
#define PARE_API static __attribute__((unused))
#elif defined(PAREI_DROPIN) && defined(PARE_STATIC)
#define PARE_API static
#elif defined(_WIN32) && defined(PAREI_BUILDING_SHARED)
#define PARE_API __declspec(dllexport)
#elif defined(_WIN32) && defined(PARE_SHARED)
#define PARE_API __declspec(dllimport)
#elif defined(_WIN32) || !(defined(__GNUC__) || defined(__clang__))
#define PARE_API
#elif defined(PAREI_DROPIN)
#define PARE_API __attribute__((visibility("hidden")))
#else
#define PARE_API __attribute__((visibility("default")))
#endif

/* PAREI_ABI_NAME(f) is f_abi1_align8: the name of an out-of-line function that inline code calls.
 * PARE_NAMESPACE, when defined, stands before every external name. */
#define PAREI_JOIN2(a, b) a##b
#define PAREI_JOIN(a, b) PAREI_JOIN2(a, b)
#ifdef PARE_NAMESPACE
#define PAREI_NAME(name) PAREI_JOIN(PARE_NAMESPACE, PAREI_JOIN2(_, name))
#else
#define PAREI_NAME(name) name
#endif
#define PAREI_ABI_NAME(name)                                                                       \
    PAREI_JOIN(PAREI_JOIN(PAREI_JOIN(PAREI_NAME(name), _abi), PARE_ABI),                           \
               PAREI_JOIN(_align, PARE_MIN_ALIGN))

PARE_BEGIN_DECLS

/* --- statuses ---------------------------------------------------------------------------- */

typedef enum pare_status {
    PARE_OK = 0,
    PARE_ERR_MEMORY = 1,   /* the backing allocator refused, or cannot do it in place */
    PARE_ERR_LIMIT = 2,    /* a byte limit set by the user would be passed */
    PARE_ERR_ARGUMENT = 3, /* a value that cannot be honoured, whatever the memory */
    PARE_ERR_FORMAT = 4,   /* the C library could not format the arguments */
    PARE_ERR_IO = 5        /* a system call failed: errno says why */
} pare_status;

/* Names a status: "ok", "out of memory", "limit reached", ... Never NULL. */
PARE_API const char *pare_status_text(pare_status status);

/* --- words that several types share -------------------------------------------------------- */

/* Flag of options: what is given back is overwritten with zeros at once, by writes that the
 * compiler may not drop. */
#define PARE_WIPE 1u

/* Levels of trim: how much of what is held for reuse goes back to the allocator. */
#define PARE_TRIM_SURPLUS 0 /* what lay idle since the trim before: the working set stays */
#define PARE_TRIM_ALL 1     /* everything that is not in use */

/* --- misuse ------------------------------------------------------------------------------ */

/* One misuse: what was done to which object. The texts are static and stable, so tests may
 * compare them; the pointers are for printing and are never safe to read through. */
typedef struct pare_misuse {
    const char *module;  /* "arena", "pool", ... */
    const char *kind;    /* "double put", "mark of another arena", ... */
    const void *object;  /* the arena, pool, ... */
    const void *address; /* the pointer or mark that was refused; NULL when there is none */
    const void *site;    /* an address inside the calling function; NULL when unknown */
    const void *earlier; /* the same of the call before that made this one wrong; hardened only */
    const char *name;    /* of the object; NULL: none was given */
} pare_misuse;

/* May abort, longjmp, or return: then the call is refused and nothing has changed. */
typedef void (*pare_misuse_handler)(const pare_misuse *misuse);

/* Replaces the process-wide handler and returns the one before it. NULL stands for the default:
 * it writes one line to stderr, such as
 *     pare: pool: double put of 0x5581e0a4 (object 0x7ffe3f10, called from 0x55815d2c)
 * and aborts; where there is no C library it traps. */
PARE_API pare_misuse_handler pare_set_misuse_handler(pare_misuse_handler handler);

/* --- arithmetic -------------------------------------------------------------------------- */

/* The largest size that any call accepts: no C object is larger. */
#define PARE_SIZE_MAX ((size_t)PTRDIFF_MAX)

/* count * size, or SIZE_MAX, which every allocator refuses, when the product overflows. */
PAREI_INLINE size_t parei_product(size_t count, size_t size) {
#if defined(__GNUC__) || defined(__clang__)
    size_t product;
    return __builtin_mul_overflow(count, size, &product) ? SIZE_MAX : product;
#else
    return size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
#endif
}

/* a + b, or SIZE_MAX when the sum overflows. */
PAREI_INLINE size_t parei_sum(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

/* Position of the highest set bit of `value`, which is not 0. */
PAREI_INLINE unsigned parei_log2(size_t value) {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__LZCNT__)
    /* bsr leaves its target as it was for 0, so the processor waits for the target's last writer;
     * a target zeroed beforehand has none. Left to the compiler, one size class in a loop costs
     * 8.4 ns instead of 2.2 (measured on Emerald Rapids). */
    size_t bit = 0;
    if (PAREI_CONSTANT(value)) return 63u - (unsigned)__builtin_clzll(value);
    __asm__("bsrq %1, %0" : "+r"(bit) : "r"(value) : "cc");
    return (unsigned)bit;
#elif defined(__GNUC__) || defined(__clang__)
    return (unsigned)(sizeof(unsigned long long) * 8 - 1) - (unsigned)__builtin_clzll(value);
#else
    unsigned bit = 0;
    while (value >>= 1) bit++;
    return bit;
#endif
}

PARE_END_DECLS
#endif
