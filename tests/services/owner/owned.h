/* SPDX-License-Identifier: BSD-2-Clause */
/* What the owned guest (tests/guests/owned.c) and who owns it agree on. */
#ifndef OWNED_H
#define OWNED_H

#define OWNED_CALL 9u
#define OWNED_ANSWER 0x1234567890abcdefull
#define OWNED_SILENT_CALL 10u
#define OWNED_SECOND_CALL 11u
#define OWNED_SECOND_ANSWER 0x5ec0ull
#define OWNED_CONTEXT 0xfeedfacecafe0001ull
#define OWNED_REFUSED_ENTRY 0x80000002ull /* no multiple of 4 */
#define OWNED_REFUSED ((uint64_t)-9)	  /* INVALID_ADDRESS */

#endif
