/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/arch/aarch64/emulate.h"

#include "exit.skerry.h"
#include "services/vmm/arch/aarch64/decode.h"
#include "services/vmm/arch/aarch64/walk.h"

#define PSR_MODE 0xfull
#define PSR_SPSEL 0x1ull
#define PSR_AARCH32 (1ull << 4)
#define PSR_PAN (1ull << 22)
#define PSR_UAO (1ull << 23)
#define PAGE 0x1000ull

static bool is_el0(const struct vcpu_general *g)
{
	return (g->psr & PSR_MODE) == 0;
}

static bool read_entry(void *host, uint64_t address, uint64_t *entry)
{
	const struct emulate_host *h = host;

	return h->read(h->host, address, entry, sizeof(*entry));
}

static bool fetch(const struct emulate_host *h, const struct vcpu_general *g, const struct walk *w,
		  struct decoded *d)
{
	uint64_t address;
	uint32_t instruction;

	return g->pc % 4 == 0 && walk_translate(w, g->pc, WALK_FETCH, &address) &&
	       h->read(h->host, address, &instruction, sizeof(instruction)) &&
	       decode_access(instruction, d);
}

static uint64_t *base_register(struct vcpu_general *g, struct vcpu_system_group *s, uint8_t n)
{
	if (n != DECODE_ZERO_OR_SP)
		return &g->x[n];
	return g->psr & PSR_SPSEL ? &s->sp_el1 : &g->sp_el0;
}

static uint64_t value_of(const struct vcpu_general *g, uint8_t n)
{
	return n == DECODE_ZERO_OR_SP ? 0 : g->x[n];
}

/* All of them, before the first is done. */
static bool translate(const struct walk *w, const struct decoded *d, uint64_t at,
		      uint64_t address[2])
{
	for (unsigned int i = 0; i < d->count; i++) {
		const uint64_t virtual = at + i * d->width;

		if (virtual % PAGE + d->width > PAGE ||
		    !walk_translate(w, virtual, d->write ? WALK_WRITE : WALK_READ, &address[i]))
			return false;
	}
	return true;
}

uint32_t emulate(const struct emulate_host *h, struct vcpu_general *g, struct vcpu_system_group *s,
		 uint64_t virtual)
{
	struct walk w = {.sctlr = s->sctlr,
			 .tcr = s->tcr,
			 .ttbr0 = s->ttbr0,
			 .ttbr1 = s->ttbr1,
			 .el0 = is_el0(g),
			 .pan = g->psr & PSR_PAN,
			 .read = read_entry,
			 .host = (void *)(uintptr_t)h};
	uint64_t address[2], value[2], *base, at, moved;
	uint32_t action = EXIT_ACTION_ADVANCE;
	struct decoded d;

	if (g->psr & PSR_AARCH32 || !fetch(h, g, &w, &d))
		return EXIT_ACTION_ABORT;
	base = base_register(g, s, d.rn);
	moved = *base + decode_offset(&d, value_of(g, d.rm));
	at = d.index == DECODE_POST ? *base : moved;
	w.el0 = w.el0 || (d.unprivileged && !(g->psr & PSR_UAO));
	if (virtual - at >= (uint64_t)d.count * d.width || !translate(&w, &d, at, address))
		return EXIT_ACTION_ABORT;
	for (unsigned int i = 0; i < d.count && action == EXIT_ACTION_ADVANCE; i++) {
		value[i] = d.write ? value_of(g, d.rt[i]) & (~0ull >> (64 - 8 * d.width)) : 0;
		action = h->access(h->host, i, address[i], d.width, d.write, &value[i]);
		if (i > 0 && action != EXIT_ACTION_ADVANCE)
			return EXIT_ACTION_ABORT; /* the first must not be done again */
	}
	if (action != EXIT_ACTION_ADVANCE)
		return action;
	if (d.index != DECODE_OFFSET)
		*base = moved;
	for (unsigned int i = 0; i < d.count && !d.write; i++)
		if (d.rt[i] != DECODE_ZERO_OR_SP)
			g->x[d.rt[i]] = decode_extended(&d, value[i]);
	return EXIT_ACTION_ADVANCE;
}
