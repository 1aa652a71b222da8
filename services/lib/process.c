/* SPDX-License-Identifier: BSD-2-Clause */
/* From the first instruction to main: what the C library wants to find on a Linux process's stack.
 */
#include <elf.h>
#include <stddef.h>

#include "grants.h"
#include "init.ipc.h"
#include "runtime.h"

_Noreturn static void exit_service(int status);

__attribute__((weak)) struct start_places start_places = {
    .page = (const struct start_page *)START_PAGE,
    .buffers = (struct message_buffer *)START_BUFFER,
    .log = (void *)START_LOG,
    .exit = exit_service,
};

/* Every thread begins with the first buffer's address; svc_thread.c gives later ones theirs. */
_Thread_local struct message_buffer *ipc_thread_buffer = (struct message_buffer *)START_BUFFER;

extern const Elf64_Ehdr __ehdr_start;

int main(int argc, char **argv);
int __libc_start_main(int (*start)(int, char **, char **), int argc, char **argv,
		      void (*init)(void), void (*fini)(void), void (*loader)(void));
_Noreturn void start_main(uint64_t argument);

static int call_main(int argc, char **argv, char **environment)
{
	(void)environment;
	return main(argc, argv);
}

_Noreturn static void exit_service(int status)
{
	struct exit_request request = {.status = status};
	struct init_reply reply;

	(void)init_exit_call(START_SLOT_INIT, &request, &reply);
	for (;;)
		(void)thread_stop(START_SLOT_THREAD);
}

_Noreturn void process_exit(int status)
{
	start_places.exit(status);
	for (;;)
		sys_yield();
}

/*
 * The words a process's stack begins with: argument count, arguments, environment, auxiliary
 * vector. The library finds its thread-local data through the program headers, and its page size
 * here.
 */
struct first_words {
	char *name, *end_of_arguments, *end_of_environment;
	struct {
		uint64_t type, value;
	} auxiliary[8];
};

_Noreturn void start_main(uint64_t argument)
{
	static struct first_words words;
	static uint64_t random[2];
	static char name[32] = "init";
	const struct start_page *page = start_places.page;
	const uint8_t *image = (const uint8_t *)&__ehdr_start;

	(void)argument;
	if (page && page->magic == START_MAGIC) {
		for (size_t i = 0; i < sizeof(name) - 1; i++)
			name[i] = page->name[i];
		heap_init((void *)START_HEAP, page->heap_bytes);
	}
	/* For the stack guard and the allocator's check words: different at each start, not secret.
	 */
	random[0] = sys_counter() * 0x9e3779b97f4a7c15ull;
	random[1] = (random[0] ^ random[0] >> 29) * 0xbf58476d1ce4e5b9ull;
	words.name = name;
	words.auxiliary[0].type = AT_PAGESZ;
	words.auxiliary[0].value = 4096;
	words.auxiliary[1].type = AT_PHDR;
	words.auxiliary[1].value = (uint64_t)(uintptr_t)(image + __ehdr_start.e_phoff);
	words.auxiliary[2].type = AT_PHENT;
	words.auxiliary[2].value = __ehdr_start.e_phentsize;
	words.auxiliary[3].type = AT_PHNUM;
	words.auxiliary[3].value = __ehdr_start.e_phnum;
	words.auxiliary[4].type = AT_RANDOM;
	words.auxiliary[4].value = (uint64_t)(uintptr_t)random;
	words.auxiliary[5].type = AT_NULL;
	log_attach(start_places.log);
	__libc_start_main(call_main, 1, &words.name, NULL, NULL, NULL);
	process_exit(127);
}
