# SPDX-License-Identifier: BSD-2-Clause
#
# Services that only tests boot: tests/services/NAME/*.c is build/ARCH/services/NAME.elf, as any service is.

TEST_SERVICE_DIRS := $(sort $(patsubst %/,%,$(dir $(wildcard tests/services/*/*.c))))

$(O)/services/obj/tests/%.o: tests/services/%.c Makefile | $(IDL_STAMP) $(O)/musl/lib/libc.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(SERVICE_FLAGS) $(own_includes) $(DEPFLAGS) -c -o $@ $<

define test_service_rule
$(O)/services/$(notdir $(1)).elf: $$(patsubst tests/services/%.c,$(O)/services/obj/tests/%.o,$$(wildcard $(1)/*.c)) \
		$$(SERVICE_LIB_OBJS) $$(IDL_OBJS) $$(SERVICE_LIBS) $(O)/musl/lib/libc.a
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(SERVICE_LINK) -o $$@ $$(CRT1) $(O)/musl/lib/crti.o $$(filter %.o,$$^) -Wl,--start-group \
		$$(filter %.a,$$^) -lgcc -Wl,--end-group $(O)/musl/lib/crtn.o
endef
$(foreach d,$(TEST_SERVICE_DIRS),$(eval $(call test_service_rule,$(d))))

TEST_PREREQUISITES += $(foreach d,$(TEST_SERVICE_DIRS),$(O)/services/$(notdir $(d)).elf)
