"""Rank and world size of torch's processes and loader workers."""

from __future__ import annotations

import os


def get_dist_rank() -> int:
    """This process's rank; 0 without distributed training."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        return dist.get_rank()
    return int(os.environ.get("RANK", 0))


def get_dist_world_size() -> int:
    """The number of processes; 1 without distributed training."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        return dist.get_world_size()
    return int(os.environ.get("WORLD_SIZE", 1))


def get_mp_rank() -> int:
    """This loader worker's number; 0 in the main process."""
    from torch.utils.data import get_worker_info

    info = get_worker_info()
    return 0 if info is None else info.id


def get_mp_world_size() -> int:
    """The number of loader workers; 1 in the main process."""
    from torch.utils.data import get_worker_info

    info = get_worker_info()
    return 1 if info is None else info.num_workers


def get_global_rank() -> int:
    """The rank over processes and workers."""
    return get_dist_rank() * get_mp_world_size() + get_mp_rank()


def get_global_world_size() -> int:
    """All workers of all processes."""
    return get_dist_world_size() * get_mp_world_size()
