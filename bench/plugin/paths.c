/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QEMU plugin that finds the kernel's longest path: the most instructions it executes without
 * looking whether an interrupt is pending. A path begins where the kernel does after somebody else,
 * or behind such a look (a read of ISR_EL1) or a sleep (WFI); it ends at the next of these. What
 * comes before the first service runs is the boot, and not counted.
 *
 * The kernel's text is at its physical addresses and nobody else's; as in owners.c, QEMU's own
 * address of an instruction tells it from what others have at the same virtual one. One core.
 *
 * At the end: `path N` with the longest, and `block ADDRESS N` for each of its blocks, in order of
 * their first run, so that one can see where.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

#define READ_ISR 0xd538c100u /* mrs x0, isr_el1 */
#define WFI 0xd503207fu
#define REGISTER 0x1fu
#define BLOCKS 512u /* different ones of one path; more are not named */

enum owner { OTHER, SERVICE, KERNEL, OWNERS };

struct range {
	uint64_t start, end;
};

struct path {
	uint64_t length;
	unsigned blocks;
	struct {
		uint64_t address, runs;
	} block[BLOCKS];
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct range ram, text, services;
static const char *out_path;
static const enum owner owners[OWNERS] = {OTHER, SERVICE, KERNEL};
static const uint8_t *ram_host;
static enum owner last = OTHER;
static bool service_ran;
static struct path path, longest; /* path.length: by QEMU, before each of the kernel's */

static bool within(const struct range *r, uint64_t address)
{
	return address >= r->start && address < r->end;
}

static void path_end(void)
{
	if (service_ran && path.length > longest.length)
		longest = path;
	path.length = 0;
	path.blocks = 0;
}

static void looked(unsigned vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	path_end();
}

static void other_runs(unsigned vcpu, void *data)
{
	(void)vcpu;
	if (last == KERNEL)
		path_end();
	last = *(const enum owner *)data;
	service_ran |= last == SERVICE;
}

static void kernel_runs(unsigned vcpu, void *data)
{
	uint64_t address = (uint64_t)data;

	(void)vcpu;
	last = KERNEL;
	for (unsigned i = 0; i < path.blocks; i++) {
		if (path.block[i].address == address) {
			path.block[i].runs++;
			return;
		}
	}
	if (path.blocks < BLOCKS) {
		path.block[path.blocks].address = address;
		path.block[path.blocks++].runs = 1;
	}
}

static enum owner owner_of(const struct qemu_plugin_insn *insn)
{
	const uint8_t *host = qemu_plugin_insn_haddr(insn);
	uint64_t vaddr = qemu_plugin_insn_vaddr(insn);

	if (ram_host == 0) /* the first of all: the MMU is off */
		ram_host = host - (vaddr - ram.start);
	if (within(&text, vaddr) && host == ram_host + (vaddr - ram.start))
		return KERNEL;
	return within(&services, vaddr) ? SERVICE : OTHER;
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	const struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(tb, 0);
	enum owner owner = owner_of(first);

	(void)id;
	if (owner != KERNEL) {
		qemu_plugin_register_vcpu_tb_exec_cb(tb, other_runs, QEMU_PLUGIN_CB_NO_REGS,
						     (void *)&owners[owner]);
		return;
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, kernel_runs, QEMU_PLUGIN_CB_NO_REGS,
					     (void *)qemu_plugin_insn_vaddr(first));
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t code;

		memcpy(&code, qemu_plugin_insn_haddr(insn), sizeof(code));
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &path.length, 1);
		if ((code & ~REGISTER) == READ_ISR || code == WFI)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, looked, QEMU_PLUGIN_CB_NO_REGS,
							       0);
	}
}

static void exits(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out_path, "we");

	(void)id;
	(void)data;
	if (f == 0) {
		perror("paths: the output cannot be written");
		_Exit(3);
	}
	fprintf(f, "path %" PRIu64 "\n", longest.length);
	for (unsigned i = 0; i < longest.blocks; i++)
		fprintf(f, "block %" PRIx64 " %" PRIu64 "\n", longest.block[i].address,
			longest.block[i].runs);
	fclose(f);
}

static bool range_set(struct range *r, const char *value)
{
	char *rest;

	r->start = strtoull(value, &rest, 16);
	r->end = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;
	return r->start < r->end && *rest == 0;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
					   int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value == 0)
			return 1;
		*value++ = 0;
		if (strcmp(argv[i], "out") == 0)
			out_path = strdup(value);
		else if (!range_set(strcmp(argv[i], "ram") == 0	   ? &ram
				    : strcmp(argv[i], "text") == 0 ? &text
								   : &services,
				    value))
			return 1;
	}
	if (ram.end == 0 || text.end == 0 || services.end == 0 || out_path == 0) {
		fprintf(stderr, "paths: ram, text, services and out are all needed\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	qemu_plugin_register_atexit_cb(id, exits, 0);
	return 0;
}
