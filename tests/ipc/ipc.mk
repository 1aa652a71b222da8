# SPDX-License-Identifier: BSD-2-Clause
#
# Services built for this machine, with the runtime's own server loop, rings and state above a kernel
# that tests/ipc/run.py plays: build/host/ipc/NAME for each device server, the console and ivc.

IPC_DIRS := $(sort $(patsubst %/,%,$(dir $(wildcard services/devices/*/*_server.c \
	$(addprefix services/,console/*.c ivc/*.c switch/*.c)))))
IPC_NAMES := $(foreach d,$(IPC_DIRS),$(call service_name,$(d)))
IPC_LIB_C := $(addprefix services/lib/,grants.c incident.c ipc.c frames.c lock.c log.c log_format.c refusal.c ring.c server.c state.c) \
	$(wildcard services/lib/virtio/*.c tests/ipc/host/*.c)
IPC_LIB_OBJS := $(IPC_LIB_C:%.c=$(H)/ipc/obj/%.o)
IPC_FLAGS = $(HOST_FLAGS) -Itests/ipc/host -Iservices/lib -Iservices/lib/virtio -I$(B)/idl -I.

$(H)/ipc/obj/tests/%.o: tests/%.c Makefile | $(IDL_STAMP) $(B)/deps/nanopb.ok
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(WARNINGS) $(IPC_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(H)/ipc/obj/%.o: %.c Makefile | $(IDL_STAMP) $(B)/deps/nanopb.ok
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(WARNINGS) $(IPC_FLAGS) $(own_includes) -Dmain=service_main -include service_main.h \
		$(DEPFLAGS) -c -o $@ $<

define ipc_rule
$(H)/ipc/$(call service_name,$(1)): $$(patsubst %.c,$(H)/ipc/obj/%.o,$$(wildcard $(1)/*.c)) $$(IPC_LIB_OBJS) \
		$$(IDL_C:$(B)/idl/%.c=$(H)/obj/idl/%.o) $(H)/lib/libnanopb.a
	$$(call say,HOSTLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $$(HOST_FLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^)
endef
$(foreach d,$(IPC_DIRS),$(eval $(call ipc_rule,$(d))))

$(H)/ipc/scenario_pb2.py: tests/ipc/scenario.proto $(IDL_STAMP)
	$(Q)mkdir -p $(@D)
	$(Q)protoc -Iidl -Itests/ipc --python_out=$(@D) $<

.PHONY: ipc
ipc: $(IPC_NAMES:%=$(H)/ipc/%) $(H)/ipc/scenario_pb2.py ## Services built for this machine: build/host/ipc/NAME
TEST_PREREQUISITES += ipc
