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
    void shortest(double value) { number(value); }
    void cents(double value) {
        char digits[32];
        char *end = digits + sizeof digits;
        text.append(digits, std::to_chars(digits, end, value, std::chars_format::fixed, 2).ptr);
    }
    void reset() { text.clear(); }
    const char *c_str() { return text.c_str(); }
    size_t size() { return text.size(); }
    void byte(char c) { text.push_back(c); }
    void bytes(const char *bytes, size_t size) { text.append(bytes, size); }
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
    void bytes(const char *bytes, size_t size) { text.append(bytes, bytes + size); }
    void part(const char *part) { text.append(part, part + strlen(part)); }
    void number(int64_t value) { fmt::format_to(std::back_inserter(text), "{}", value); }
    void shortest(double value) { fmt::format_to(std::back_inserter(text), "{}", value); }
    void cents(double value) { fmt::format_to(std::back_inserter(text), "{:.2f}", value); }
    void line(const event &e) {
        fmt::format_to(std::back_inserter(text), FMT_LINE, LINE_ARGUMENTS(&e));
    }
};

/* Formats that are compiled. */
struct FmtCompiled : Fmt {
    void number(int64_t value) {
        fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), value);
    }
    void shortest(double value) {
        fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), value);
    }
    void cents(double value) {
        fmt::format_to(std::back_inserter(text), FMT_COMPILE("{:.2f}"), value);
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
    void bytes(const char *bytes, size_t size) {
        g_string_append_len(text, bytes, static_cast<gssize>(size));
    }
    void part(const char *part) { g_string_append(text, part); }
    void cents(double value) { g_string_append_printf(text, "%.2f", value); }
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
    void bytes(const char *bytes, size_t size) { text = sdscatlen(text, bytes, size); }
    void part(const char *part) { text = sdscat(text, part); }
    void cents(double value) { text = sdscatprintf(text, "%.2f", value); }
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

/* Every number of `n`, by `append`. */
template <class Peer, class Number, class Append>
void numbers_by(bench *b, Number *n, Append append) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    n = static_cast<Number *>(bench_hide(n));
    while (bench_next(b)) {
        peer->reset();
        for (int i = 0; i < NUMBERS; i++) {
            append(peer, n[i]);
            peer->byte(',');
        }
        bench_keep(peer->c_str());
    }
    bench_ops(b, NUMBERS);
    show(b, peer);
}

template <class Peer> void int64(bench *b) {
    numbers_by<Peer>(b, numbers, [](Peer *p, int64_t value) { p->number(value); });
}
template <class Peer> void shortest(bench *b) {
    numbers_by<Peer>(b, doubles, [](Peer *p, double value) { p->shortest(value); });
}
template <class Peer> void cents(bench *b) {
    numbers_by<Peer>(b, amounts, [](Peer *p, double value) { p->cents(value); });
}

/* None of them escapes JSON: runs of plain bytes are found here. */
template <class Peer> void json_string(Peer *peer, pare_slice text) {
    size_t from = 0;
    peer->byte('"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= ' ') continue;
        peer->bytes(text.ptr + from, i - from);
        peer->byte('\\');
        peer->byte(c == '\n' ? 'n' : c);
        from = i + 1;
    }
    peer->bytes(text.ptr + from, text.len - from);
    peer->byte('"');
}

template <class Peer> void json_map(bench *b) {
    Peer state, *peer = static_cast<Peer *>(bench_hide(&state));
    const pair *p = static_cast<const pair *>(bench_hide(pairs));
    while (bench_next(b)) {
        peer->reset();
        for (int i = 0; i < PAIRS; i++) {
            peer->byte(i == 0 ? '{' : ',');
            json_string(peer, p[i].key);
            peer->byte(':');
            json_string(peer, p[i].value);
        }
        peer->byte('}');
        bench_keep(peer->c_str());
    }
    show(b, peer);
}

/* The C ones have no shortest text of a double. */
template <class Peer> void add_shortest(const char *name) {
    bench_add("str/double-shortest", name, shortest<Peer>, nullptr);
}

template <class Peer> void add_peer(const char *name) {
    bench_add("str/log-line", name, log_line<Peer>, nullptr);
    bench_add("str/join-100", name, join<Peer>, nullptr);
    bench_add("str/append-byte", name, append_byte<Peer>, nullptr);
    bench_add("str/int64", name, int64<Peer>, nullptr);
    bench_add("str/double-2-decimals", name, cents<Peer>, nullptr);
    bench_add("str/json-map", name, json_map<Peer>, nullptr);
}

} // namespace

extern "C" void bench_str_peers(void) {
    fill_inputs();
    add_peer<String>("std-string");
    add_shortest<String>("std-string");
#ifdef BENCH_FMT
    add_peer<Fmt>("fmt");
    add_peer<FmtCompiled>("fmt-compiled");
    add_shortest<Fmt>("fmt");
    add_shortest<FmtCompiled>("fmt-compiled");
#endif
#ifdef BENCH_GLIB
    add_peer<Glib>("gstring");
#endif
#ifdef BENCH_HIREDIS
    add_peer<Sds>("sds");
#endif
}
