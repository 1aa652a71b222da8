// SPDX-License-Identifier: BSD-2-Clause
/*
 * A QEMU plugin that writes down one turn of a loop, instruction by instruction: from one execution
 * of the instruction `word` at the virtual address `at` to the next, all that runs between, whoever
 * it belongs to. The loop's first `skip` turns do not count; then the first that is like the SAME
 * before it is written, as lines `ADDRESS WORD`. One core.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

#define SAME 32u
#define MOST 16384u /* instructions of a turn; longer ones are none */

struct instruction {
	uint64_t address;
	uint32_t word;
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct instruction first;
static uint64_t skip;
static const char *out_path;

static const struct instruction *turn[MOST];
static size_t length, length_before;
static unsigned same;
static bool written;

static void turn_write(void)
{
	FILE *f = fopen(out_path, "we");

	if (f == 0) {
		fprintf(stderr, "rounds: %s cannot be written\n", out_path);
		_Exit(3);
	}
	for (size_t i = 0; i < length; i++)
		fprintf(f, "%" PRIx64 " %08x\n", turn[i]->address, turn[i]->word);
	fclose(f);
	written = true;
}

static void turn_ends(void)
{
	if (skip != 0) {
		skip--;
	} else if (length != 0 && length == length_before) {
		if (++same == SAME)
			turn_write();
	} else {
		same = 0;
	}
	length_before = length;
	length = 0;
}

static void runs(unsigned vcpu, void *data)
{
	const struct instruction *i = data;

	(void)vcpu;
	if (written)
		return;
	if (i->address == first.address && i->word == first.word)
		turn_ends();
	if (length < MOST)
		turn[length++] = i;
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);
		const void *host = qemu_plugin_insn_haddr(insn);
		struct instruction *i = calloc(1, sizeof(*i)); /* as long as QEMU runs */

		if (i == 0)
			_Exit(3);
		i->address = qemu_plugin_insn_vaddr(insn);
		if (host != 0)
			memcpy(&i->word, host, sizeof(i->word));
		qemu_plugin_register_vcpu_insn_exec_cb(insn, runs, QEMU_PLUGIN_CB_NO_REGS, i);
	}
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
					   int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "at=", 3) == 0)
			first.address = strtoull(argv[i] + 3, 0, 16);
		else if (strncmp(argv[i], "word=", 5) == 0)
			first.word = (uint32_t)strtoul(argv[i] + 5, 0, 16);
		else if (strncmp(argv[i], "skip=", 5) == 0)
			skip = strtoull(argv[i] + 5, 0, 10);
		else if (strncmp(argv[i], "out=", 4) == 0)
			out_path = strdup(argv[i] + 4);
	}
	if (first.address == 0 || out_path == 0) {
		fprintf(stderr, "rounds: at, word and out are needed\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	return 0;
}
