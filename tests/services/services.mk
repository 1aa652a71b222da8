# SPDX-License-Identifier: BSD-2-Clause
#
# Services that only tests boot: tests/services/NAME/*.c is build/ARCH/services/NAME.elf, as any service is.

TEST_SERVICE_DIRS := $(sort $(patsubst %/,%,$(dir $(wildcard tests/services/*/*.c))))

$(O)/services/obj/tests/%.o: tests/services/%.c Makefile | $(SERVICE_PREREQUISITES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(SERVICE_FLAGS) $(own_includes) $(DEPFLAGS) -c -o $@ $<

$(foreach d,$(TEST_SERVICE_DIRS),$(eval $(call program_rule,$(notdir $(d)),\
	$(patsubst tests/services/%.c,$(O)/services/obj/tests/%.o,$(wildcard $(d)/*.c)))))

services: $(foreach d,$(TEST_SERVICE_DIRS),$(O)/services/$(notdir $(d)).elf)
