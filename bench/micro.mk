# SPDX-License-Identifier: BSD-2-Clause
#
# What bench/micro.py boots: services (with those of the system, where the bundle finds them), guests,
# and the IDL between the services. `make micro` builds them, `make bench` measures.

BENCH_IDL := $(B)/idl/bench.stamp
BENCH_IDL_C := $(B)/idl/bench.pb.c $(B)/idl/bench.fallback.c
BENCH_IDL_OBJS := $(BENCH_IDL_C:$(B)/idl/%.c=$(O)/services/obj/idl/%.o)

$(BENCH_IDL): bench/bench.proto bench/micro.mk $(IDL_STAMP)
	$(call say,PROTOC,$<)
	$(Q)protoc -Iidl -Ibench --nanopb_out=$(@D) --nanopb_opt="-I idl -x skerry.proto" bench.proto
	$(Q)protoc -Iidl -Ibench --plugin=protoc-gen-skerry=tools/protoc-gen-skerry --skerry_out=$(@D) \
		--skerry_opt=idl bench.proto
	$(Q)touch $@
$(BENCH_IDL_C): $(BENCH_IDL)
	@:
check: $(BENCH_IDL)

$(O)/bench/obj/services/%.o: bench/services/%.c Makefile bench/micro.mk | $(SERVICE_PREREQUISITES) $(BENCH_IDL)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(SERVICE_FLAGS) $(DEPFLAGS) -c -o $@ $<

BENCH_SERVICES := client server device worst
$(foreach s,$(BENCH_SERVICES),$(eval $(call program_rule,bench-$(s),$(BENCH_IDL_OBJS) \
	$(patsubst bench/%.c,$(O)/bench/obj/%.o,$(wildcard bench/services/$(s)/*.c)))))

$(O)/bench/obj/guest/%.o: bench/guest/%.c Makefile bench/micro.mk | $(IDL_STAMP)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(GUEST_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(O)/bench/obj/guest/%.o: bench/guest/%.S Makefile bench/micro.mk
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(O)/bench/%.elf: $(O)/bench/obj/guest/%.o $(O)/bench/obj/guest/micro_vectors.o $(GUEST_LIB_OBJS) tests/guests/guest.lds
	$(call say,LD,$@)
	$(Q)$(LINK_GUEST)
$(O)/bench/%.bin: $(O)/bench/%.elf
	$(Q)$(OBJCOPY) -O binary $< $@

.PHONY: micro
micro: all $(BENCH_SERVICES:%=$(O)/services/bench-%.elf) $(addprefix $(O)/bench/,micro.bin rival.bin) ## What bench/micro.py boots
BENCH_PREREQUISITES += micro
