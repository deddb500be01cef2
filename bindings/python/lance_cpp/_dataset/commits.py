"""Transactions: committing operations computed elsewhere, and reading what was committed."""

from __future__ import annotations

from datetime import timedelta

from lance_cpp import _native
from lance_cpp._dataset import native_values, writing
from lance_cpp._dataset.locking import locking
from lance_cpp._dataset.operations import BulkCommitResult, LanceOperation, Transaction, with_message
from lance_cpp._unsupported import unsupported

DEFAULT_COMMIT_TIMEOUT = timedelta(minutes=30)


def milliseconds(duration):
    """Of a ``timedelta`` or seconds; None stays None."""
    if duration is None:
        return None
    if not isinstance(duration, timedelta):
        duration = timedelta(seconds=duration)
    return int(duration / timedelta(milliseconds=1))


def _commit(target, transaction, name, *, commit_lock, storage_options, enable_v2_manifest_paths, detached,
            max_retries, enable_stable_row_ids, commit_timeout):  # fmt: skip
    from lance_cpp._dataset.table import LanceDataset

    if commit_lock is None and isinstance(target, LanceDataset):
        commit_lock = target._commit_lock
    options = {
        "storage_options": dict(storage_options or {}),
        "v2_manifest_names": True if enable_v2_manifest_paths is None else enable_v2_manifest_paths,
        "detached": bool(detached),
        "max_retries": max_retries,
        "stable_row_ids": bool(enable_stable_row_ids),
        "retry_timeout_ms": milliseconds(commit_timeout),
    }
    values = native_values.transaction_to_native(transaction)
    if detached and transaction.read_version >> 63:
        # A detached version is not in the line of versions: the next one is built on it directly.
        target = (target if isinstance(target, LanceDataset) else LanceDataset(target)).checkout_version(
            transaction.read_version
        )
    with locking(writing.check_lock(commit_lock)) as guard:
        options["commit_lock"] = guard
        native = _native.commit_transaction(writing.destination(target, name), values, options)
    if isinstance(target, LanceDataset):
        return target._sibling(native)
    return writing.opened(native, storage_options)


def commit(
    base_uri, operation, read_version=None, commit_lock=None, storage_options=None, enable_v2_manifest_paths=None,
    detached=False, max_retries=20, *, commit_message=None, enable_stable_row_ids=None, namespace_client=None,
    table_id=None, namespace_client_managed_versioning=False, base_store_params=None,
    commit_timeout=DEFAULT_COMMIT_TIMEOUT,
):  # fmt: skip
    """See ``LanceDataset.commit``."""
    writing.destination(base_uri, "base_uri")
    writing.check_lock(commit_lock)
    if namespace_client_managed_versioning:
        raise unsupported("commit(namespace_client_managed_versioning=True)", "versions are kept in the table")
    writing.refuse_options(
        base_store_params=(base_store_params, {}, "all bases are opened with the same storage options")
    )
    if isinstance(operation, Transaction):
        if commit_message is not None:
            raise ValueError(
                "commit_message is not supported when calling commit with a Transaction.  Set the message on the "
                "transaction properties instead."
            )
        transaction = operation
    elif isinstance(operation, LanceOperation.BaseOperation):
        if read_version is None and not isinstance(operation, (LanceOperation.Overwrite, LanceOperation.Restore)):
            raise ValueError("read_version is required for all operations except Overwrite and Restore")
        properties = with_message(commit_message, None) or {}
        transaction = Transaction(read_version or 0, operation, transaction_properties=properties)
    else:
        raise TypeError(f"operation must be a LanceOperation.BaseOperation or Transaction, got {type(operation)}")
    return _commit(
        base_uri,
        transaction,
        "base_uri",
        commit_lock=commit_lock,
        storage_options=storage_options,
        enable_v2_manifest_paths=enable_v2_manifest_paths,
        detached=detached,
        max_retries=max_retries,
        enable_stable_row_ids=enable_stable_row_ids,
        commit_timeout=commit_timeout,
    )


def commit_batch(
    dest, transactions, commit_lock=None, storage_options=None, enable_v2_manifest_paths=None, detached=False,
    max_retries=20, base_store_params=None, commit_timeout=DEFAULT_COMMIT_TIMEOUT,
):  # fmt: skip
    """See ``LanceDataset.commit_batch``."""
    writing.check_lock(commit_lock)
    transactions = list(transactions)
    if not transactions:
        raise OSError("Invalid user input: No transactions to commit")
    if not all(isinstance(transaction.operation, LanceOperation.Append) for transaction in transactions):
        raise OSError("Not supported: Only append transactions are supported in batch commits")
    fragments = [fragment for transaction in transactions for fragment in transaction.operation.fragments]
    read_version = min(transaction.read_version for transaction in transactions)
    merged = Transaction(read_version, LanceOperation.Append(fragments))
    dataset = _commit(
        dest,
        merged,
        "base_uri",
        commit_lock=commit_lock,
        storage_options=storage_options,
        enable_v2_manifest_paths=enable_v2_manifest_paths,
        detached=detached,
        max_retries=max_retries,
        enable_stable_row_ids=None,
        commit_timeout=commit_timeout,
    )
    return BulkCommitResult(dataset=dataset, merged=merged)


def read_transaction(dataset, version):
    """The transaction that made a version, or None when it is no longer there."""
    values = dataset._ds.checkout(number=version, tag=None, branch=dataset._branch).read_transaction()
    return None if values is None else native_values.transaction_from_native(values)


def get_transactions(dataset, recent_transactions):
    """The newest transactions, newest first; None for those that are gone."""
    numbers = [number for number in dataset._ds.version_numbers() if number <= dataset.version]
    numbers = sorted(numbers, reverse=True)[:recent_transactions]
    return [read_transaction(dataset, number) for number in numbers]


class DatasetDelta:
    """What changed in the versions after ``begin_version`` up to ``end_version``."""

    def __init__(self, delta):
        self._dataset, self._begin, self._end = delta

    def list_transactions(self) -> list[Transaction]:
        """The transactions of these versions, oldest first."""
        return [read_transaction(self._dataset, number) for number in range(self._begin + 1, self._end + 1)]

    def _rows(self, read):
        from lance_cpp._dataset import results

        return results.to_reader(read(self._dataset._ds, self._begin, self._end))

    def get_inserted_rows(self):
        """Rows that are new, with their ids and versions."""
        return self._rows(_native.inserted_rows)

    def get_updated_rows(self):
        """Rows that changed, with their ids and versions."""
        return self._rows(_native.updated_rows)

    def get_deleted_row_ids(self):
        """The ids of rows that are gone."""
        return self._rows(_native.deleted_row_ids)


def delta(dataset, compared_against, begin_version, end_version) -> DatasetDelta:
    """See ``LanceDataset.delta``."""
    if compared_against is not None:
        low, high = sorted((compared_against, dataset.version))
        return DatasetDelta((dataset, low, high))
    if begin_version is None and end_version is None:
        raise ValueError(
            "Invalid user input: Must specify either compared_against_version or both with_begin_version and "
            "with_end_version"
        )
    if begin_version is None or end_version is None:
        raise ValueError("Invalid user input: Must specify both with_begin_version and with_end_version")
    return DatasetDelta((dataset, begin_version, end_version))
