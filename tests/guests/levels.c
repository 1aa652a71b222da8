/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device's interrupt line. The UART in loopback makes it: the receive timeout is pending while a
 * character is in the FIFO, the mask opens and closes the line.
 */
#include "guest.h"

#define UARTDR (UART + 0x00)
#define UARTFR (UART + 0x18)
#define UARTLCRH (UART + 0x2c)
#define UARTCR (UART + 0x30)
#define UARTIMSC (UART + 0x38)
#define UARTRIS (UART + 0x3c)
#define UARTICR (UART + 0x44)
#define RECEIVE_TIMEOUT (1u << 6)
#define ROUTE (GICD + 0x6000 + 8 * UART_IRQ)
#define SPURIOUS 1023u

static volatile uint32_t taken, repeats; /* after so many repeats the handler removes the cause */
static volatile bool pulse;		 /* the handler lowers and raises the line instead */
static volatile bool was_active;

static void line_up(void)
{
	write32(UARTIMSC, RECEIVE_TIMEOUT);
}

static void line_down(void)
{
	write32(UARTIMSC, 0);
}

void guest_interrupt(uint32_t id)
{
	if (id != UART_IRQ)
		return;
	taken++;
	was_active = gic_test(GIC_SET_ACTIVE, UART_IRQ);
	if (pulse) {
		pulse = false;
		line_down();
		line_up();
	} else if (repeats) {
		repeats--;
	} else {
		line_down();
	}
}

static void begin(void)
{
	interrupts_off();
	line_down();
	taken = repeats = 0;
	pulse = false;
}

/* What is on its way arrives; then so many must have come. */
static void settle(uint32_t expected)
{
	WAIT_UNTIL(taken >= expected);
	for (int i = 0; i < 10; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(taken, expected);
}

static void test_level(void)
{
	test("a line that is up is one interrupt, and none once its cause is gone");
	begin();
	interrupts_on();
	line_up();
	settle(1);
	CHECK(was_active);
	CHECK(!gic_test(GIC_SET_PENDING, UART_IRQ));
	CHECK(!gic_test(GIC_SET_ACTIVE, UART_IRQ));
	test("while the line stays up, the interrupt comes again after each end");
	begin();
	repeats = 20;
	interrupts_on();
	line_up();
	settle(21);
	CHECK_EQUAL(repeats, 0);
	test("the line goes down before the interrupt is taken: it does not come");
	begin();
	line_up();
	CHECK(gic_test(GIC_SET_PENDING, UART_IRQ));
	line_down();
	CHECK(!gic_test(GIC_SET_PENDING, UART_IRQ));
	interrupts_on();
	settle(0);
	test("a level that is up cannot be cleared at the controller");
	begin();
	line_up();
	gic_write(GIC_CLEAR_PENDING, UART_IRQ);
	CHECK(gic_test(GIC_SET_PENDING, UART_IRQ));
	interrupts_on();
	settle(1);
}

static void test_held(void)
{
	test("disabled while up: pending, and it comes when enabled");
	begin();
	gic_disable(UART_IRQ);
	interrupts_on();
	line_up();
	settle(0);
	CHECK(gic_test(GIC_SET_PENDING, UART_IRQ));
	gic_write(GIC_SET_ENABLE, UART_IRQ);
	settle(1);
	test("disabled while pending, enabled: it comes once");
	begin();
	line_up();
	gic_disable(UART_IRQ);
	gic_write(GIC_SET_ENABLE, UART_IRQ);
	interrupts_on();
	settle(1);
	test("disabled while pending, down, enabled: it does not come");
	begin();
	line_up();
	gic_disable(UART_IRQ);
	line_down();
	gic_write(GIC_SET_ENABLE, UART_IRQ);
	interrupts_on();
	settle(0);
	test("the priority mask holds it back");
	begin();
	WRITE_REGISTER(ICC_PMR, 0xa0);
	interrupts_on();
	line_up();
	settle(0);
	gic_priority(UART_IRQ, 0x90);
	settle(1);
	gic_priority(UART_IRQ, 0xa0);
	WRITE_REGISTER(ICC_PMR, 0xff);
	test("routed to a vCPU that is not there, it waits");
	begin();
	write64(ROUTE, 0x7);
	interrupts_on();
	line_up();
	settle(0);
	CHECK(gic_test(GIC_SET_PENDING, UART_IRQ));
	write64(ROUTE, 0);
	settle(1);
}

static void test_active(void)
{
	test("disabled while active and up: no repeat until enabled");
	begin();
	line_up();
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), UART_IRQ);
	gic_disable(UART_IRQ);
	WRITE_REGISTER(ICC_EOIR1, UART_IRQ);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), SPURIOUS);
	gic_write(GIC_SET_ENABLE, UART_IRQ);
	interrupts_on();
	settle(1);
	test("with split end of interrupt it repeats after the deactivation, not before");
	begin();
	WRITE_REGISTER(ICC_CTLR, 2);
	line_up();
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), UART_IRQ);
	WRITE_REGISTER(ICC_EOIR1, UART_IRQ);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), SPURIOUS);
	WRITE_REGISTER(ICC_DIR, UART_IRQ);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), UART_IRQ);
	line_down();
	WRITE_REGISTER(ICC_EOIR1, UART_IRQ);
	WRITE_REGISTER(ICC_DIR, UART_IRQ);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), SPURIOUS);
	WRITE_REGISTER(ICC_CTLR, 0);
	test("deactivated at the controller while up, it comes again");
	begin();
	WRITE_REGISTER(ICC_CTLR, 2);
	line_up();
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), UART_IRQ);
	WRITE_REGISTER(ICC_EOIR1, UART_IRQ);
	gic_write(GIC_CLEAR_ACTIVE, UART_IRQ);
	CHECK(!gic_test(GIC_SET_ACTIVE, UART_IRQ));
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), UART_IRQ);
	line_down();
	WRITE_REGISTER(ICC_EOIR1, UART_IRQ);
	WRITE_REGISTER(ICC_DIR, UART_IRQ);
	WRITE_REGISTER(ICC_CTLR, 0);
	interrupts_on();
	settle(0);
}

static void test_edge(void)
{
	begin();
	gic_disable(UART_IRQ);
	gic_edge(UART_IRQ, true);
	gic_write(GIC_CLEAR_PENDING, UART_IRQ);
	gic_write(GIC_SET_ENABLE, UART_IRQ);
	test("configured as an edge: a rise is one interrupt, whatever the line does then");
	repeats = 1;
	interrupts_on();
	line_up();
	settle(1);
	line_down();
	line_up();
	settle(2);
	test("an edge is remembered when the line goes down again");
	begin();
	line_up();
	line_down();
	CHECK(gic_test(GIC_SET_PENDING, UART_IRQ));
	interrupts_on();
	settle(1);
	test("an edge in the handler is another interrupt");
	begin();
	pulse = true;
	interrupts_on();
	line_up();
	settle(2);
	test("an edge can be cleared at the controller");
	begin();
	line_up();
	gic_write(GIC_CLEAR_PENDING, UART_IRQ);
	CHECK(!gic_test(GIC_SET_PENDING, UART_IRQ));
	interrupts_on();
	settle(0);
	test("an edge while disabled comes when enabled");
	begin();
	gic_disable(UART_IRQ);
	line_up();
	line_down();
	interrupts_on();
	settle(0);
	gic_write(GIC_SET_ENABLE, UART_IRQ);
	settle(1);
}

static void test_cause(void)
{
	begin();
	gic_disable(UART_IRQ);
	gic_edge(UART_IRQ, false);
	gic_write(GIC_SET_ENABLE, UART_IRQ);
	test("reading the last character takes the line down");
	line_up();
	CHECK(gic_test(GIC_SET_PENDING, UART_IRQ));
	CHECK_EQUAL(read32(UARTDR), 'x');
	CHECK(!gic_test(GIC_SET_PENDING, UART_IRQ));
	interrupts_on();
	settle(0);
	test("set pending by software, a level comes once");
	begin();
	gic_write(GIC_SET_PENDING, UART_IRQ);
	interrupts_on();
	settle(1);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(UART_IRQ, 0xa0);
	write32(UARTIMSC, 0);
	write32(UARTCR, 1u << 0 | 1u << 7 | 1u << 8 | 1u << 9); /* on, loopback */
	write32(UARTDR, 'x');
	test("the character is in the FIFO and its timeout pending");
	CHECK_EQUAL(read32(UARTRIS) & RECEIVE_TIMEOUT, RECEIVE_TIMEOUT);
	test_level();
	test_held();
	test_active();
	test_edge();
	test_cause();
}
