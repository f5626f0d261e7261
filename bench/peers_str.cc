/* peers_str.cc - other builders in the rows of bench_str.c, which says what the rows ask.
 *
 * A peer is a class that appends to one text, keeps its memory at reset, and shows it at the end as
 * a C string. Each appends as its manual advises for speed.
 * SPDX-License-Identifier: MIT */
#include "bench_str.h"
#include <charconv>
#include <string>
#ifdef BENCH_FMT
#include <fmt/compile.h>
#include <fmt/format.h>
#endif
#ifdef BENCH_GLIB
#include <glib.h>
#endif
#ifdef BENCH_HIREDIS
extern "C" { /* its header is C alone */
#include <hiredis/sds.h>
}
#endif

namespace {

/* --- peers ---------------------------------------------------------------------------------- */

/* Numbers by to_chars, which comes next to the text in C++17. */
struct String {
    std::string text;

    template <class Number> void number(Number value) {
        char digits[32];
        text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
    void reset() { text.clear(); }
    const char *c_str() { return text.c_str(); }
    size_t size() { return text.size(); }
    void byte(char c) { text.push_back(c); }
    void part(const char *part) { text.append(part); }
    void line(const event &e) {
        text.append("time=");
        number(e.time);
        text.append(" level=info pid=");
        number(e.pid);
        text.append(" msg=\"request done\" status=");
        number(e.status);
        text.append(" bytes=");
        number(e.bytes);
        text.append(" us=");
        number(e.micros);
        text.push_back('\n');
    }
};

#ifdef BENCH_FMT
#define FMT_LINE "time={} level=info pid={} msg=\"request done\" status={} bytes={} us={}\n"

/* Formats that are read when they are used. */
struct Fmt {
    fmt::memory_buffer text;

    void reset() { text.clear(); }
    const char *c_str() {
        text.push_back('\0');
        text.resize(text.size() - 1);
        return text.data();
    }
    size_t size() { return text.size(); }
    void byte(char c) { text.push_back(c); }
    void part(const char *part) { text.append(part, part + strlen(part)); }
    void number(int64_t value) { fmt::format_to(std::back_inserter(text), "{}", value); }
    void line(const event &e) {
        fmt::format_to(std::back_inserter(text), FMT_LINE, LINE_ARGUMENTS(&e));
    }
};

/* Formats that are compiled. */
struct FmtCompiled : Fmt {
    void number(int64_t value) {
        fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), value);
    }
    void line(const event &e) {
        fmt::format_to(std::back_inserter(text), FMT_COMPILE(FMT_LINE), LINE_ARGUMENTS(&e));
    }
};
#endif

#ifdef BENCH_GLIB
struct Glib {
    GString *text = g_string_new(nullptr);

    ~Glib() { g_string_free(text, TRUE); }
    void reset() { g_string_truncate(text, 0); }
    const char *c_str() { return text->str; }
    size_t size() { return text->len; }
    void byte(char c) { g_string_append_c(text, c); }
    void part(const char *part) { g_string_append(text, part); }
    void number(int64_t value) { g_string_append_printf(text, "%" PRId64, value); }
    void line(const event &e) { g_string_append_printf(text, LINE_FORMAT, LINE_ARGUMENTS(&e)); }
};
#endif

#ifdef BENCH_HIREDIS
struct Sds {
    sds text = sdsempty();

    ~Sds() { sdsfree(text); }
    void reset() { sdsclear(text); }
    const char *c_str() { return text; }
    size_t size() { return sdslen(text); }
    void byte(char c) { text = sdscatlen(text, &c, 1); }
    void part(const char *part) { text = sdscat(text, part); }
    void number(int64_t value) { text = sdscatfmt(text, "%I", static_cast<long long>(value)); }
    void line(const event &e) {
        text = sdscatfmt(text,
                         "time=%I level=info pid=%I msg=\"request done\" status=%I bytes=%I"
                         " us=%I\n",
                         static_cast<long long>(e.time), static_cast<long long>(e.pid),
                         static_cast<long long>(e.status), static_cast<long long>(e.bytes),
                         static_cast<long long>(e.micros));
    }
};
#endif

/* --- their rows ----------------------------------------------------------------------------- */

template <class Peer> void show(bench *b, Peer *peer) {
    const char *text = peer->c_str();
    bench_result(b, text, peer->size());
}

template <class Peer> void log_line(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    const event *e = static_cast<const event *>(bench_hide(events));
    while (bench_next(b)) {
        for (int i = 0; i < LINES; i++) {
            peer->reset();
            peer->line(e[i]);
            bench_keep(peer->c_str());
        }
    }
    bench_ops(b, LINES);
    for (int i = 0; i < LINES; i++) {
        peer->reset();
        peer->line(e[i]);
        show(b, peer);
    }
}

template <class Peer> void join(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    const char *const *p = static_cast<const char *const *>(bench_hide(parts));
    while (bench_next(b)) {
        peer->reset();
        peer->part(p[0]);
        for (int i = 1; i < PARTS; i++) {
            peer->byte(',');
            peer->part(p[i]);
        }
        bench_keep(peer->c_str());
    }
    bench_ops(b, PARTS);
    show(b, peer);
}

template <class Peer> void append_byte(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    const char *from = static_cast<const char *>(bench_hide(bytes));
    while (bench_next(b)) {
        peer->reset();
        for (int i = 0; i < BYTES; i++) peer->byte(from[i]);
        bench_keep(peer->c_str());
    }
    bench_ops(b, BYTES);
    show(b, peer);
}

template <class Peer> void int64(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    const int64_t *n = static_cast<const int64_t *>(bench_hide(numbers));
    while (bench_next(b)) {
        peer->reset();
        for (int i = 0; i < NUMBERS; i++) {
            peer->number(n[i]);
            peer->byte(',');
        }
        bench_keep(peer->c_str());
    }
    bench_ops(b, NUMBERS);
    show(b, peer);
}

template <class Peer> void add_peer(const char *name) {
    bench_add("str/log-line", name, log_line<Peer>, nullptr);
    bench_add("str/join-100", name, join<Peer>, nullptr);
    bench_add("str/append-byte", name, append_byte<Peer>, nullptr);
    bench_add("str/int64", name, int64<Peer>, nullptr);
}

} // namespace

extern "C" void bench_str_peers(void) {
    fill_inputs();
    add_peer<String>("std-string");
#ifdef BENCH_FMT
    add_peer<Fmt>("fmt");
    add_peer<FmtCompiled>("fmt-compiled");
#endif
#ifdef BENCH_GLIB
    add_peer<Glib>("gstring");
#endif
#ifdef BENCH_HIREDIS
    add_peer<Sds>("sds");
#endif
}
