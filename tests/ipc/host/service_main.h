/* SPDX-License-Identifier: BSD-2-Clause */
/* Included before each file of a service under test, whose main is renamed to this. */
#ifndef SERVICE_MAIN_H
#define SERVICE_MAIN_H

int service_main(void);

#endif
