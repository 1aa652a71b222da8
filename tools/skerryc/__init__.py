# SPDX-License-Identifier: BSD-2-Clause
"""The configuration compiler: TOML of configs/ in, protobuf of idl/config.proto and the boot plan out."""
