/* program.c - calls two files or, with PLUGINS, two shared objects that use the single header, and
 * expects that they share one pare, or have COPIES=2 of them.
 * SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#ifdef PLUGINS
#include <dlfcn.h>
#endif

struct pare_misuse;
typedef int user(void (*handler)(const struct pare_misuse *));

static void handler(const struct pare_misuse *misuse) { (void)misuse; }

#ifdef PLUGINS
static int call(const char *library, const char *name) {
    void *object = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    if (object == NULL) return puts(dlerror()), -1;
    user *function;
    *(void **)&function = dlsym(object, name);
    return function != NULL ? function(handler) : -1;
}

int main(int argc, char **argv) {
    if (argc != 3) return 1;
    int one = call(argv[1], "user_one");
    int two = call(argv[2], "user_two");
#else
user user_one, user_two;

int main(void) {
    int one = user_one(handler);
    int two = user_two(handler);
#endif
    printf("one %d, two %d\n", one, two);
    return one == 1 && two == COPIES - 1 ? 0 : 1;
}
