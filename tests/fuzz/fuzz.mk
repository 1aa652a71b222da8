# SPDX-License-Identifier: BSD-2-Clause
# What is fuzzed: each tests/fuzz/fuzz_NAME.c is a target (tests/fuzz/lib/fuzz.h). It is linked three
# times: with a driver of ours (make test), with libFuzzer (make fuzz), and for coverage.
FUZZ_TARGETS := $(notdir $(basename $(wildcard tests/fuzz/*.c)))
fuzz_sources = $(wildcard $(shell sed -n '1,12s,^/\* sources: \(.*\) \*/$$,\1,p' tests/fuzz/$(1).c))
fuzz_objects = $(addprefix $(2)/,$(patsubst %.c,%.o,tests/fuzz/$(1).c $(call fuzz_sources,$(1)) tests/fuzz/lib/fuzz_input.c))

F := $(B)/fuzz

# Every message of idl/.
$(H)/idl/fuzz_messages_table.h: tests/fuzz/messages.py $(IDL_STAMP) $(H)/idl/stamp
	$(call say,GEN,$@)
	$(Q)tests/fuzz/messages.py $(B)/idl $(IDL_NANOPB) >$@
$(H)/obj/tests/fuzz/fuzz_messages.o $(F)/obj/tests/fuzz/fuzz_messages.o $(F)/cov/tests/fuzz/fuzz_messages.o check: \
	$(H)/idl/fuzz_messages_table.h

define fuzz_rule
$(H)/fuzz/$(1): $(call fuzz_objects,$(1),$(H)/obj) $(H)/obj/tests/fuzz/lib/fuzz_driver.o \
		$(H)/lib/libunit.a $(H)/lib/libfdt.a $(H)/lib/libnanopb.a
	$$(call say,HOSTLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $$(HOST_FLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group
$(F)/bin/$(1): $(call fuzz_objects,$(1),$(F)/obj) $(F)/obj/tests/fuzz/lib/fuzz_libfuzzer.o $(F)/obj/lib.a
	$$(call say,CLANGLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(FUZZ_SANITIZE) -fsanitize=fuzzer -o $$@ $$^
$(F)/cov/bin/$(1): $(call fuzz_objects,$(1),$(F)/cov) $(F)/cov/tests/fuzz/lib/fuzz_driver.o $(F)/cov/lib.a
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) --coverage -o $$@ $$^
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_rule,$(t))))

# ---- With libFuzzer, by clang; and for coverage, by gcc: all sources once more ----
CLANG := clang
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_FLAGS = $(filter-out -fsanitize% -fno-sanitize%,$(UNIT_FLAGS))
FUZZ_LIB := $(UNIT_LIB_C:%.c=%.o) $(IDL_C:$(B)/idl/%.c=idl/%.o) $(FDT_OBJS:%=fdt/%) $(NANOPB_OBJS:%=nanopb/%)
FUZZ_CC = $(CLANG) $(FUZZ_FLAGS) $(FUZZ_SANITIZE) -fsanitize=fuzzer-no-link -Wno-unknown-warning-option
FUZZ_COV = $(HOSTCC) $(FUZZ_FLAGS) -O0 --coverage

define fuzz_compile
$(1)/idl/%.o: $(B)/idl/%.c Makefile | $(IDL_STAMP) $(B)/deps/dtc.ok $(B)/deps/nanopb.ok
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(2)) -w $$(DEPFLAGS) -c -o $$@ $$<
$(1)/fdt/%.o: $(B)/deps/dtc.ok Makefile
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(2)) -w -c -o $$@ $(FDT_SRC)/$$*.c
$(1)/nanopb/%.o: $(B)/deps/nanopb.ok Makefile
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(2)) -w -c -o $$@ $(NANOPB_SRC)/$$*.c
$(1)/%.o: %.c Makefile | $(IDL_STAMP) $(H)/idl/stamp $(B)/deps/dtc.ok $(B)/deps/nanopb.ok
	$$(call say,$(2),$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(2)) -w $$(own_includes) $$(DEPFLAGS) -c -o $$@ $$<
$(1)/lib.a: $(FUZZ_LIB:%=$(1)/%)
	$$(Q)rm -f $$@ && $$(HOSTAR) rcsD $$@ $$^
endef
$(eval $(call fuzz_compile,$(F)/obj,FUZZ_CC))
$(eval $(call fuzz_compile,$(F)/cov,FUZZ_COV))
# The runtime of the sanitizers and of libFuzzer is there before the first file is compiled.
ifneq ($(filter fuzz $(F)/bin/%,$(MAKECMDGOALS)),)
include $(F)/packages.mk
endif
$(F)/packages.mk: tools/packages.sh
	$(Q)mkdir -p $(@D)
	$(Q)tools/packages.sh fuzz
	$(Q)touch $@
-include $(shell find $(F) -name '*.d' 2>/dev/null)

TEST_PREREQUISITES += $(FUZZ_TARGETS:%=$(H)/fuzz/%)
.PHONY: fuzz fuzz-coverage
fuzz: $(FUZZ_TARGETS:%=$(F)/bin/%) ## Fuzz for SECONDS=n in all, from new seeds. TARGETS=names SEED=n
	@tests/fuzz/fuzz.py --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(TARGETS)
fuzz-coverage: $(FUZZ_TARGETS:%=$(F)/cov/bin/%) ## What the fixed seeds of make test reach, per target and file
	@tests/fuzz/coverage.py $(TARGETS)
