/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/hypercall.h"

#include "services/lib/log.h"
#include "services/vmm/ivc.h"
#include "services/vmm/machine.h"

static void print_line(struct machine_print *p)
{
	p->text[p->length] = '\0';
	log_line("%s", p->text);
	p->length = 0;
}

/* Characters become lines for each vCPU apart. */
static int64_t print(struct machine_print *p, char c)
{
	if (c != '\n')
		p->text[p->length++] = c;
	if (c == '\n' || p->length == sizeof(p->text) - 1)
		print_line(p);
	return 0;
}

int64_t hypercall(struct machine *m, const struct axvm_exit *exit)
{
	int64_t result = HYPERCALL_FAILED;

	if (exit->nr == HYPERCALL_PRINT)
		return print(&m->prints[exit->vcpu], (char)exit->args[0]);
	if (exit->nr >= HYPERCALL_IVC_FIRST && exit->nr <= HYPERCALL_IVC_LAST)
		ivc_hypercall(m, exit, &result);
	/* The seed has names for 0 to 2, and no hypervisor that can be disabled. */
	return result;
}

void hypercall_print_rest(struct machine *m)
{
	for (uint32_t i = 0; i < m->config->cpu_num; i++) {
		if (m->prints[i].length)
			print_line(&m->prints[i]);
	}
}
