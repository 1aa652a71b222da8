/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QEMU plugin that counts instructions by who executes them: the kernel, services, guests.
 *
 * A plugin of QEMU 7.2 reads no registers, so whose an instruction is follows from where it lies,
 * when its block is translated. QEMU never runs one translation for two of them: its key is the
 * physical page, the virtual address and the CPU's state.
 *
 *   kernel    by physical address: its text, mapped for nobody else; until the first service runs
 * also its boot part, which becomes ordinary memory then. It runs where virtual = physical. service
 * by virtual address: the range where services are linked and have nothing else to run guest all
 * else
 *
 * The rule for services would be wrong for a guest's program at such an address. So two things are
 * checked, and end QEMU: nobody but the kernel stands between a guest and a service (a guest's
 * kernel starts its own programs without ours), and no physical page is executed by two owners
 * (guests and services share no code).
 *
 * The physical address comes from QEMU's own address of the instruction. RAM is one piece there,
 * and the first instruction of all runs in RAM with the MMU off, which gives the distance.
 *
 * Counting: an addition before each instruction, to `running`. Under icount all vCPUs run in one
 * host thread by turns, so `running` belongs to the vCPU whose block runs, and goes to its own
 * counts when another vCPU's block does. The instruction that takes an exception is counted when it
 * is tried. Idle time is no instruction.
 *
 * Time is cut in three: until the kernel's first instruction, until a guest's first, and from there
 * on. The last ends (`mark`) when the words of `marker` have come out of the serial port: QEMU
 * writes its file within the store of the driver, and after each store of a service to a device the
 * file is looked at.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu_plugin.h"

#define PAGE 4096u
#define CODES (PAGE / 4)
#define VCPUS 8u
#define NOWHERE (~0ull) /* not in RAM */

enum owner { FIRMWARE, KERNEL, SERVICE, GUEST, OWNERS };
enum phase { BEFORE, BOOT, RUN, PHASES };

static const char *const owner_names[OWNERS] = {"firmware", "kernel", "service", "guest"};
static const char *const phase_names[PHASES] = {"before", "boot", "run"};

/* Executions of each instruction of a physical page: what the profile is made from. */
struct page {
	uint64_t virtual;
	uint64_t count[CODES];
	uint32_t code[CODES];
};

struct range {
	uint64_t start, end;
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct range ram, text, boot, services;
static const char *marker, *out_path;
static int serial = -1;

static const enum owner owners[OWNERS] = {FIRMWARE, KERNEL, SERVICE, GUEST};
static const uint8_t *ram_host; /* where QEMU has the first byte of RAM */
static uint8_t *page_owners;	/* 1 + owner of each page of RAM that was executed */
static struct page **pages;
static uint64_t page_count;

static enum phase phase;
static bool service_ran, marked;
static uint64_t running[OWNERS];
static unsigned active; /* vCPU that `running` belongs to */
static uint64_t counts[PHASES][VCPUS][OWNERS];
static enum owner last[VCPUS];
static uint64_t changes[OWNERS][OWNERS]; /* since a guest's first instruction */

static _Noreturn void fail(const char *what, uint64_t address)
{
	fprintf(stderr, "owners: %s, at 0x%" PRIx64 "\n", what, address);
	fflush(stderr);
	_Exit(3);
}

static bool within(const struct range *r, uint64_t address)
{
	return address >= r->start && address < r->end;
}

/* ---- Counts ---- */

static void collect(void)
{
	for (unsigned i = 0; i < OWNERS; i++) {
		counts[phase][active][i] += running[i];
		running[i] = 0;
	}
}

static void profile_write(FILE *f, uint64_t number)
{
	const struct page *p = pages[number];

	if (p == 0)
		return;
	for (uint64_t i = 0; i < CODES; i++)
		if (p->count[i] != 0)
			fprintf(f, "code %s %" PRIx64 " %" PRIx64 " %08x %" PRIu64 "\n",
				owner_names[page_owners[number] - 1], number, p->virtual + i * 4,
				p->code[i], p->count[i]);
}

/* `mark` at the marker, with the profile up to there; `end` with all that was executed. */
static void report(const char *when, bool profile)
{
	FILE *f = fopen(out_path, "ae");

	collect();
	if (f == 0)
		fail("the output cannot be written", 0);
	for (unsigned p = 0; p < PHASES; p++)
		for (unsigned v = 0; v < VCPUS; v++)
			for (unsigned o = 0; o < OWNERS; o++)
				if (counts[p][v][o] != 0)
					fprintf(f, "%s %s %u %s %" PRIu64 "\n", when,
						phase_names[p], v, owner_names[o], counts[p][v][o]);
	for (unsigned from = 0; from < OWNERS; from++)
		for (unsigned to = 0; to < OWNERS; to++)
			if (changes[from][to] != 0)
				fprintf(f, "%s-change %s %s %" PRIu64 "\n", when, owner_names[from],
					owner_names[to], changes[from][to]);
	for (uint64_t i = 0; profile && i < page_count; i++)
		profile_write(f, i);
	fclose(f);
}

/* ---- Who runs ---- */

static void next_phase(void)
{
	collect();
	phase++;
	for (uint64_t i = 0; i < page_count; i++)
		if (pages[i] != 0)
			memset(pages[i]->count, 0, sizeof(pages[i]->count));
}

static void owner_changed(unsigned vcpu, enum owner owner)
{
	enum owner from = last[vcpu];

	last[vcpu] = owner;
	if (phase == BEFORE && owner == KERNEL)
		next_phase();
	if (phase == BOOT && owner == GUEST)
		next_phase();
	service_ran |= owner == SERVICE;
	if (owner == GUEST && from == SERVICE)
		fail("a guest right after a service", vcpu);
	if (owner == SERVICE && from == GUEST)
		fail("a service right after a guest", vcpu);
	if (phase == RUN)
		changes[from][owner]++;
}

static void block_runs(unsigned vcpu, void *data)
{
	enum owner owner = *(const enum owner *)data;

	if (vcpu != active) {
		if (vcpu >= VCPUS)
			fail("more vCPUs than this plugin knows", vcpu);
		collect();
		active = vcpu;
	}
	if (owner != last[vcpu])
		owner_changed(vcpu, owner);
}

/* ---- The serial port's output ---- */

static void serial_look(void)
{
	static char window[64]; /* the last strlen(marker) characters */
	size_t length = strlen(marker);
	char c;

	while (!marked && read(serial, &c, 1) == 1) {
		memmove(window, window + 1, length - 1);
		window[length - 1] = c;
		if (phase == RUN && memcmp(window, marker, length) == 0) {
			marked = true;
			report("mark", true);
		}
	}
}

static void service_stored(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
	(void)vcpu;
	(void)data;
	const struct qemu_plugin_hwaddr *to = marked ? 0 : qemu_plugin_get_hwaddr(info, vaddr);

	if (to != 0 && qemu_plugin_hwaddr_is_io(to))
		serial_look();
}

/* ---- Whose a block is ---- */

static uint64_t physical(const struct qemu_plugin_insn *insn)
{
	const uint8_t *host = qemu_plugin_insn_haddr(insn);
	uint64_t vaddr = qemu_plugin_insn_vaddr(insn);

	if (ram_host == 0) {
		if (host == 0 || !within(&ram, vaddr))
			fail("the first instruction is not in RAM", vaddr);
		ram_host = host - (vaddr - ram.start);
	}
	if (host < ram_host || host >= ram_host + (ram.end - ram.start))
		return NOWHERE;
	return ram.start + (uint64_t)(host - ram_host);
}

static enum owner owner_of(uint64_t vaddr, uint64_t address)
{
	if (within(&text, address) || (!service_ran && within(&boot, address))) {
		if (vaddr != address)
			fail("the kernel's code where it is not linked", vaddr);
		return KERNEL;
	}
	if (phase == BEFORE)
		return FIRMWARE;
	return within(&services, vaddr) ? SERVICE : GUEST;
}

/* Memory of the boot part and of what ran before the kernel is given to others afterwards. */
static void page_check(uint64_t address, uint64_t vaddr, enum owner owner)
{
	uint8_t *had;

	if (address == NOWHERE)
		fail("code outside RAM", vaddr);
	had = &page_owners[(address - ram.start) / PAGE];
	if (*had != 0 && *had != 1 + owner && *had != 1 + FIRMWARE &&
	    !(*had == 1 + KERNEL && within(&boot, address)))
		fail("a page of two owners", vaddr);
	*had = (uint8_t)(1 + owner);
}

static void *instruction_count(uint64_t address, uint64_t vaddr, uint32_t code)
{
	uint64_t number = (address - ram.start) / PAGE, i = address % PAGE / 4;
	struct page *p = pages[number];

	if (p == 0) {
		p = calloc(1, sizeof(*p));
		if (p == 0)
			fail("no memory", address);
		pages[number] = p;
	}
	p->virtual = vaddr - address % PAGE;
	p->code[i] = code;
	return &p->count[i];
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	const struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(tb, 0);
	enum owner owner = owner_of(qemu_plugin_insn_vaddr(first), physical(first));

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, QEMU_PLUGIN_CB_NO_REGS,
					     (void *)&owners[owner]);
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t vaddr = qemu_plugin_insn_vaddr(insn), address = physical(insn);
		uint32_t code;

		page_check(address, vaddr, owner);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &running[owner], 1);
		if (owner == GUEST)
			continue;
		memcpy(&code, qemu_plugin_insn_haddr(insn), sizeof(code));
		qemu_plugin_register_vcpu_insn_exec_inline(
		    insn, QEMU_PLUGIN_INLINE_ADD_U64, instruction_count(address, vaddr, code), 1);
		if (owner == SERVICE)
			qemu_plugin_register_vcpu_mem_cb(
			    insn, service_stored, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, 0);
	}
}

/* ---- Start and end ---- */

static void exits(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	report("end", false);
}

static void range_set(struct range *r, const char *text_of)
{
	char *rest;

	r->start = strtoull(text_of, &rest, 16);
	r->end = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;
	if (r->start >= r->end || *rest != 0)
		fail("a range is START-END", r->start);
}

static void argument(char *text_of)
{
	static const struct {
		const char *name;
		struct range *range;
	} ranges[] = {{"ram", &ram}, {"text", &text}, {"boot", &boot}, {"services", &services}};
	char *value = strchr(text_of, '=');

	if (value == 0)
		fail("an argument is NAME=VALUE", 0);
	*value++ = 0;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (strcmp(text_of, ranges[i].name) == 0)
			range_set(ranges[i].range, value);
	if (strcmp(text_of, "marker") == 0)
		marker = strdup(value);
	if (strcmp(text_of, "out") == 0)
		out_path = strdup(value);
	if (strcmp(text_of, "serial") == 0)
		serial = open(value, O_RDONLY | O_CLOEXEC);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
					   int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		argument(argv[i]);
	if (ram.end == 0 || text.end == 0 || boot.end == 0 || services.end == 0 || out_path == 0 ||
	    marker == 0 || *marker == 0 || strlen(marker) > 64 || serial < 0) {
		fprintf(stderr, "owners: ram, text, boot, services, serial, marker and out are "
				"all needed\n");
		return 1;
	}
	page_count = (ram.end - ram.start) / PAGE;
	page_owners = calloc(page_count, sizeof(*page_owners));
	pages = calloc(page_count, sizeof(struct page *));
	if (page_owners == 0 || pages == 0)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	qemu_plugin_register_atexit_cb(id, exits, 0);
	return 0;
}
