/* 15_json.c - nested JSON in builders from a pool: a reply has the room that earlier ones needed.
 *
 * Prints:
 *   {"order":1,"paid":true,"total":12.5,"of":[{"item":"nut","n":10},{"item":"b\"olt","n":3}]}
 *   {"order":2,"paid":false,"total":0.1,"of":[]}
 *   1000 replies, the heap asked 5 times
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "pare/counting.h"
#include "pare/strpool.h"
#include "pare/text.h"

typedef struct order {
    int64_t number;
    int paid;
    double total;
    int line_count;
    struct {
        const char *item;
        int64_t count;
    } lines[2];
} order;

static pare_status append_order(pare_str *reply, const order *o) {
    pare_json j;
    pare_json_init(&j, reply);
    pare_json_begin_object(&j);
    pare_json_key(&j, "order"), pare_json_int(&j, o->number);
    pare_json_key(&j, "paid"), pare_json_bool(&j, o->paid);
    pare_json_key(&j, "total"), pare_json_double(&j, o->total);
    pare_json_key(&j, "of"), pare_json_begin_array(&j);
    for (int i = 0; i < o->line_count; i++) {
        pare_json_begin_object(&j);
        pare_json_key(&j, "item"), pare_json_string(&j, o->lines[i].item);
        pare_json_key(&j, "n"), pare_json_int(&j, o->lines[i].count);
        pare_json_end_object(&j);
    }
    pare_json_end_array(&j);
    pare_json_end_object(&j);
    return pare_json_finish(&j); /* the status of all of it */
}

int main(void) {
    static const order orders[] = {{1, 1, 12.5, 2, {{"nut", 10}, {"b\"olt", 3}}},
                                   {2, 0, 0.1, 0, {{NULL, 0}}}};
    pare_counting heap = {0};
    pare_strpool replies;
    if (pare_strpool_init(&replies, pare_counting_allocator(&heap), NULL) != PARE_OK) return 1;
    int sent = 0;
    for (; sent < 1000; sent++) {
        pare_str *reply = pare_strpool_get(&replies);
        if (reply == NULL || append_order(reply, &orders[sent % 2]) != PARE_OK) return 1;
        if (sent < 2) puts(pare_str_cstr(reply));
        pare_strpool_put(&replies, reply);
    }
    printf("%d replies, the heap asked %d times\n", sent,
           (int)pare_counting_get_stats(&heap).allocs);
    pare_strpool_deinit(&replies);
    return 0;
}
