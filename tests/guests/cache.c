/* SPDX-License-Identifier: BSD-2-Clause */
/* Cache and TLB maintenance, and turning translation and caches on and off, as a kernel does. */
#include "guest.h"

#define SCTLR_M 1ull
#define SCTLR_C 4ull
#define SCTLR_I 0x1000ull
#define NORMAL_BLOCK 0x705ull /* block, attribute 1, inner shareable, accessed */
#define MEMORY 0x80000000ull

#define SCTLR_DZE (1ull << 14)
#define SCTLR_UCT (1ull << 15)
#define SCTLR_UCI (1ull << 26)
#define BLOCK_EL0 (1ull << 6)
#define EL0T 0x3c0ull
#define CLASS(syndrome) ((syndrome) >> 26)
#define CLASS_TRAPPED 0x18u

static uint64_t page[512] __attribute__((aligned(4096)));

/* Every set and way of every level, as boot code of old does. */
#define BY_SET_AND_WAY(operation)                                                               \
	do {                                                                                    \
		for (uint64_t level = 0; level < 3; level++)                                    \
			for (uint64_t way = 0; way < 4; way++)                                  \
				for (uint64_t set = 0; set < 64; set++)                         \
					__asm__ volatile("dc " operation ", %0" ::"r"(          \
							     way << 30 | set << 6 | level << 1) \
							 : "memory");                           \
		__asm__ volatile("dsb sy" ::: "memory");                                        \
	} while (0)

#define BY_ADDRESS(operation) __asm__ volatile(operation ", %0" ::"r"(page) : "memory")

static void fill(uint64_t value)
{
	for (uint32_t i = 0; i < 512; i++)
		page[i] = value + i;
}

static bool filled(uint64_t value)
{
	bool good = true;

	for (uint32_t i = 0; i < 512; i++)
		good &= *(volatile uint64_t *)&page[i] == value + i;
	return good;
}

static void test_sets(void)
{
	trap_expect();
	BY_SET_AND_WAY("csw");
	BY_SET_AND_WAY("cisw");
	BY_SET_AND_WAY("isw");
	CHECK_NO_TRAP();
	fill(0x1234);
	BY_SET_AND_WAY("isw");
	CHECK(filled(0x1234));
}

static void test_addresses(uint64_t seed)
{
	fill(seed);
	trap_expect();
	BY_ADDRESS("dc cvac");
	BY_ADDRESS("dc cvau");
	BY_ADDRESS("dc civac");
	BY_ADDRESS("dc ivac");
	BY_ADDRESS("ic ivau");
	__asm__ volatile("ic iallu\n\tic ialluis\n\tdsb sy\n\tisb" ::: "memory");
	CHECK_NO_TRAP();
	CHECK(filled(seed));
}

static void test_zero(void)
{
	uint64_t bytes = 4ull << (READ_REGISTER(dczid_el0) & 0xf);

	test("DC ZVA zeroes its block and nothing else");
	if (READ_REGISTER(dczid_el0) & 0x10)
		return;
	fill(1);
	BY_ADDRESS("dc zva");
	for (uint32_t i = 0; i < 512; i++)
		CHECK_EQUAL(page[i], i < bytes / 8 ? 0 : 1 + i);
}

/* One operation each, x0 the address: DC CVAU, CVAC, CIVAC, IC IVAU; then ZVA, CTR_EL0, IVAC. */
extern const char user_operations[];
__asm__(
    ".balign 4\n"
    "user_operations: dc cvau, x0\n\tsvc #0\n\tdc cvac, x0\n\tsvc #0\n\tdc civac, x0\n\tsvc #0\n\t"
    "ic ivau, x0\n\tsvc #0\n\tdc zva, x0\n\tsvc #0\n\tmrs x0, ctr_el0\n\tsvc #0\n\tdc ivac, "
    "x0\n\tsvc #0\n");

static uint64_t user(uint32_t operation)
{
	const uint64_t alias = ((uint64_t)MMU_FREE << 30) - MEMORY;

	trap_expect();
	return el0_run((uint64_t)user_operations + operation * 8 + alias, EL0T,
		       (uint64_t)page + alias);
}

static void check_trapped(uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		(void)user(i);
		CHECK_EQUAL(trap_last.count, 1);
		CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_TRAPPED);
	}
}

static void test_user(void)
{
	const uint64_t sctlr = READ_REGISTER(sctlr_el1) & ~(SCTLR_DZE | SCTLR_UCT | SCTLR_UCI);

	mmu_entry(MMU_FREE, MEMORY | NORMAL_BLOCK | BLOCK_EL0);
	fill(0x77);
	test("EL0 without SCTLR_EL1.UCI, DZE, UCT: EL1 is told of each");
	WRITE_REGISTER(sctlr_el1, sctlr);
	check_trapped(0, 6);
	test("with UCI: operations to the points of unification and coherency");
	WRITE_REGISTER(sctlr_el1, sctlr | SCTLR_UCI);
	for (uint32_t i = 0; i < 4; i++) {
		(void)user(i);
		CHECK_NO_TRAP();
	}
	CHECK(filled(0x77));
	check_trapped(4, 6);
	test("with DZE and UCT: DC ZVA and CTR_EL0");
	WRITE_REGISTER(sctlr_el1, sctlr | SCTLR_DZE | SCTLR_UCT);
	if (!(READ_REGISTER(dczid_el0) & 0x10)) {
		(void)user(4);
		CHECK_NO_TRAP();
		CHECK_EQUAL(page[0], 0);
	}
	CHECK_EQUAL(user(5), READ_REGISTER(ctr_el0));
	CHECK_NO_TRAP();
	check_trapped(0, 4);
	test("DC IVAC is never EL0's");
	WRITE_REGISTER(sctlr_el1, sctlr | SCTLR_DZE | SCTLR_UCT | SCTLR_UCI);
	(void)user(6);
	CHECK_EQUAL(trap_last.count, 1);
	WRITE_REGISTER(sctlr_el1, sctlr);
	mmu_entry(MMU_FREE, 0);
}

static void test_sizes(void)
{
	uint64_t ctr = READ_REGISTER(ctr_el0), zero = READ_REGISTER(dczid_el0);

	test("line sizes are told, and some that there are");
	CHECK((ctr >> 31 & 1) == 1);
	CHECK((ctr & 0xf) <= 9 && (ctr >> 16 & 0xf) <= 9);
	CHECK((zero & 0xf) <= 9);
	test("each cache that CLIDR_EL1 names can be asked for its size");
	trap_expect();
	for (uint64_t level = 0; (READ_REGISTER(clidr_el1) >> 3 * level & 7) != 0; level++) {
		WRITE_REGISTER(csselr_el1, level << 1);
		CHECK_EQUAL(READ_REGISTER(csselr_el1), level << 1);
		(void)READ_REGISTER(ccsidr_el1);
	}
	CHECK_NO_TRAP();
}

static void test_registers_before(void)
{
	test("translation registers keep what is written, translation off");
	WRITE_REGISTER(ttbr0_el1, 0x80123000);
	WRITE_REGISTER(ttbr1_el1, 0x80456000);
	WRITE_REGISTER(mair_el1, 0x00ff44040c08ffbb);
	WRITE_REGISTER(contextidr_el1, 0x1234567);
	WRITE_REGISTER(afsr0_el1, 0);
	WRITE_REGISTER(far_el1, 0x1122334455667788);
	WRITE_REGISTER(esr_el1, 0x96000010);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(READ_REGISTER(ttbr0_el1), 0x80123000);
	CHECK_EQUAL(READ_REGISTER(ttbr1_el1), 0x80456000);
	CHECK_EQUAL(READ_REGISTER(mair_el1), 0x00ff44040c08ffbb);
	CHECK_EQUAL(READ_REGISTER(contextidr_el1), 0x1234567);
	CHECK_EQUAL(READ_REGISTER(far_el1), 0x1122334455667788);
	CHECK_EQUAL(READ_REGISTER(esr_el1), 0x96000010);
}

static void test_translation(void)
{
	static uint64_t word, pair[2];
	uint64_t value;
	uint32_t failed;

	test("translation and caches go on, and memory is what it was");
	fill(0x55);
	mmu_on();
	CHECK_EQUAL(READ_REGISTER(sctlr_el1) & (SCTLR_M | SCTLR_C | SCTLR_I),
		    SCTLR_M | SCTLR_C | SCTLR_I);
	CHECK(filled(0x55));
	test("exclusives and unaligned accesses work on memory");
	__asm__ volatile("1: ldxr %0, [%2]\n\tadd %0, %0, #1\n\tstxr %w1, %0, [%2]\n\tcbnz %w1, 1b"
			 : "=&r"(value), "=&r"(failed)
			 : "r"(&word)
			 : "memory");
	CHECK_EQUAL(*(volatile uint64_t *)&word, 1);
	pair[0] = 0x1122334455667788;
	pair[1] = 0x99aabbccddeeff00;
	CHECK_EQUAL(read64((uint64_t)pair + 3), 0xeeff001122334455);
	test("a device is still the device");
	CHECK_EQUAL(read32(UART + 0xfe0), 0x11);
}

static void test_remap(void)
{
	const uint64_t at = (uint64_t)MMU_FREE << 30, offset = (uint64_t)page - MEMORY;

	test("a page mapped twice is one page; unmapped, it faults in the guest alone");
	mmu_entry(MMU_FREE, MEMORY | NORMAL_BLOCK);
	fill(0x99);
	CHECK_EQUAL(read64(at + offset + 8), 0x9a);
	write64(at + offset + 8, 77);
	CHECK_EQUAL(*(volatile uint64_t *)&page[1], 77);
	mmu_entry(MMU_FREE, 0);
	trap_expect();
	(void)read64(at + offset);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome >> 26, 0x25);
	CHECK_EQUAL(trap_last.syndrome & 0x3c, 0x04); /* translation fault of stage 1 */
	CHECK_EQUAL(trap_last.address, at + offset);
	test("the address translation instruction answers");
	__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(page));
	CHECK_EQUAL(READ_REGISTER(par_el1) & 0x0000fffffffff001, (uint64_t)page);
	__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(at));
	CHECK_EQUAL(READ_REGISTER(par_el1) & 1, 1);
}

static void test_code(void)
{
	typedef uint64_t function(void);
	uint32_t *code = (uint32_t *)page;

	test("code that is written, cleaned and called is the new code");
	for (uint32_t i = 1; i <= 20; i++) {
		code[0] = 0xd2800000 | i << 5; /* mov x0, #i */
		code[1] = 0xd65f03c0;	       /* ret */
		__asm__ volatile(
		    "dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(page)
		    : "memory");
		CHECK_EQUAL(((function *)(uint64_t)page)(), i);
	}
}

static void test_off(void)
{
	test("translation and caches go off and on again");
	for (int i = 0; i < 20; i++) {
		fill((uint64_t)i);
		for (uint64_t at = (uint64_t)page; at < (uint64_t)page + sizeof(page); at += 64)
			__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
		WRITE_REGISTER(sctlr_el1, READ_REGISTER(sctlr_el1) & ~(SCTLR_M | SCTLR_C));
		CHECK(filled((uint64_t)i));
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
		mmu_on();
		CHECK(filled((uint64_t)i));
	}
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("operations by set and way do no harm, translation off");
	test_sets();
	test("operations by address, translation off");
	test_addresses(0x1000);
	test_registers_before();
	test_translation();
	test("operations by address, translation on");
	test_addresses(0x2000);
	test("operations by set and way do no harm, translation on");
	test_sets();
	test_zero();
	test_sizes();
	test_user();
	test_remap();
	test_code();
	test_off();
}
