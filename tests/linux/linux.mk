# SPDX-License-Identifier: BSD-2-Clause
#
# Programs that only tests put into a Linux guest: tests/linux/NAME.c is build/guest/tests/NAME.

LINUX_TESTS := $(patsubst tests/linux/%.c,$(B)/guest/tests/%,$(wildcard tests/linux/*.c))

$(B)/guest/tests/%: tests/linux/%.c $(B)/deps/headers/version
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(IVC_PROGRAM_FLAGS) -s -o $@ $<
TEST_PREREQUISITES += $(LINUX_TESTS)
