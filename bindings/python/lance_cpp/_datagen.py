"""Test data made by native code: not built in, as in the reference's wheels."""



def is_datagen_supported() -> bool:
    return False


def rand_batches(schema, *, num_batches=None, batch_size_bytes=None, rows_per_batch=None):
    """Not supported: random batches of a schema."""
    raise NotImplementedError("lance_cpp was not built with the datagen feature")
