/* cxx.cc - the declarations half of the single header in C++17: every inline function and every
 * macro is used, in the order of the header, and does what it does in C. complete.cmake sees to
 * "every".
 * SPDX-License-Identifier: MIT */
#include "pare.h"
#include "pare.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define EXPECT(condition)                                                                          \
    ((condition) ? (void)0 : (std::printf("line %d: %s\n", __LINE__, #condition), std::exit(1)))

struct point {
    double x, y;
};

static void use_alloc() {
    pare_allocator heap = pare_heap();
    pare_span block = {nullptr, 0};
    EXPECT(pare_alloc_span(heap, 100, 16, PARE_ZEROED | PARE_EXACT, &block) == PARE_OK);
    EXPECT(block.cap == 100 && static_cast<char *>(block.ptr)[99] == 0);
    EXPECT(pare_resize_span(heap, &block, 0, 16, 0) == PARE_ERR_ARGUMENT);
    pare_free_span(heap, block, 16);

    void *bytes = pare_alloc(heap, 10, 1);
    EXPECT(bytes != nullptr);
    bytes = pare_realloc(heap, bytes, 10, 1000, 1);
    EXPECT(bytes != nullptr);
    pare_free(heap, bytes, 1000, 1);
}

static void use_arena() {
    pare_arena arena = {};
    EXPECT(pare_arena_init(&arena, pare_heap(), nullptr) == PARE_OK);
    EXPECT(pare_arena_alloc(&arena, 24, 8) != nullptr);
    point *one = PARE_ARENA_NEW(&arena, point);
    EXPECT(one != nullptr);
    point *many = PARE_ARENA_NEW_ARRAY(&arena, point, 100);
    EXPECT(many != nullptr);
    many[99] = *one = point{1, 2};
    EXPECT(std::strcmp(pare_arena_strdup(&arena, "text"), "text") == 0);

    PARE_ARENA_SCOPE(&arena) { EXPECT(PARE_ARENA_NEW(&arena, int) != nullptr); }
    pare_arena_scope scope = pare_arena_scope_open(&arena);
    EXPECT(PARE_ARENA_NEW(&arena, int) != nullptr);
    pare_arena_scope_close(&scope);
    EXPECT(PARE_ARENA_NEW_ARRAY(&arena, point, SIZE_MAX) == nullptr);
    EXPECT(PARE_ARENA_NEW_TAIL(&arena, point, char, 10) != nullptr);
    point *zeroed = PARE_ARENA_NEW_ZEROED(&arena, point);
    EXPECT(zeroed != nullptr && zeroed->x == 0);
    zeroed = PARE_ARENA_NEW_ARRAY_ZEROED(&arena, point, 10);
    EXPECT(zeroed != nullptr && zeroed[9].y == 0);
    EXPECT(pare_arena_status(&arena) == PARE_ERR_ARGUMENT);
    pare_arena_deinit(&arena);
}

PARE_POOL_DEFINE(point_pool, point);

static void use_pool() {
    pare_pool pool = {};
    pare_pool_options options = {};
    options.size = 24;
    options.flags = PARE_POOL_CHECK_RESET; /* there is no init to check */
    EXPECT(pare_pool_init(&pool, pare_heap(), &options) == PARE_ERR_ARGUMENT);
    options.flags = PARE_POOL_HARDENED;
    EXPECT(pare_pool_init(&pool, pare_heap(), &options) == PARE_OK);
    pare_pool_deinit(&pool);
    options.flags = 0;
    EXPECT(pare_pool_init(&pool, pare_heap(), &options) == PARE_OK);
    void *object = pare_pool_get(&pool);
    EXPECT(object != nullptr && pare_pool_status(&pool) == PARE_OK);
    pare_pool_put(&pool, object);
    EXPECT(pare_pool_get(&pool) == object);
    pare_pool_deinit(&pool);

    point_pool points = {};
    EXPECT(point_pool_init(&points, pare_heap(), nullptr) == PARE_OK);
    point *p = point_pool_get(&points);
    EXPECT(p != nullptr);
    *p = point{1, 2};
    point_pool_put(&points, p);
    point_pool_deinit(&points);
}

PARE_MTPOOL_DEFINE(point_mtpool, point);

static void use_mtpool() {
    point_mtpool points;
    EXPECT(point_mtpool_init(&points, pare_heap(), nullptr) == PARE_OK);
    point *p = point_mtpool_get(&points);
    EXPECT(p != nullptr);
    *p = point{1, 2};
    point_mtpool_put(&points, p);
    EXPECT(pare_mtpool_get(&points.pool) == p);
    pare_mtpool_put(&points.pool, p);
    pare_mtpool_cache cache;
    EXPECT(pare_mtpool_cache_init(&cache, &points.pool) == PARE_OK);
    void *object = pare_mtpool_cache_get(&cache);
    EXPECT(object != nullptr && pare_mtpool_cache_status(&cache) == PARE_OK);
    pare_mtpool_cache_put(&cache, object);
    pare_mtpool_cache_deinit(&cache);
    point_mtpool_deinit(&points);
}

static void use_bufpool() {
    pare_bufpool bufpool = {};
    pare_span buffer = pare_bufpool_get(&bufpool, 1000);
    EXPECT(buffer.cap >= 1000 && pare_bufpool_status(&bufpool) == PARE_OK);
    pare_bufpool_put(&bufpool, buffer);
    EXPECT(pare_bufpool_get(&bufpool, 900).ptr == buffer.ptr);
    pare_bufpool_put(&bufpool, buffer);
    pare_bufpool_deinit(&bufpool);
}

static void use_mtbufpool() {
    pare_mtbufpool bufpool = {};
    pare_mtbufpool_cache cache = {};
    EXPECT(pare_mtbufpool_init(&bufpool, pare_heap(), nullptr) == PARE_OK);
    pare_span buffer = pare_mtbufpool_get(&bufpool, 1000);
    EXPECT(buffer.cap >= 1000);
    pare_mtbufpool_put(&bufpool, buffer);
    EXPECT(pare_mtbufpool_get(&bufpool, 900).ptr == buffer.ptr);
    EXPECT(pare_mtbufpool_cache_init(&cache, &bufpool) == PARE_OK);
    pare_mtbufpool_cache_put(&cache, buffer);
    EXPECT(pare_mtbufpool_cache_get(&cache, 1000).ptr == buffer.ptr);
    EXPECT(pare_mtbufpool_cache_status(&cache) == PARE_OK);
    pare_mtbufpool_cache_put(&cache, buffer);
    pare_mtbufpool_deinit(&bufpool);
}

static void use_buf() {
    pare_buf buf = {};
    EXPECT(pare_buf_append(&buf, "abc", 3) == PARE_OK);
    EXPECT(pare_buf_append_byte(&buf, 'd') == PARE_OK);
    EXPECT(pare_buf_reserve(&buf, 2) == PARE_OK);
    pare_buf_append_reserved(&buf, "ef", 2);
    EXPECT(pare_buf_len(&buf) == 6 && pare_buf_needed(&buf) == 6);
    EXPECT(std::memcmp(pare_buf_data(&buf), "abcdef", 6) == 0);
    EXPECT(pare_buf_status(&buf) == PARE_OK);

    pare_parcel parcel;
    EXPECT(pare_buf_detach(&buf, &parcel) == PARE_OK);
    pare_parcel_free(parcel);
    EXPECT(pare_iovec_of(&buf).len == 0);
    pare_buf_reset(&buf);
    pare_buf_deinit(&buf);
}

static void use_str() {
    pare_str str = {};
    EXPECT(pare_str_append(&str, "one") == PARE_OK);
    EXPECT(pare_str_append_lit(&str, ", two") == PARE_OK);
    EXPECT(pare_str_append_n(&str, ", three", 7) == PARE_OK);
    EXPECT(pare_str_append_char(&str, '.') == PARE_OK);
    EXPECT(pare_str_append_printf(&str, " %d", 4) == PARE_OK);
    EXPECT(pare_str_len(&str) == 18 && pare_str_needed(&str) == 18);
    EXPECT(std::strcmp(pare_str_cstr(&str), "one, two, three. 4") == 0);
    EXPECT(pare_str_status(&str) == PARE_OK);
    EXPECT(pare_str_get_stats(&str).used_bytes == 18);
    pare_str_truncate(&str, 3);
    EXPECT(std::strcmp(pare_str_cstr(&str), "one") == 0);
    EXPECT(pare_str_insert(&str, 0, "z") == PARE_OK);
    pare_str_erase(&str, 0, 1);
    EXPECT(pare_str_replace(&str, "ne", "<") == PARE_OK);
    EXPECT(pare_str_append_json(&str, "\"") == PARE_OK);
    EXPECT(pare_str_append_html(&str, "<") == PARE_OK);
    EXPECT(pare_str_append_url(&str, "/") == PARE_OK);
    EXPECT(std::strcmp(pare_str_cstr(&str), "o<\"\\\"\"&lt;%2F") == 0);
    pare_str_reset(&str);
    EXPECT(pare_str_len(&str) == 0);
    pare_str_deinit(&str);
}

static void use_strpool() {
    pare_strpool pages = {};
    pare_str *page = pare_strpool_get(&pages);
    EXPECT(page != nullptr && pare_str_append_lit(page, "<html>") == PARE_OK);
    pare_strpool_put(&pages, page);
    EXPECT(pare_strpool_status(&pages) == PARE_OK);
    EXPECT(pare_strpool_get_stats(&pages).retained_count == 1);
    pare_strpool_deinit(&pages);
}

static void use_text() {
    pare_str str = {};
    pare_json json;
    EXPECT(pare_text_append_size(&str, 1536) == PARE_OK);
    pare_json_init(&json, &str);
    EXPECT(pare_json_begin_object(&json) == PARE_OK);
    EXPECT(pare_json_key(&json, "k") == PARE_OK);
    EXPECT(pare_json_string(&json, "v") == PARE_OK);
    EXPECT(pare_json_end_object(&json) == PARE_OK);
    EXPECT(pare_json_finish(&json) == PARE_OK);
    EXPECT(std::strcmp(pare_str_cstr(&str), "1.5 KiB{\"k\":\"v\"}") == 0);
    pare_str_deinit(&str);
}

int main() {
    use_alloc();
    use_arena();
    use_pool();
    use_mtpool();
    use_bufpool();
    use_mtbufpool();
    use_buf();
    use_str();
    use_strpool();
    use_text();
    return 0;
}
