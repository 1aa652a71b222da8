# SPDX-License-Identifier: BSD-2-Clause
# What bench/run.py needs beyond what boots: QEMU's plugin that counts instructions by owner.

BENCH_PREREQUISITES += $(H)/bench/owners.so

$(H)/bench/owners.so: bench/plugin/owners.c Makefile bench/bench.mk
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(WARNINGS) -std=gnu11 -O2 -g -fPIC -shared -fvisibility=hidden -MMD -MP -MF $(@:.so=.d) -o $@ $<
