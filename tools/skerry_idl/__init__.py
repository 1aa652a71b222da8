# SPDX-License-Identifier: BSD-2-Clause
"""What tools/protoc-gen-skerry is made of."""
