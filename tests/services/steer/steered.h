/* SPDX-License-Identifier: BSD-2-Clause */
/* What the steered guest (tests/guests/steered.c) and who steers it agree on. */
#ifndef STEERED_H
#define STEERED_H

#define STEERED_MAIL 0x80f00000u /* two words: to the guest, and from it */
#define STEERED_IRQ 60u
#define STEERED_READY 0x1e5cu
#define STEERED_WORD 0x5eed1234u

#endif
