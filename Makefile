# SPDX-License-Identifier: BSD-2-Clause
#
# The whole build. `make help` lists what it can do. Sources are found by wildcard: a new file in a
# directory named here is built without a change; *.mk files below tests/ and in bench/ are included.
#
#   build/deps      third-party sources and the guest's packages, fetched once (tools/deps.py)
#   build/idl       generated from idl/
#   build/$(ARCH)   kernel, services, bare-metal guests
#   build/host      what runs on this machine: unit tests and their libraries
#   build/guest     the Linux guest's kernel and initramfs, and its module and program for channels

ARCH ?= aarch64
B := build
O := $(B)/$(ARCH)
H := $(B)/host

MAKEFLAGS += -rR
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.DEFAULT_GOAL := all

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# ---- Tools and flags ---------------------------------------------------------------------------

CROSS := $(ARCH)-linux-gnu-
CC := $(CROSS)gcc
AR := $(CROSS)ar
RANLIB := $(CROSS)ranlib
OBJCOPY := $(CROSS)objcopy
OBJDUMP := $(CROSS)objdump
HOSTCC := gcc
HOSTAR := ar

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
DEPFLAGS = -MMD -MP -MF $(@:.o=.d)

ARCH_FLAGS_aarch64 := -mno-outline-atomics
NO_FP_aarch64 := -mgeneral-regs-only
NO_SAVE_aarch64 := $(foreach r,19 20 21 22 23 24 25 26 27 28,-fcall-used-x$(r))
STRICT_ALIGN_aarch64 := -mstrict-align

TARGET_FLAGS := -std=gnu11 -O2 -g -fomit-frame-pointer -ffile-prefix-map=$(CURDIR)=. $(ARCH_FLAGS_$(ARCH)) -fno-pie -fno-pic -fno-stack-protector \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
CC_INCLUDE = -isystem $(shell $(CC) -print-file-name=include)

KERNEL_TARGET = $(TARGET_FLAGS) $(NO_FP_$(ARCH)) -ffreestanding -nostdinc $(CC_INCLUDE)
# $(1): its interrupt controller, $(2): its folder.
kernel_flags = $(KERNEL_TARGET) -Ikernel -Ikernel/arch/$(ARCH) -Ikernel/arch/$(ARCH)/$(1) -Iboot -I$(B)/idl -I$(O)/$(2) -I.

# The manifest is a message of more than 64 KiB: nanopb and all its users agree on wide fields.
NANOPB_FLAGS := -DPB_FIELD_32BIT -isystem $(B)/deps/nanopb

# Services run without FP registers wherever a message passes, so that no exit pays for saving
# them; only musl's printf family and what else a service takes from libc uses them.
SERVICE_FLAGS = $(TARGET_FLAGS) $(NO_FP_$(ARCH)) -nostdinc -isystem $(O)/musl/include $(CC_INCLUDE) \
	-isystem $(B)/deps/dtc/libfdt $(NANOPB_FLAGS) \
	-Iservices/lib -Iservices/lib/virtio -Iservices/lib/uart -Iservices/lib/arch/$(ARCH) -I$(B)/idl -I.

# A bare-metal guest starts with its MMU off: unaligned accesses would fault.
GUEST_FLAGS = $(TARGET_FLAGS) $(NO_FP_$(ARCH)) $(STRICT_ALIGN_$(ARCH)) -ffreestanding -nostdinc \
	$(CC_INCLUDE) -Itests/guests/lib -I$(B)/idl -I.

HOST_FLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -isystem $(B)/deps/dtc/libfdt $(NANOPB_FLAGS)
UNIT_FLAGS := $(HOST_FLAGS) -Itests/unit/arch -Itests/unit/lib -Itests/unit -Itests/fuzz/lib -Itests/ipc/host \
	-Ikernel -Iservices/lib -Iservices/lib/virtio -Iservices/lib/uart -I$(B)/idl -I$(H)/idl -I. \
	-Itests/fuzz/boot -Iboot -Ikernel/arch/$(ARCH)

# ---- What is built -----------------------------------------------------------------------------

.PHONY: all kernel services guests guest idl libs unit
all: kernel services guests guest ## Everything that boots (the default)

IDL_FILES := $(wildcard idl/*.proto)
IDL_NAMES := $(IDL_FILES:idl/%.proto=%)

# A kernel is linked for one interrupt controller: build/ARCH/kernel for the first of these, build/ARCH/kernel-NAME
# for another. What differs is in the folder of that name.
GICS_aarch64 := gicv3 gicv2
KERNELS := $(foreach g,$(GICS_$(ARCH)),kernel$(if $(filter $(firstword $(GICS_$(ARCH))),$(g)),,-$(g)))
gic_of = $(or $(filter-out kernel,$(1:kernel-%=%)),$(firstword $(GICS_$(ARCH))))
arch_names = $(sort $(notdir $(filter-out %/asm_defs.c,$(wildcard kernel/arch/$(ARCH)/*.c kernel/arch/$(ARCH)/$(1)/*.c))))
kernel_objects = $(patsubst %,$(O)/$(2)/obj/%.o,$(patsubst kernel/%,%,$(basename $(wildcard kernel/*.c) \
	$(foreach n,$(arch_names),$(wildcard kernel/arch/$(ARCH)/$(n) kernel/arch/$(ARCH)/$(1)/$(n))) \
	$(wildcard kernel/arch/$(ARCH)/*.S boot/*.c))))

SERVICE_DIRS := $(sort $(patsubst %/,%,$(dir $(wildcard \
	$(addprefix services/,init/*.c vmm/*.c console/*.c ivc/*.c switch/*.c ctl/*.c devices/*/*.c drivers/*/*.c)))))
# devices/virtio_blk is the service virtio-blk, drivers/virtio_blk the service virtio-blk-driver.
service_name = $(subst _,-,$(notdir $(1)))$(if $(filter services/drivers/%,$(1)),$(if $(filter %driver,$(1)),,-driver))
SERVICES := $(foreach d,$(SERVICE_DIRS),$(call service_name,$(d)))
ifneq ($(words $(SERVICES)),$(words $(sort $(SERVICES))))
$(error two services have the same name: $(SERVICE_DIRS))
endif

SERVICE_LIB_C := $(wildcard services/lib/*.c services/lib/virtio/*.c services/lib/uart/*.c services/lib/arch/$(ARCH)/*.c)
SERVICE_LIB_S := $(wildcard services/lib/arch/$(ARCH)/*.S)
SERVICE_LIB_OBJS := $(SERVICE_LIB_C:services/%.c=$(O)/services/obj/%.o) \
	$(SERVICE_LIB_S:services/%.S=$(O)/services/obj/%.o)

GUEST_NAMES := $(notdir $(basename $(wildcard tests/guests/*.c tests/guests/*.S)))
GUEST_LIB := $(wildcard tests/guests/lib/*.c tests/guests/lib/*.S)
GUEST_LIB_OBJS := $(patsubst tests/guests/%,$(O)/guests/obj/%.o,$(basename $(GUEST_LIB)))

UNIT_TESTS := $(notdir $(basename $(wildcard tests/unit/test_*.c)))
# Models of devices are the files that are not their server.
DEVICE_MODELS := $(filter-out %_server.c,$(wildcard services/lib/virtio/*.c services/devices/*/*.c))
UNIT_LIB_C := $(wildcard kernel/*.c tests/unit/arch/*.c tests/unit/lib/*.c) $(DEVICE_MODELS)

kernel: $(KERNELS:%=$(O)/%/kernel.bin) ## The kernel: build/ARCH/kernel/kernel.{elf,bin}, and those of other machines
services: $(SERVICES:%=$(O)/services/%.elf) ## Every service: build/ARCH/services/NAME.elf
guests: $(GUEST_NAMES:%=$(O)/guests/%.bin) ## Bare-metal test guests: build/ARCH/guests/NAME.bin
guest: $(addprefix $(B)/guest/,Image initramfs.cpio.gz version u-boot.bin) \
	$(addprefix $(B)/guest-full/,Image initramfs.cpio.gz) ## The guests Linux (two kernels) and U-Boot: build/guest*/
unit: $(UNIT_TESTS:%=$(H)/unit/%) ## Unit tests, built and not run: build/host/unit/NAME
libs: $(O)/musl/lib/libc.a $(O)/lib/libfdt.a $(O)/lib/libnanopb.a $(H)/lib/libfdt.a $(H)/lib/libnanopb.a

# ---- Packages of this machine, and third-party sources -----------------------------------------

# Making this file sees that the compilers and tools are there, before anything else is made.
ifneq ($(filter-out help flags clean distclean deps,$(or $(MAKECMDGOALS),all)),)
include $(B)/packages.mk
endif
$(B)/packages.mk: tools/packages.sh
	$(Q)mkdir -p $(@D)
	$(Q)tools/packages.sh
	$(Q)touch $@

.PHONY: deps
deps: ## Install the packages that this machine lacks (or say which), fetch sources and guest
	$(Q)tools/packages.sh
	$(Q)tools/deps.py musl nanopb dtc guest guest-full uboot headers trees

DEP_NAMES := musl nanopb dtc
# deps.py leaves the .ok of what is in place as it is: a new deps.py alone rebuilds nothing.
$(DEP_NAMES:%=$(B)/deps/%.ok): $(B)/deps/%.ok: tools/deps.py
	$(Q)tools/deps.py $*
$(B)/deps/guest/version $(B)/deps/guest-full/version $(B)/deps/uboot/version: $(B)/deps/%/version: | tools/deps.py
	$(Q)tools/deps.py $*

# Boards' device trees. One that is not the pinned one stops only who needs it: systems are named after their boards.
TREES := $(B)/deps/trees/version
TREE_BOARDS := $(basename $(notdir $(shell grep -l '^tree = ' configs/boards/*.toml)))
$(TREES): $(B)/deps/guest-full/version tools/deps.py
	$(Q)tools/deps.py trees

# ---- musl, libfdt, nanopb ----------------------------------------------------------------------

.PHONY: $(O)/musl
$(O)/musl: $(O)/musl/lib/libc.a

MUSL_OVERLAY := $(wildcard $(addprefix services/lib/musl/,objects deleted */*.h src/*/*.c))
$(O)/musl/lib/libc.a: $(B)/deps/musl.ok $(MUSL_OVERLAY) tools/musl.sh
	$(call say,MUSL,$@ (some 15 s))
	+$(Q)MAKE="$(MAKE)" CC="$(CC)" AR="$(AR)" RANLIB="$(RANLIB)" \
		OBJDUMP="$(OBJDUMP)" CFLAGS="-O2 -fno-pie -fno-pic -fno-stack-protector $(ARCH_FLAGS_$(ARCH))" \
		tools/musl.sh $(B)/deps/musl services/lib/musl $(ARCH) $(O)/musl

FDT_OBJS := $(addsuffix .o,fdt fdt_addresses fdt_check fdt_empty_tree fdt_overlay fdt_ro fdt_rw \
	fdt_strerror fdt_sw fdt_wip)
NANOPB_OBJS := pb_common.o pb_encode.o pb_decode.o

FDT_SRC := $(B)/deps/dtc/libfdt
NANOPB_SRC := $(B)/deps/nanopb
THIRD_PARTY_FLAGS = $(filter-out $(WARNINGS),$(SERVICE_FLAGS)) -ffreestanding -w

$(O)/lib/fdt/%.o: $(B)/deps/dtc.ok $(O)/musl/lib/libc.a Makefile
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(THIRD_PARTY_FLAGS) -Os -c -o $@ $(FDT_SRC)/$*.c
$(O)/lib/nanopb/%.o: $(B)/deps/nanopb.ok $(O)/musl/lib/libc.a Makefile
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(THIRD_PARTY_FLAGS) -c -o $@ $(NANOPB_SRC)/$*.c
$(H)/lib/fdt/%.o: $(B)/deps/dtc.ok Makefile
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_FLAGS) -w -c -o $@ $(FDT_SRC)/$*.c
$(H)/lib/nanopb/%.o: $(B)/deps/nanopb.ok Makefile
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_FLAGS) -w -c -o $@ $(NANOPB_SRC)/$*.c

$(O)/lib/libfdt.a: $(FDT_OBJS:%=$(O)/lib/fdt/%)
$(O)/lib/libnanopb.a: $(NANOPB_OBJS:%=$(O)/lib/nanopb/%)
$(O)/lib/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^
$(H)/lib/libfdt.a: $(FDT_OBJS:%=$(H)/lib/fdt/%)
$(H)/lib/libnanopb.a: $(NANOPB_OBJS:%=$(H)/lib/nanopb/%)
$(H)/lib/lib%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(HOSTAR) rcsD $@ $^

# ---- IDL ---------------------------------------------------------------------------------------

# One run of protoc for all files. Only outputs that differ are replaced, so a change in one message
# recompiles its users alone. skerry.proto holds only options for the plugin: nanopb has no use for it.
IDL_STAMP := $(B)/idl/stamp
IDL_NANOPB := $(filter-out skerry,$(IDL_NAMES))
IDL_C := $(IDL_NANOPB:%=$(B)/idl/%.pb.c) $(IDL_NANOPB:%=$(B)/idl/%.fallback.c)
IDL_H := $(IDL_NANOPB:%=$(B)/idl/%.pb.h) $(foreach s,skerry ipc fallback,$(IDL_NANOPB:%=$(B)/idl/%.$(s).h))
IDL_OBJS := $(IDL_C:$(B)/idl/%.c=$(O)/services/obj/idl/%.o)

idl: $(IDL_STAMP) ## Code generated from idl/: build/idl/
$(IDL_STAMP): $(IDL_FILES) $(wildcard idl/*.options tools/skerry_idl/*.py) tools/protoc-gen-skerry
	$(call say,PROTOC,$(IDL_FILES))
	$(Q)rm -rf $(B)/idl.new && mkdir -p $(B)/idl.new $(B)/idl
	$(Q)protoc -Iidl --python_out=$(B)/idl.new $(IDL_FILES)
	$(Q)protoc -Iidl --nanopb_out=$(B)/idl.new --nanopb_opt="-I idl -x skerry.proto" $(IDL_NANOPB:%=idl/%.proto)
	$(Q)protoc -Iidl --plugin=protoc-gen-skerry=tools/protoc-gen-skerry --skerry_out=$(B)/idl.new \
		--skerry_opt=idl $(IDL_NANOPB:%=idl/%.proto)
	$(Q)cd $(B)/idl.new && for f in *; do cmp -s $$f ../idl/$$f || mv $$f ../idl/$$f; done
	$(Q)rm -rf $(B)/idl.new
	$(Q)touch $@
$(IDL_C) $(IDL_H): $(IDL_STAMP)
	@:

# ---- Kernel ------------------------------------------------------------------------------------

KERNEL_LDS := kernel/arch/$(ARCH)/kernel.lds
ASM_DEFS := $(KERNELS:%=$(O)/%/asm_defs.h)

# All registers of who was interrupted are in memory when C begins: no function preserves any. What libfdt
# and the compiler's own calls reach is as they expect it. What stays is optimized as a whole when it is linked.
# Boot code runs once; its place in the image follows from its files' names.
KERNEL_CALLED := memory boot_string
# No path that counts goes through these.
KERNEL_SMALL := $(patsubst %,kernel/%.c,cap core cspace deadline irq kernel line object thread timer untyped vcpu_invoke window \
	$(addprefix arch/$(ARCH)/,core gic machine memory vcpu vcpu_exception vcpu_id vgic_lr))
KERNEL_CODE = $(if $(filter $(KERNEL_CALLED),$(notdir $(basename $<))),,$(NO_SAVE_$(ARCH)) \
	$(if $(filter boot%,$(notdir $(basename $<))),-Os,-flto $(if $(filter $(KERNEL_SMALL),$<),-Os)))

define kernel_compile
$$(call say,CC,$$<)
	$(Q)mkdir -p $$(@D)
	$(Q)$$(CC) $$(WARNINGS) $$(call kernel_flags,$(1),$(2)) $$(KERNEL_CODE) $$(DEPFLAGS) -c -o $$@ $$<
endef
# $(1): interrupt controller, $(2): folder. In asm_defs.h are offsets for assembler, from C: asm_defs.c emits lines
# "->NAME value" into its assembler output. The kernel is position independent: it relocates itself where it is
# loaded. Boot code reads the device tree.
define kernel_rules
$(O)/$(2)/obj/%.o: kernel/%.c Makefile | $(IDL_STAMP)
	$(kernel_compile)
$(O)/$(2)/obj/boot/%.o: boot/%.c Makefile | $(IDL_STAMP)
	$(kernel_compile)
$(O)/$(2)/obj/%.o: kernel/%.S Makefile $(O)/$(2)/asm_defs.h | $(IDL_STAMP)
	$$(call say,AS,$$<)
	$(Q)mkdir -p $$(@D)
	$(Q)$$(CC) $$(call kernel_flags,$(1),$(2)) $$(DEPFLAGS) -D__ASSEMBLER__ -c -o $$@ $$<
$(O)/$(2)/asm_defs.h: kernel/arch/$(ARCH)/asm_defs.c Makefile | $(IDL_STAMP)
	$$(call say,GEN,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$$(CC) $$(WARNINGS) $$(call kernel_flags,$(1),$(2)) -MMD -MP -MT $$@ -MF $$(@:.h=.d) -S -o $$(@:.h=.s) $$<
	$(Q)sed -n 's/^->\([A-Za-z0-9_]*\) [$$$$#]*\([-0-9]*\).*/#define \1 \2/p' $$(@:.h=.s) >$$@
$(O)/$(2)/kernel.lds: $(KERNEL_LDS) Makefile | $(IDL_STAMP)
	$(Q)mkdir -p $$(@D)
	$(Q)$$(CC) $$(call kernel_flags,$(1),$(2)) -MMD -MP -MT $$@ -MF $$@.d -E -P -x assembler-with-cpp -o $$@ $$<
$(O)/$(2)/kernel.elf: $(O)/$(2)/kernel.lds $(call kernel_objects,$(1),$(2)) $(O)/lib/libfdt.a
	$$(call say,LD,$$@)
	$(Q)$$(CC) $$(KERNEL_TARGET) $$(NO_SAVE_$(ARCH)) -flto -flto-partition=one -nostdlib -static-pie -Wl,--gc-sections \
		-Wl,-z,max-page-size=4096 -Wl,-z,notext -Wl,--no-dynamic-linker -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-T $$< -o $$@ $$(filter %.o,$$^) $(O)/lib/libfdt.a -lgcc
$(O)/$(2)/kernel.bin: $(O)/$(2)/kernel.elf
	$$(call say,OBJCOPY,$$@)
	$(Q)$$(OBJCOPY) -O binary $$< $$@
endef
$(foreach n,$(KERNELS),$(eval $(call kernel_rules,$(call gic_of,$(n)),$(n))))

# ---- Services ----------------------------------------------------------------------------------

# A service's files, and those in its arch/$(ARCH), find each other's headers.
service_dir = $(patsubst %/arch/$(ARCH),%,$(<D))
own_includes = -I$(service_dir) -I$(service_dir)/arch/$(ARCH)

SERVICE_PREREQUISITES := $(O)/musl/lib/libc.a $(IDL_STAMP) $(B)/deps/dtc.ok $(B)/deps/nanopb.ok

$(O)/services/obj/%.o: services/%.c Makefile | $(SERVICE_PREREQUISITES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(SERVICE_FLAGS) $(own_includes) $(DEPFLAGS) -c -o $@ $<
$(O)/services/obj/%.o: services/%.S Makefile | $(SERVICE_PREREQUISITES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SERVICE_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(O)/services/obj/idl/%.o: $(B)/idl/%.c Makefile | $(SERVICE_PREREQUISITES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -Wall -Wextra -Werror $(SERVICE_FLAGS) $(DEPFLAGS) -c -o $@ $<

# The runtime may bring its own _start; otherwise musl's finds a Linux process's first stack.
CRT1 := $(if $(wildcard services/lib/arch/$(ARCH)/start.*),,$(O)/musl/lib/crt1.o)
SERVICE_LIBS := $(O)/lib/libfdt.a $(O)/lib/libnanopb.a
# The program headers lie in the first segment: musl finds its TLS image through them.
SERVICE_LINK := -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none \
	-Wl,-Ttext-segment=0x10000000 -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack

# A program of a bundle: its name, its objects.
define program_rule
$(O)/services/$(1).elf: $(2) $$(SERVICE_LIB_OBJS) $$(IDL_OBJS) $$(SERVICE_LIBS) $(O)/musl/lib/libc.a
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(SERVICE_LINK) -o $$@ $$(CRT1) $(O)/musl/lib/crti.o $$(filter %.o,$$^) -Wl,--start-group \
		$$(filter %.a,$$^) -lgcc -Wl,--end-group $(O)/musl/lib/crtn.o
endef
$(foreach d,$(SERVICE_DIRS),$(eval $(call program_rule,$(call service_name,$(d)),$(patsubst services/%.c,$(O)/services/obj/%.o,\
	$(wildcard $(d)/*.c $(d)/arch/$(ARCH)/*.c)))))

# ---- Guests ------------------------------------------------------------------------------------

LINK_GUEST = $(CC) -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,--no-warn-rwx-segments -T tests/guests/guest.lds -o $@ $(filter %.o,$^) -lgcc

$(O)/guests/obj/%.o: tests/guests/%.c Makefile | $(IDL_STAMP)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(GUEST_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(O)/guests/obj/%.o: tests/guests/%.S Makefile | $(IDL_STAMP)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(O)/guests/%.elf: $(O)/guests/obj/%.o $(GUEST_LIB_OBJS) tests/guests/guest.lds
	$(call say,LD,$@)
	$(Q)$(LINK_GUEST)
$(O)/guests/%.bin: $(O)/guests/%.elf
	$(Q)$(OBJCOPY) -O binary $< $@

# guest has Debian's kernel for clouds, guest-full its full one.
$(B)/guest/Image $(B)/guest-full/Image: $(B)/%/Image: $(B)/deps/%/version
	$(Q)mkdir -p $(@D)
	$(Q)cp $(B)/deps/$*/boot/vmlinuz-* $@
$(B)/guest/u-boot.bin: $(B)/deps/uboot/version
	$(Q)mkdir -p $(@D)
	$(Q)cp $(B)/deps/uboot/usr/lib/u-boot/qemu_arm64/u-boot.bin $@
$(B)/guest/version: $(B)/deps/guest/version
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@
$(B)/guest/initramfs.cpio.gz: $(B)/deps/guest/version tools/guest/init tools/guest/initramfs.py tools/cpio.py
	$(call say,CPIO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tools/guest/initramfs.py $(B)/deps/guest $(B)/deps/guest $@
$(B)/guest-full/initramfs.cpio.gz: $(B)/deps/guest-full/version $(B)/deps/guest/version tools/guest/init \
		tools/guest/initramfs.py tools/cpio.py
	$(call say,CPIO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tools/guest/initramfs.py $(B)/deps/guest $(B)/deps/guest-full $@

# ---- Unit tests on this machine ----------------------------------------------------------------

# Sources under test are an archive: a test links what it calls. A test that needs more says so in a
# comment in its first lines: /* sources: services/vmm/gic.c ... */
UNIT_LIB_OBJS := $(UNIT_LIB_C:%.c=$(H)/obj/%.o) $(IDL_C:$(B)/idl/%.c=$(H)/obj/idl/%.o)
unit_sources = $(shell sed -n '1,12s,^/\* sources: \(.*\) \*/$$,\1,p' tests/unit/$(1).c)

$(H)/obj/idl/%.o: $(B)/idl/%.c Makefile | $(IDL_STAMP) $(B)/deps/dtc.ok $(B)/deps/nanopb.ok
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) -Wall -Wextra -Werror $(UNIT_FLAGS) $(DEPFLAGS) -c -o $@ $<
$(H)/obj/%.o: %.c Makefile | $(IDL_STAMP) $(B)/deps/dtc.ok $(B)/deps/nanopb.ok
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(WARNINGS) $(UNIT_FLAGS) $(own_includes) $(DEPFLAGS) -c -o $@ $<
$(H)/lib/libunit.a: $(UNIT_LIB_OBJS)

# Messages that only tests use, for the checks of the code that includes them.
TEST_IDL := $(wildcard tests/unit/*/*.proto)
TEST_IDL_PATH := -Iidl $(addprefix -I,$(sort $(dir $(TEST_IDL))))
$(H)/idl/stamp: $(TEST_IDL) $(wildcard tests/unit/*/*.options) $(IDL_STAMP)
	$(Q)mkdir -p $(@D)
	$(Q)$(if $(TEST_IDL),protoc $(TEST_IDL_PATH) --nanopb_out=$(@D) --nanopb_opt="$(TEST_IDL_PATH) -x skerry.proto" \
		--plugin=protoc-gen-skerry=tools/protoc-gen-skerry --skerry_out=$(@D) \
		$(patsubst -I%,--skerry_opt=%,$(TEST_IDL_PATH)) $(TEST_IDL))
	$(Q)touch $@

define unit_rule
$(H)/unit/$(1): $(H)/obj/tests/unit/$(1).o $(patsubst %.c,$(H)/obj/%.o,$(call unit_sources,$(1))) \
		$(H)/lib/libunit.a $(H)/lib/libfdt.a $(H)/lib/libnanopb.a
	$$(call say,HOSTLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $$(HOST_FLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_rule,$(t))))

# Rules of a test suite, the bench, or a guest's own programs: they add to TEST_PREREQUISITES and BENCH_PREREQUISITES.
include $(wildcard tests/*/*.mk tests/*/*/*.mk bench/*.mk tools/guest/*/*.mk)

# ---- Commands ----------------------------------------------------------------------------------

.PHONY: run image test test-long bench check clean distclean help
export ARCH CONFIG BOARD KERNEL INITRD DISK APPEND GDB

run: all $(if $(filter %ivc,$(CONFIG)),guest-ivc) $(if $(filter $(TREE_BOARDS:=%),$(CONFIG)),$(TREES)) ## Boot QEMU to the guest's shell. CONFIG=system KERNEL= INITRD= DISK= APPEND= GDB=1
	@tools/run.py
image: all $(if $(filter $(TREE_BOARDS),$(BOARD)),$(TREES)) ## Files that a board's U-Boot boots: build/BOARD/card. BOARD=name CONFIG=system KERNEL= INITRD= APPEND=
	@tools/image.py
test: all unit $(TREES) $(TEST_PREREQUISITES) ## Unit, fuzz, ipc and qemu tests
	@tests/run.py unit fuzz ipc qemu
test-long: all unit $(TREES) $(TEST_PREREQUISITES) ## Tests that take longer
	@tests/run.py long
bench: all $(BENCH_PREREQUISITES) ## Instructions per operation: a table, and build/bench.json
	@bench/run.py
check: $(IDL_STAMP) $(H)/idl/stamp libs $(ASM_DEFS) ## Format, static analysis, sizes, structure, docs. CHECKS=NAME: only that one
	@tools/packages.sh check
	@tools/check.py $(CHECKS)
.PHONY: flags
flags: # for tools/check.py: compiler and flags of each group of sources
	@$(foreach n,$(KERNELS),echo $(n) $(CC) $(call kernel_flags,$(call gic_of,$(n)),$(n));)
	@echo service $(CC) $(SERVICE_FLAGS)
	@echo guest $(CC) $(GUEST_FLAGS)
	@echo host $(HOSTCC) $(UNIT_FLAGS)
clean: ## Remove what was built; keep what was fetched
	rm -rf $(filter-out $(B)/deps,$(wildcard $(B)/*))
distclean: ## Remove everything that is not in the repository
	rm -rf $(B)
help: ## This list
	@echo 'make run boots a Linux guest; make test tests. All targets:'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

-include $(shell find $(O) $(H) -name '*.d' -not -path '*/musl/*' 2>/dev/null)
