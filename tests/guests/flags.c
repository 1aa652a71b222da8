/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that cannot be written, memory that cannot be executed, and a region that is a device's.
 */
#include "guest.h"

#define READ_ONLY 0x90000000ull	 /* 0x4000 bytes, flags 5 */
#define NO_EXECUTE 0x90004000ull /* 0x4000 bytes, flags 3 */
#define DEVICE 0x90008000ull	 /* 0x1000 bytes, flags 0x17 */
#define RET 0xd65f03c0u
#define INSTRUCTION_ABORT 0x21u

void guest_main(uint64_t tree)
{
	(void)tree;
	test("memory without write can be read and executed");
	trap_expect();
	CHECK_EQUAL(read64(READ_ONLY), 0);
	CHECK_NO_TRAP();
	test("a write to it is an abort, and changes nothing");
	trap_expect();
	write64(READ_ONLY, 1);
	CHECK_ABORT(READ_ONLY);
	trap_expect();
	write8(READ_ONLY + 0x3fff, 1);
	CHECK_ABORT(READ_ONLY + 0x3fff);
	CHECK_EQUAL(read64(READ_ONLY), 0);
	CHECK_EQUAL(read8(READ_ONLY + 0x3fff), 0);
	test("memory without execute can be read and written");
	trap_expect();
	write32(NO_EXECUTE, RET);
	CHECK_EQUAL(read32(NO_EXECUTE), RET);
	CHECK_NO_TRAP();
	test("a fetch from it is an abort");
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(NO_EXECUTE)
			 : "memory");
	trap_expect();
	((void (*)(void))NO_EXECUTE)();
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome >> 26, INSTRUCTION_ABORT);
	test("a device's region is no memory");
	trap_expect();
	(void)read32(DEVICE);
	CHECK_ABORT(DEVICE);
}
