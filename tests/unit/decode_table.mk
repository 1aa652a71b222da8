# SPDX-License-Identifier: BSD-2-Clause
# What the disassembler says of instructions, for tests/unit/test_vmm_decode.c.
$(H)/unit/decode_table.bin: tests/unit/decode_table.py
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tests/unit/decode_table.py $(OBJDUMP) $@
$(H)/obj/tests/unit/test_vmm_decode.o: $(H)/unit/decode_table.bin
