from datetime import date, datetime
from os import PathLike
from typing import Any

from lance_cpp import arrow as arrow
from lance_cpp import bitmap as bitmap
from lance_cpp import blob as blob
from lance_cpp import commit as commit
from lance_cpp import debug as debug
from lance_cpp import dependencies as dependencies
from lance_cpp import download as download
from lance_cpp import file as file
from lance_cpp import fragment as fragment
from lance_cpp import hf as hf
from lance_cpp import indices as indices
from lance_cpp import io as io
from lance_cpp import lance as lance
from lance_cpp import log as log
from lance_cpp import mem_wal as mem_wal
from lance_cpp import namespace as namespace
from lance_cpp import optimize as optimize
from lance_cpp import otel as otel
from lance_cpp import progress as progress
from lance_cpp import pydantic as pydantic
from lance_cpp import query as query
from lance_cpp import sampler as sampler
from lance_cpp import schema as schema
from lance_cpp import torch as torch
from lance_cpp import tracing as tracing
from lance_cpp import types as types
from lance_cpp import udf as udf
from lance_cpp import util as util
from lance_cpp import vector as vector
from lance_cpp._dataset.merge_insert import MergeInsertBuilder as MergeInsertBuilder
from lance_cpp._dataset.operations import Index as Index
from lance_cpp._dataset.operations import IndexFile as IndexFile
from lance_cpp._dataset.operations import LanceOperation as LanceOperation
from lance_cpp._dataset.operations import Transaction as Transaction
from lance_cpp._dataset.scanner import LanceScanner as LanceScanner
from lance_cpp._dataset.statistics import DataStatistics as DataStatistics
from lance_cpp._dataset.statistics import FieldStatistics as FieldStatistics
from lance_cpp._dataset.table import LanceDataset as LanceDataset
from lance_cpp._dataset.writing import write_dataset as write_dataset
from lance_cpp.blob import Blob as Blob
from lance_cpp.blob import BlobArray as BlobArray
from lance_cpp.blob import BlobColumn as BlobColumn
from lance_cpp.blob import BlobDescriptor as BlobDescriptor
from lance_cpp.blob import BlobDescriptorArrayBuilder as BlobDescriptorArrayBuilder
from lance_cpp.blob import BlobFile as BlobFile
from lance_cpp.blob import BlobType as BlobType
from lance_cpp.blob import DedicatedBlobWriter as DedicatedBlobWriter
from lance_cpp.blob import PackedBlobWriter as PackedBlobWriter
from lance_cpp.blob import blob_array as blob_array
from lance_cpp.blob import blob_field as blob_field
from lance_cpp.fragment import FragmentMetadata as FragmentMetadata
from lance_cpp.fragment import LanceFragment as LanceFragment
from lance_cpp.lance import CleanupCandidateFile as CleanupCandidateFile
from lance_cpp.lance import CleanupExplanation as CleanupExplanation
from lance_cpp.lance import CleanupReferencedBranch as CleanupReferencedBranch
from lance_cpp.lance import CleanupStats as CleanupStats
from lance_cpp.lance import DatasetBasePath as DatasetBasePath
from lance_cpp.lance import FFILanceTableProvider as FFILanceTableProvider
from lance_cpp.lance import FtsToken as FtsToken
from lance_cpp.lance import ScanStatistics as ScanStatistics
from lance_cpp.lance import Session as Session
from lance_cpp.lance import bytes_read_counter as bytes_read_counter
from lance_cpp.lance import iops_counter as iops_counter
from lance_cpp.lance import simd_info as simd_info
from lance_cpp.lance import tokenize as tokenize
from lance_cpp.log import set_logger as set_logger
from lance_cpp.mem_wal import CompactedSsTable as CompactedSsTable
from lance_cpp.mem_wal import ExecutionPlan as ExecutionPlan
from lance_cpp.mem_wal import LsmPointLookupPlanner as LsmPointLookupPlanner
from lance_cpp.mem_wal import LsmScanner as LsmScanner
from lance_cpp.mem_wal import LsmVectorSearchPlanner as LsmVectorSearchPlanner
from lance_cpp.mem_wal import ShardSnapshot as ShardSnapshot
from lance_cpp.mem_wal import ShardWriter as ShardWriter
from lance_cpp.mem_wal import ShardingField as ShardingField
from lance_cpp.mem_wal import ShardingSpec as ShardingSpec
from lance_cpp.mem_wal import evaluate_sharding_spec as evaluate_sharding_spec
from lance_cpp.progress import IndexProgress as IndexProgress
from lance_cpp.schema import json_to_schema as json_to_schema
from lance_cpp.schema import schema_to_json as schema_to_json
from lance_cpp.udf import batch_udf as batch_udf
from lance_cpp.util import sanitize_ts as sanitize_ts

__version__: str

def dataset(
    uri: str | PathLike[str] | None = None,
    version: int | str | tuple[str | None, int | None] | None = None,
    asof: datetime | date | str | None = None,
    block_size: int | None = None,
    commit_lock: Any = None,
    index_cache_size: int | None = None,
    storage_options: dict[str, str] | None = None,
    default_scan_options: dict[str, Any] | None = None,
    metadata_cache_size_bytes: int | None = None,
    index_cache_size_bytes: int | None = None,
    read_params: dict[str, Any] | None = None,
    session: Session | None = None,
    namespace_client: Any = None,
    table_id: list[str] | None = None,
    base_store_params: dict[str, Any] | None = None,
) -> LanceDataset: ...
