"""Helpers for torch. The package itself needs no torch; what uses it imports it."""

from __future__ import annotations


def preferred_device(device=None):
    """The device asked for, else CUDA, else MPS, else the CPU."""
    import torch

    if device is not None:
        return torch.device(device) if isinstance(device, str) else device
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
