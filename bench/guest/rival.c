/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other VM of vcpu_switch (micro.c), of lower priority. In each round its timer goes off while
 * the first VM runs; so it is ready, with its interrupt pending, when that one goes to sleep, and
 * reads the counter as the second instruction after its own WFI. The first uses FP registers.
 */
#include "micro.h"

void micro_interrupt(uint64_t stamp)
{
	(void)stamp;
	say("rival: unexpected interrupt\n");
}

void micro_unexpected(uint64_t vector, uint64_t syndrome)
{
	say("rival: unexpected exception ");
	say_hex(vector);
	say_hex(syndrome);
	say("\n");
}

void guest_main(uint64_t tree)
{
	uint64_t sum = 0;

	(void)tree;
	WRITE_REGISTER(vbar_el1, (uint64_t)micro_vectors);
	gic_start();
	gic_enable(TIMER_PPI, 0x80);
	use_fp();
	for (uint32_t i = 0; i < SWITCH_ROUNDS; i++) {
		uint64_t round = SWITCH_START + i * SWITCH_PERIOD, end;
		uint32_t id;

		timer_at(round + SWITCH_PERIOD / 4);
		__asm__ volatile(".arch_extension fp\n\twfi\n\tfmov d0, #2.0\n\tmrs %0, cntvct_el0"
				 : "=r"(end)::"memory");
		sum += end - round;
		timer_stop();
		id = (uint32_t)READ_REGISTER(ICC_IAR1);
		WRITE_REGISTER(ICC_EOIR1, id);
		if (id != TIMER_PPI)
			say("rival: another interrupt\n");
	}
	say("bench switch_in ");
	say_number(sum);
	say("\n");
}
