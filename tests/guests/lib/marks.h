/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mark in every register that a guest can write and that does nothing by itself: general, vector,
 * system, debug, performance monitors, the CPU interface. Who holds one looks whether it is still
 * there; who does not, whether another's is.
 */
#ifndef GUEST_MARKS_H
#define GUEST_MARKS_H

#include "guest.h"

#define MARK_SPREAD 0x0001000100010001ull /* a mark is 16 bits, in every lane */
#define MARK_HELD 0xa5c3u		  /* what a guest holds to be found by others */

void marks_set(uint16_t mark);
/* How many registers are not as marks_set left them; the first is said. */
uint32_t marks_wrong(void);
/* How many registers hold that mark, or anything a new vCPU has not; the first is said. */
uint32_t marks_fresh(uint16_t mark);
/*
 * One of each kind of switch, `kind` below MARKS_SWITCHES: to the VMM, to a device server, to the
 * VMM that decodes, to one that formats a line, a call the kernel answers, sleep, the other vCPU.
 */
#define MARKS_SWITCHES 8u
void marks_switch(uint32_t kind);
void marks_pulse(void); /* sleeps; interrupts are off and stay so */
/* How many general registers changed over an exit to the VMM and one to a device server. */
uint32_t marks_general_wrong(void);

#endif
