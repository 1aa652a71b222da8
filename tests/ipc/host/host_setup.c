/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grants.h"
#include "host.h"
#include "runtime.h"

#define GRANTS 32u
#define CONFIG_BYTES 1024u

static struct {
	struct start_page header;
	struct start_grant grants[GRANTS];
	uint8_t config[CONFIG_BYTES];
} page = {.header = {.magic = START_MAGIC, .version = ABI_VERSION, .free_slot = HOST_FREE_SLOT}};

static struct message_buffer buffer __attribute__((aligned(512)));
struct start_places start_places = {
    .page = &page.header, .buffers = &buffer, .log = NULL, .exit = exit};
_Thread_local struct message_buffer *ipc_thread_buffer = &buffer;

static void *map(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR);
	void *at = MAP_FAILED;

	if (fd >= 0)
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	(void)close(fd);
	return at;
}

static struct start_grant *add(const char *name)
{
	struct start_grant *g = &page.grants[page.header.grant_count];

	if (page.header.grant_count == GRANTS)
		exit(EXIT_FAILURE);
	(void)snprintf(g->name, sizeof(g->name), "%s", name);
	g->slot = START_SLOT_FREE + page.header.grant_count++;
	g->count = 1;
	return g;
}

static void set_config(const char *hex)
{
	uint32_t size = 0;

	for (; size < CONFIG_BYTES && hex[0] && hex[1]; hex += 2) {
		const char digits[3] = {hex[0], hex[1], 0};

		page.config[size++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	page.header.config_offset = (uint32_t)((uint8_t *)page.config - (uint8_t *)&page);
	page.header.config_bytes = size;
}

/* The next word of a line; there must be one. */
static const char *word(char **rest)
{
	const char *w = strsep(rest, " ");

	if (!w)
		exit(EXIT_FAILURE);
	return w;
}

static void set_memory(char *rest)
{
	struct start_grant *g = add(word(&rest));
	const char *path = word(&rest);

	g->size = strtoull(word(&rest), NULL, 10);
	g->order = (uint32_t)strtoul(word(&rest), NULL, 10);
	g->address = (uint64_t)(uintptr_t)map(path, g->size);
	if (!strcmp(g->name, "log"))
		log_attach((void *)(uintptr_t)g->address);
}

static void set_slot(char *rest)
{
	struct start_grant *g = add(word(&rest));

	g->kind = (uint32_t)strtoul(word(&rest), NULL, 10);
	g->badge = strtoull(word(&rest), NULL, 10);
}

void host_setup(const char *path)
{
	char line[2 * CONFIG_BYTES + 16];
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "name ", 5))
			(void)snprintf(page.header.name, sizeof(page.header.name), "%.31s",
				       line + 5);
		else if (!strncmp(line, "config ", 7))
			set_config(line + 7);
		else if (!strncmp(line, "memory ", 7))
			set_memory(line + 7);
		else if (!strncmp(line, "slot ", 5))
			set_slot(line + 5);
	}
	(void)fclose(f);
}
