/* stock.cc - internal/stock.h under every interleaving of two threads, by relacy.
 *
 * The functions are those of the library; here their words are relacy's, which knows which thread
 * may see which store. Each thread brings a full magazine, fetches one, uses the object in it, and
 * returns it; in another model it also sets one aside and returns that. It must be the only user,
 * and in the end every object has to be in one place.
 *
 * Three models are broken on purpose, and must be found wrong: nothing is locked; one thread does
 * not lock; a magazine is given away and kept, which no lock prevents.
 * SPDX-License-Identifier: MIT */
#include <relacy/relacy.hpp>
#include <cstddef>
#include <cstdio>
#include <ostream>

/* --- the types of stock.h, in relacy's words ----------------------------------------------- */

/* A word of plain memory: accesses that are not ordered are a race. */
template <typename T> class word {
  public:
    word() {}
    operator T() const { return at($); }
    T operator->() const { return at($); }
    word &operator=(T value) {
        at($) = value;
        return *this;
    }
    word &operator=(const word &other) { return *this = static_cast<T>(other); }

  private:
    rl::var<T> at;
};

enum fault { NONE, NO_LOCK, ONE_SIDE_LOCKS, KEPT_AND_GIVEN };

static fault planted;   /* in the model that runs */
static int rounds;      /* of bring and fetch, there */
static bool sets_aside; /* there */

struct parei_lock {
    rl::mutex mutex;
};

static bool forgets() {
    return planted == NO_LOCK || (planted == ONE_SIDE_LOCKS && rl::thread_index() == 1);
}

static void parei_lock_take(parei_lock *l) {
    if (!forgets()) l->mutex.lock($);
}

static void parei_lock_give(parei_lock *l) {
    if (!forgets()) l->mutex.unlock($);
}

struct parei_mag {
    word<size_t> count;
    word<int> item; /* room for one: the number of an object */
    static const size_t capacity = 1;
};

struct parei_magazine {
    word<parei_magazine *> newer, older;
    parei_mag mag;
};

struct parei_stock {
    parei_lock lock;
    word<parei_magazine *> newest, oldest, empty;
    word<size_t> magazine_count, object_count, least_count, object_limit;
    word<unsigned> trades;
};

#define PAREI_MODEL 1
#include "internal/stock.h"

/* --- the model ----------------------------------------------------------------------------- */

enum { THREADS = 2, OBJECTS = THREADS + 1, MAGAZINES = OBJECTS + 1 };

struct model : rl::test_suite<model, THREADS> {
    parei_stock stock;
    parei_magazine magazines[MAGAZINES];
    word<int> used[OBJECTS];        /* how often; a race if two threads use it at once */
    parei_magazine *slots[THREADS]; /* of each thread's cache */

    /* Each thread has a magazine with an object; in stock are one more and an empty one. */
    void before() {
        stock.newest = stock.oldest = stock.empty = NULL;
        stock.magazine_count = stock.object_count = stock.least_count = 0;
        stock.object_limit = 100;
        stock.trades = 0;
        for (int i = 0; i < MAGAZINES; i++) magazines[i].mag.count = 0;
        for (int i = 0; i < OBJECTS; i++) {
            magazines[i].mag.item = i;
            magazines[i].mag.count = 1;
            used[i] = 0;
        }
        for (int i = 0; i < THREADS; i++) slots[i] = &magazines[i];
        parei_magazine *full = &magazines[THREADS], *empty = &magazines[OBJECTS];
        parei_stock_return(&stock, &full);
        parei_stock_return(&stock, &empty);
    }

    void use(parei_magazine *m) {
        int object = m->mag.item;
        m->mag.count = 0;
        used[object] = used[object] + 1;
        m->mag.item = object;
        m->mag.count = 1;
    }

    void thread(unsigned index) {
        parei_magazine **slot = &slots[index];
        for (int i = 0; i < rounds; i++) {
            use(*slot);
            if (parei_stock_bring(&stock, slot) == PAREI_STOCK_TRADED) {
                RL_ASSERT((*slot)->mag.count == 0);
                if (!parei_stock_fetch(&stock, slot)) RL_ASSERT(false); /* it brought one itself */
            }
            RL_ASSERT((*slot)->mag.count == 1);
        }
        parei_magazine *kept = *slot;
        parei_stock_return(&stock, slot);
        if (planted == KEPT_AND_GIVEN) use(kept);
        if (!sets_aside) return;
        parei_magazine *aside = NULL;
        if (parei_stock_set_aside(&stock, &aside) == 0) RL_ASSERT(false); /* there are three */
        use(aside);
        parei_stock_share(&stock, &aside);
    }

    void after() {
        int seen[OBJECTS] = {0};
        size_t full = 0, empty = 0, uses = 0;
        for (parei_magazine *m = stock.newest; m != NULL; m = m->older) {
            seen[m->mag.item]++;
            full++;
        }
        for (parei_magazine *m = stock.empty; m != NULL; m = m->older) empty++;
        for (int i = 0; i < OBJECTS; i++) {
            RL_ASSERT(seen[i] == 1);
            uses += (size_t)used[i];
        }
        RL_ASSERT(full == OBJECTS && empty == MAGAZINES - OBJECTS);
        RL_ASSERT(stock.magazine_count == full && stock.object_count == full);
        int each = rounds + (planted == KEPT_AND_GIVEN) + sets_aside;
        RL_ASSERT(uses == (size_t)(each * THREADS));
    }
};

/* True if the model came out as it must; if not, relacy tells how. */
static bool check(const char *name, fault f, bool aside, bool right) {
    std::ostream silent(NULL);
    rl::test_params params;
    params.search_type = rl::sched_full;
    params.output_stream = params.progress_stream = right ? &std::cout : &silent;
    planted = f;
    sets_aside = aside;
    rounds = aside ? 1 : 2;
    bool passed = rl::simulate<model>(params);
    std::printf("%s: %s after %lu interleavings\n", name, rl::test_result_str(params.test_result),
                (unsigned long)params.stop_iteration);
    return passed == right;
}

int main() {
    bool ok = check("stock", NONE, false, true);
    ok = check("set aside", NONE, true, true) && ok;
    ok = check("without a lock", NO_LOCK, false, false) && ok;
    ok = check("one side locks", ONE_SIDE_LOCKS, false, false) && ok;
    ok = check("kept and given away", KEPT_AND_GIVEN, false, false) && ok;
    return ok ? 0 : 1;
}
