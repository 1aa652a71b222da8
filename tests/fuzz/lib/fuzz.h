/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is fuzzed. A target is one file, tests/fuzz/fuzz_NAME.c:
 *
 *     FUZZ(2000, 1024)                     cases in make test, bytes of an input at most
 *     {
 *             while (fuzz_more())
 *                     do_something(test_random() % 3);
 *     }
 *
 * An input is a list of decisions: test_random() takes two bytes of it. So any bytes are a legal
 * input, and who mutates them changes what the target does. Checks are those of test.h; one that
 * fails ends the program. The file is linked with fuzz_driver.c (fixed seeds, corpus, one input)
 * and with libFuzzer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "test.h"

struct fuzz_target {
	unsigned cases;
	size_t most;
};
extern const struct fuzz_target fuzz_target;

#define FUZZ(cases, most)                                             \
	const struct fuzz_target fuzz_target = {cases, most};         \
	static void fuzz_body(void);                                  \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)  \
	{                                                             \
		fuzz_begin(data, size);                               \
		fuzz_body();                                          \
		test_clean();                                         \
		return 0;                                             \
	}                                                             \
	static void fuzz_body(void)

void fuzz_begin(const uint8_t *data, size_t size);
/* Decisions are left. Behind the end test_random() goes on with what follows from the last ones. */
bool fuzz_more(void);
/* All that is left, up to `most` bytes, as it is; for what takes bytes. Returns how many. */
size_t fuzz_bytes(uint8_t *to, size_t most);
/*
 * Edits `size` bytes of a file or message, which has room for `most`: changes, cuts, copies. Often
 * nothing. Returns the new size.
 */
size_t fuzz_edit(uint8_t *bytes, size_t size, size_t most);

bool once_in(unsigned n);
uint64_t fuzz_pick(const uint64_t *values, size_t count);
#define PICK(...)                                  \
	fuzz_pick((const uint64_t[]){__VA_ARGS__}, \
		  sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/*
 * A place that inputs must come to: REACH(sent) at file scope, reached(sent) there. The driver
 * fails when none of its cases did, so a generator that no longer gets anywhere is seen.
 */
struct fuzz_reach {
	const char *name;
	uint64_t times;
	struct fuzz_reach *next;
};
extern struct fuzz_reach *fuzz_reaches;
#define REACH(name)                                                    \
	static struct fuzz_reach reach_##name = {#name, 0, NULL};      \
	__attribute__((constructor)) static void register_##name(void) \
	{                                                              \
		reach_##name.next = fuzz_reaches;                      \
		fuzz_reaches = &reach_##name;                          \
	}
#define reached(name) ((void)reach_##name.times++)

/* Of the driver, or of libFuzzer's: the program ends, and the input is kept. */
void fuzz_failed(void) __attribute__((noreturn));

#endif
