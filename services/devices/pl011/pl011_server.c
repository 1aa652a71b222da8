/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serves a guest's UART: its page's accesses come as VcpuExit.Mmio, its wire is a pair of rings to
 * the console. Grants: docs/config.md.
 *
 * All that must outlive this process is one committed state. The rings are outside it, so their
 * order with the commit is fixed:
 *   output: commit (characters have left the FIFO), then write them to the ring. A successor finds
 *   the ring's index behind `sent` and writes the rest: they are the last that left the FIFO.
 *   input: copy from the ring, commit (they are in the FIFO), then advance the ring's index. A
 *   successor finds the index behind `taken` and advances it.
 * So nothing is printed twice, and nothing typed is lost or seen twice.
 *
 * A character that a guest has no interrupt for arrives only after the guest saw the FIFO empty. On
 * a wire characters lie apart, too; Linux empties the FIFO when it opens the port and would
 * otherwise swallow what was typed ahead.
 */
#include <pb_decode.h>
#include <stdlib.h>

#include "device.ipc.h"
#include "exit.skerry.h"
#include "exit_ledger.h"
#include "grants.h"
#include "log.h"
#include "pl011.h"
#include "refusal.h"
#include "ring.h"
#include "server.h"
#include "services.pb.h"
#include "state.h"
#include "sys.h"

#define STATE_VERSION 2
#define PAGE 4096

struct uart_state {
	struct pl011 uart;
	uint32_t sent, taken; /* where the rings' indices are, or are to be */
	struct exit_ledger ledger;
};

struct uart {
	struct state state;
	struct ring tx, rx;
	bool wired; /* to the console; else output ends here and there is no input */
	bool raised;
	skerry_cap line, console;
	uint64_t console_bits;
};

static void tell_console(const struct uart *u)
{
	(void)sys_signal(u->console, u->console_bits);
}

/* The characters between two free-running indices of a FIFO, at most two pieces. */
static void write_run(struct ring *r, const uint8_t *fifo, uint32_t from, uint32_t to)
{
	uint32_t at = from % PL011_FIFO;
	uint32_t count = to - from;
	uint32_t first = count < PL011_FIFO - at ? count : PL011_FIFO - at;

	(void)ring_write(r, fifo + at, first);
	if (count > first)
		(void)ring_write(r, fifo, count - first);
}

/* Brings the rings to where the committed state is. */
static void publish(struct uart *u)
{
	const struct uart_state *s = state_current(&u->state);
	uint32_t out = s->sent - u->tx.own, in = s->taken - u->rx.own;

	if (out != 0 && out <= PL011_FIFO) {
		write_run(&u->tx, s->uart.tx, s->uart.tx_tail - out, s->uart.tx_tail);
		if (ring_data_wanted(&u->tx))
			tell_console(u);
	}
	if (in != 0 && in <= PL011_FIFO) {
		ring_skip(&u->rx, in);
		if (ring_room_wanted(&u->rx))
			tell_console(u);
	}
}

static void set_line(struct uart *u, bool up)
{
	if (up == u->raised)
		return;
	u->raised = up;
	(void)(up ? line_raise(u->line) : line_lower(u->line));
}

/* Takes up to `most` waiting characters into the FIFO. The ring's own index follows at publish. */
static void take_input(const struct uart *u, struct uart_state *s, uint32_t most)
{
	uint32_t waiting = ring_used(&u->rx);
	uint32_t room = pl011_receive_room(&s->uart);
	uint32_t count = waiting < room ? waiting : room;

	count = count < most ? count : most;
	for (uint32_t i = 0; i < count; i++)
		pl011_receive(&s->uart, ring_peek(&u->rx, i));
	s->taken += count;
	if (count != 0)
		pl011_silence(&s->uart);
}

/* Lets the transmitter send what the ring takes; the ring is written at publish. */
static void give_output(const struct uart *u, struct uart_state *s)
{
	uint32_t room = u->wired ? ring_room(&u->tx) : PL011_FIFO;
	uint8_t c;

	while (room > 0 && pl011_transmit(&s->uart, &c)) {
		s->sent++;
		room--;
	}
}

static bool has_interrupt(const struct pl011 *s)
{
	return (pl011_get(s, PL011_IMSC) & (PL011_INT_RX | PL011_INT_RT)) != 0;
}

static void finish(struct uart *u)
{
	const struct uart_state *s;

	state_commit(&u->state);
	if (u->wired)
		publish(u);
	s = state_current(&u->state);
	set_line(u, pl011_line(&s->uart));
}

/* Moves characters; `polled`: one may come in although the guest has no interrupt for it. */
static void move(struct uart *u, bool polled)
{
	struct uart_state *s = state_begin_sized(&u->state, sizeof(*s));

	take_input(u, s, has_interrupt(&s->uart) ? PL011_FIFO : polled);
	give_output(u, s);
	finish(u);
}

/* Asks the console to say when there is input or room; moves on if there is by now. */
static void ask_console(struct uart *u)
{
	for (int tries = 0; tries < 4; tries++) {
		const struct uart_state *s = state_current(&u->state);
		bool full = s->uart.tx_head != s->uart.tx_tail && ring_room(&u->tx) == 0;
		bool more = ring_used(&u->rx) == 0 && !ring_ask_data(&u->rx);

		if (full)
			more |= !ring_ask_room(&u->tx);
		if (!more)
			return;
		move(u, false);
	}
}

/* `s` is the current state. */
static void look(struct uart *u, const struct uart_state *s)
{
	bool polled = s->uart.rx_head == s->uart.rx_tail && !has_interrupt(&s->uart);

	if (s->uart.tx_head == s->uart.tx_tail && !(polled && ring_used(&u->rx) != 0))
		return;
	move(u, polled);
	ask_console(u);
}

static __attribute__((noinline)) int32_t effect(struct uart *u, const struct mmio_access *in,
						struct access_reply *out)
{
	const struct uart_state *now = state_current(&u->state);
	const struct pl011_access a = {
	    .offset = in->address, .value = in->value, .width = in->width, .write = in->write};
	struct uart_state *s;
	uint32_t value;
	bool moved;

	out->action = EXIT_ACTION_ADVANCE;
	if (pl011_peek(&now->uart, &a, &value)) {
		out->value = value;
		return 0;
	}
	if (exit_ledger_find(&now->ledger, in->sequence, &out->value))
		return 0;
	out->value = 0;
	s = state_begin_sized(&u->state, sizeof(*s));
	if (!pl011_access(&s->uart, &a, &value)) {
		out->action = EXIT_ACTION_ABORT;
		refusal_tell(in);
		return 0;
	}
	exit_ledger_note(&s->ledger, in->sequence, value);
	if (u->wired && has_interrupt(&s->uart))
		take_input(u, s, PL011_FIFO);
	give_output(u, s);
	moved = s->taken != now->taken;
	finish(u);
	if (u->wired && (moved || s->uart.tx_head != s->uart.tx_tail))
		ask_console(u);
	out->value = value;
	return 0;
}

/* Loads of a whole register that change nothing are answered without a copy of the state. */
static int32_t mmio(void *self, uint64_t badge, const struct mmio_access *in,
		    struct access_reply *out)
{
	struct uart *u = self;
	const struct uart_state *s = state_current(&u->state);

	(void)badge;
	if (in->write || (in->width != 4 && in->width != 2) ||
	    !pl011_peek_word(&s->uart, in->address, &out->value))
		return effect(u, in, out);
	out->action = EXIT_ACTION_ADVANCE;
	/* The answer is what was before; asking for a change is what makes one happen. Linux reads
	 * 16 bits also while it only writes, and would swallow what came in then. */
	if (in->width == 4 && (in->address == PL011_FR || in->address == PL011_RIS) && u->wired)
		look(u, s);
	return 0;
}

static void signal(void *self, uint64_t bits)
{
	struct uart *u = self;

	(void)bits;
	if (!u->wired)
		return;
	move(u, false);
	ask_console(u);
}

/* A UART as firmware leaves it: on, 8 bits, FIFOs in use. Early consoles count on it. */
static void begin(struct uart *u)
{
	static const struct pl011_access firmware[] = {
	    {.offset = PL011_LCRH, .value = 0x60 | PL011_LCRH_FEN, .width = 4, .write = true},
	    {.offset = PL011_CR, .value = 0x301, .width = 4, .write = true},
	};
	struct uart_state *s = state_begin(&u->state);
	uint32_t unused;

	pl011_reset(&s->uart);
	for (int i = 0; i < 2; i++)
		(void)pl011_access(&s->uart, &firmware[i], &unused);
	state_commit(&u->state);
}

/* Rings that are not where a death could have left them are somebody else's doing: go on from
 * there. */
static void find_rings(struct uart *u)
{
	const struct uart_state *now = state_current(&u->state);
	struct uart_state *s;

	if (now->sent - u->tx.own <= PL011_FIFO && now->taken - u->rx.own <= PL011_FIFO)
		return;
	s = state_begin(&u->state);
	s->sent = u->tx.own;
	s->taken = u->rx.own;
	state_commit(&u->state);
}

static bool attach_console(struct uart *u)
{
	const struct start_grant *console = grant_find("console");
	void *tx = grant_memory("tx", PAGE), *rx = grant_memory("rx", PAGE);

	if (!console || !tx || !rx)
		return false;
	u->console = console->slot;
	u->console_bits = console->badge;
	u->wired = true;
	return ring_attach_writer(&u->tx, tx, PAGE) && ring_attach_reader(&u->rx, rx, PAGE);
}

static bool start(struct uart *u)
{
	skerry_Pl011Config config = skerry_Pl011Config_init_zero;
	uint32_t size;
	const void *bytes = start_config(&size);
	pb_istream_t in = pb_istream_from_buffer(bytes, size);
	void *memory = grant_memory("state", PAGE);
	bool fresh;

	if (!pb_decode(&in, skerry_Pl011Config_fields, &config)) {
		log_line("pl011: the configuration is not a Pl011Config");
		return false;
	}
	if (config.backend == skerry_Pl011Config_Backend_CONSOLE && !attach_console(u)) {
		log_line("pl011: grants tx, rx and console are needed for backend console");
		return false;
	}
	u->line = grant_slot("line");
	if (!memory || !u->line ||
	    !state_open(&u->state, memory, PAGE, sizeof(struct uart_state), STATE_VERSION,
			&fresh)) {
		log_line("pl011: grants state (4 KiB) and line are needed");
		return false;
	}
	if (fresh)
		begin(u);
	if (u->wired)
		find_rings(u);
	return true;
}

static int32_t describe(void *self, uint64_t badge, const struct device_query *in,
			skerry_DeviceInfo *out)
{
	(void)self;
	(void)badge;
	(void)in;
	*out = (skerry_DeviceInfo){.compatible = "arm,pl011", .length = PAGE};
	return 0;
}

static int32_t serve_device(void *self, struct ipc_msg *msg)
{
	static const struct device_ops ops = {.describe = describe};

	return device_dispatch(&ops, self, msg);
}

int main(void)
{
	static struct uart uart;
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .mmio = mmio,
	    .serve = {[DEVICE_SERVICE] = serve_device},
	    .signal = signal,
	};
	const struct uart_state *s;

	if (!start(&uart))
		return EXIT_FAILURE;
	if (uart.wired) {
		publish(&uart);
		/* A death after the console's wish was taken, before it was told: it waits. */
		tell_console(&uart);
	}
	/* What the line was before is not known here. */
	s = state_current(&uart.state);
	uart.raised = !pl011_line(&s->uart);
	set_line(&uart, !uart.raised);
	signal(&uart, 0);
	server_ready();
	return server_run(&server, &uart) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
