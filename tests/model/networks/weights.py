"""Random weights that hide no mistake: no bias at zero, no norm at one, no batch norm without statistics."""

import torch
from torch import nn


def stirred(network: nn.Module, seed: int = 0, spread: float = 0.05) -> nn.Module:
    """Move every parameter and every statistic of a network, and put it in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(spread * torch.randn(parameter.shape, generator=generator))
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.add_(spread * torch.randn(buffer.shape, generator=generator))
            elif name.endswith("running_var"):
                buffer.mul_(0.5 + torch.rand(buffer.shape, generator=generator))
    return network.eval()
