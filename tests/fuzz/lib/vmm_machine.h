/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_VMM_MACHINE_H
#define FUZZ_VMM_MACHINE_H

#define VMM_DEVICE "uart" /* the name of the server of the config's first device */
#define VMM_DEVICE_PORT 50u

#endif
