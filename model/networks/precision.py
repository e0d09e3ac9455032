"""Arithmetic in bfloat16 where the processor has it: half the time for the large products of a transformer."""

import torch


def has_fast_bfloat16() -> bool:
    """Tell whether this processor multiplies bfloat16 in hardware."""
    # Older versions of torch cannot say; float32 is right everywhere.
    found: dict[str, object] = dict(torch.cpu.get_capabilities()) if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def fast_arithmetic() -> torch.autocast:
    """Give the context in which the CPU multiplies in bfloat16 where that is fast, and in float32 elsewhere."""
    return torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16())
