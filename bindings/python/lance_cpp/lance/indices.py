"""What workers of a distributed index build share."""

from __future__ import annotations

import json
import os


def build_rq_model(dimension, num_bits=5, dtype="float32") -> str:
    """Draws a rotation for ``IVF_RQ``, as JSON, to give to every ``create_index_uncommitted(rabitq_model=...)``.

    Segments that were built with the same one can be merged.

    :param dimension: of the vectors, a multiple of 8
    :param num_bits: bits a dimension
    """
    if dimension % 8 != 0:
        raise ValueError("dimension must be divisible by 8 for IVF_RQ")
    return json.dumps({
        "rotate_mat_position": None, "fast_rotation_signs": list(os.urandom(dimension // 2)),
        "rotation_type": "fast", "code_dim": dimension, "num_bits": num_bits, "packed": False,
        "query_estimator": "raw_query",
    }, separators=(",", ":"))  # fmt: skip


def rotation_of(model, dimension, num_bits) -> bytes:
    """The signs of a rotation that ``build_rq_model`` drew, for vectors of a dimension and codes of so many bits."""
    try:
        values = json.loads(model)
        signs = bytes(values["fast_rotation_signs"])
        told_bits, told_dimension = values["num_bits"], values["code_dim"]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"Invalid rabitq_model JSON: {error}") from error
    if told_bits != num_bits:
        raise ValueError(f"rabitq_model num_bits={told_bits} does not match requested num_bits={num_bits}")
    if told_dimension != dimension or len(signs) != dimension // 2:
        raise ValueError(f"rabitq_model dimension={told_dimension} does not match vector dimension={dimension}")
    return signs
