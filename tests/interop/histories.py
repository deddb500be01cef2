"""Random histories of a table: each step is made by pylance or by us, and told to a model in memory.

A history is a pure function of its seed.
"""

import collections
import copy
import json
import random

import history_columns as columns
import lance
import pyarrow as pa
from history_merges import Merges
from history_versions import Versions

import lance_cpp

# Move: how often.
MOVES = {
    "append": 5, "append_some_columns": 3, "append_fragments": 2, "append_from_old_version": 2, "delete_from_old_version": 2, "compact_from_old_version": 3, "overwrite": 1, "delete": 5,
    "update": 5, "merge": 9, "add_by_sql": 2, "add_by_reader": 1, "add_by_function": 1, "add_nulls": 1, "join_columns": 1,
    "drop": 2, "rename": 1, "change_type": 1, "change_nullability": 1, "change_member": 1, "compact": 4, "restore": 2,
    "tag": 1, "branch": 1, "write_branch": 2, "delete_branch": 1, "clean_up": 1, "configure": 1, "describe": 1,
    "replace_data": 1, "truncate": 0.4, "shallow_clone": 1, "deep_clone": 0.5,
}  # fmt: skip


class History(Merges, Versions):
    """The rows that a table should have, in the order last seen, and the moves that change them."""

    def __init__(self, seed, uri, stable, version, counts=None):
        self.seed, self.rng = seed, random.Random(seed)
        self.uri, self.stable, self.storage = str(uri), stable, version
        self.counts = collections.Counter() if counts is None else counts
        self.rows, self.next_key, self.next_name = [], 0, 0
        self.schema, self.makers = columns.random_columns(self.rng, version)
        self.addresses = []
        self.log = []
        self.lineage = {}
        self.start_versions()

    # ---- who does what, and with what ----

    def side(self):
        side = self.rng.choice([lance, lance_cpp])
        self.counts[(self.move, side.__name__)] += 1
        self.log[-1] += f" by {side.__name__}"
        return side

    def note(self, text):
        self.log[-1] += f" {text}"

    def open(self, side):
        return side.dataset(self.uri)

    def row(self, key=None):
        rng = self.rng
        if key is None:
            key = self.next_key
            self.next_key += 1
        out = {}
        for field in self.schema:
            if field.name == "k":
                out["k"] = key
            else:
                null = field.nullable and rng.random() < 0.15
                out[field.name] = None if null else self.makers[field.name](rng)
        return out

    def make(self, most):
        return [self.row() for _ in range(self.rng.randrange(most))]

    def table(self, rows, names=None):
        table = pa.Table.from_pylist(rows, schema=self.schema)
        return table if names is None else table.select(names)

    def settings(self):
        return {"max_rows_per_file": self.rng.choice([7, 40, 1 << 20])}

    def fresh_name(self):
        self.next_name += 1
        return f"c{self.next_name}"

    # ---- rows ----

    def create(self, mode="create"):
        side = self.side()
        self.rows = self.make(90)
        side.write_dataset(self.table(self.rows), self.uri, mode=mode, enable_stable_row_ids=self.stable,
                           data_storage_version=self.storage, **self.settings())

    def overwrite(self):
        if self.rng.random() < 0.5:
            self.schema, self.makers = columns.random_columns(self.rng, self.storage)
        self.create("overwrite")
        self.described = {}

    def append(self):
        rows = self.make(60)
        self.side().write_dataset(self.table(rows), self.uri, mode="append", **self.settings())
        self.rows += rows

    def append_some_columns(self):
        names = ["k"] + [f.name for f in self.schema if f.name != "k" and (not f.nullable or self.rng.random() < 0.5)]
        self.rng.shuffle(names)
        rows = self.make(40)
        for row in rows:
            row.update({name: None for name in self.schema.names if name not in names})
        self.note(names)
        self.side().write_dataset(self.table(rows, names), self.uri, mode="append", **self.settings())
        self.rows += rows

    def append_fragments(self):
        """Files by one engine, which travel as JSON to the one that commits them."""
        rows = [self.row() for _ in range(self.rng.randrange(1, 40))]
        writer, committer = self.side(), self.side()
        written = writer.fragment.write_fragments(self.table(rows), self.open(writer), mode="append", **self.settings())
        kind = committer.fragment.FragmentMetadata
        fragments = [kind.from_json(json.dumps(fragment.to_json())) for fragment in written]
        dataset = self.open(committer)
        committer.LanceDataset.commit(self.uri, committer.LanceOperation.Append(fragments), read_version=dataset.version)
        self.rows += rows

    def old(self, side):
        """The version that the last commit came after."""
        return self.open(side).checkout_version(self.open(lance).version - 1)

    def append_from_old_version(self):
        if self.last_kind not in ("append", "delete", "update", "merge", "compact"):
            return self.append()
        rows = self.make(30)
        writer = self.side()
        writer.write_dataset(self.table(rows), self.old(writer), mode="append", **self.settings())
        self.rows += rows

    def delete_from_old_version(self):
        """Rows that were appended since stay."""
        if self.last_kind != "append":
            return self.delete()
        sql, holds = columns.condition(self.rng, self.schema, self.next_key)
        self.note(sql)
        before = {row["k"] for row in self.past[max(self.past) - 1][1]} if max(self.past) - 1 in self.past else None
        if before is None:
            return self.delete()
        self.old(self.side()).delete(sql)
        self.rows = [row for row in self.rows if row["k"] not in before or holds(row) is not True]

    def compact_from_old_version(self):
        """What was deleted or updated since is so in the compacted fragments; pylance 14.0.2 gives up."""
        if self.last_kind not in ("append", "delete", "update", "merge"):
            return self.compact()
        self.counts[(self.move, "lance_cpp")] += 1
        in_place = self.log[-2].endswith("in place")
        try:
            self.old(lance_cpp).optimize.compact_files(target_rows_per_fragment=self.rng.choice([60, 1 << 20]))
        except lance_cpp.commit.CommitConflictError as error:
            # Columns that were rewritten under it are another matter than rows that moved.
            if not in_place and "all rows that were to be rewritten are deleted" not in str(error):
                raise

    def truncate(self):
        self.open(self.side()).truncate_table()
        self.rows = []

    def delete(self):
        if self.rng.random() < 0.03:
            sql, holds = "true", lambda row: True
        else:
            sql, holds = columns.condition(self.rng, self.schema, self.next_key)
        self.note(sql)
        result = self.open(self.side()).delete(sql)
        left = [row for row in self.rows if holds(row) is not True]
        assert result["num_deleted_rows"] == len(self.rows) - len(left)
        self.rows = left

    def update(self):
        sql, holds = columns.condition(self.rng, self.schema, self.next_key)
        name, change, apply = columns.update(self.rng, self.schema)
        self.note(f"{name} = {change} where {sql}")
        result = self.open(self.side()).update({name: change}, where=sql)
        hit = [row for row in self.rows if holds(row) is True]
        assert result["num_rows_updated"] == len(hit)
        for row in hit:
            row[name] = apply(dict(row))

    # ---- columns ----

    def add(self, field, make, values):
        self.schema = self.schema.append(field)
        self.makers[field.name] = make
        for row, value in zip(self.rows, values):
            row[field.name] = value

    def add_by_sql(self):
        name = self.fresh_name()
        if self.rng.random() < 0.5:
            self.open(self.side()).add_columns({name: "k * 2"})
            self.add(pa.field(name, pa.int64()), columns.small, [row["k"] * 2 for row in self.rows])
        else:
            text = next(field.name for field in self.schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
            self.open(self.side()).add_columns({name: f"{text} IS NULL"})
            self.add(self.open(lance).schema.field(name), lambda rng: rng.random() < 0.5, [row[text] is None for row in self.rows])

    def random_values(self):
        kind = self.rng.choice([name for name in columns.POOL if self.storage != "2.0" or columns.POOL[name][2]])
        type_, make, _ = columns.POOL[kind]
        values = [None if self.rng.random() < 0.2 else make(self.rng) for _ in self.rows]
        return type_, make, values

    def add_by_reader(self):
        if not self.rows:
            return self.append()
        name = self.fresh_name()
        type_, make, values = self.random_values()
        self.note(type_)
        # Not slices of one array: pylance 14.0.2 panics on those of nested types.
        batches = [pa.record_batch([pa.array(values[i : i + 23], type_)], [name]) for i in range(0, len(values), 23)]
        self.open(self.side()).add_columns(pa.RecordBatchReader.from_batches(batches[0].schema, batches))
        self.add(pa.field(name, type_), make, values)

    def add_by_function(self):
        name = self.fresh_name()
        side = self.side()

        @side.batch_udf(output_schema=pa.schema([pa.field(name, pa.int64())]))
        def negative(batch):
            return pa.record_batch([pa.compute.negate(batch["k"])], [name])

        self.open(side).add_columns(negative, read_columns=["k"], batch_size=13)
        self.add(pa.field(name, pa.int64()), columns.small, [-row["k"] for row in self.rows])

    def add_nulls(self):
        name = self.fresh_name()
        type_, make, _ = self.random_values()
        self.note(type_)
        self.open(self.side()).add_columns(pa.field(name, type_))
        self.add(pa.field(name, type_), make, [None] * len(self.rows))

    def join_columns(self):
        name = self.fresh_name()
        keys = [row["k"] for row in self.rows if self.rng.random() < 0.6]
        right = pa.table({"key": pa.array(keys, pa.int64()), name: pa.array([f"r{key}" for key in keys], pa.string())})
        if not keys:
            return self.append()
        self.open(self.side()).merge(right, "k", "key")
        there = set(keys)
        self.add(pa.field(name, pa.string()), columns.text, [f"r{row['k']}" if row["k"] in there else None for row in self.rows])

    def others(self, test=lambda field: True):
        return [field for field in self.schema if field.name != "k" and test(field)]

    def is_text(self, field):
        return pa.types.is_string(field.type) or pa.types.is_large_string(field.type)

    def drop(self):
        choices = self.others(lambda field: not self.is_text(field))
        if len(choices) < 2:
            return self.append()
        names = [field.name for field in self.rng.sample(choices, self.rng.randrange(1, min(3, len(choices))))]
        self.note(names)
        self.open(self.side()).drop_columns(names)
        self.schema = pa.schema([field for field in self.schema if field.name not in names])
        for row in self.rows:
            for name in names:
                del row[name]

    def change_field(self, old, new):
        self.schema = self.schema.set(self.schema.get_field_index(old.name), new)
        self.makers[new.name] = self.makers[old.name]

    def rename(self):
        field = self.rng.choice(self.others())
        name = self.fresh_name()
        self.note(f"{field.name} to {name}")
        self.open(self.side()).alter_columns({"path": field.name, "name": name})
        self.change_field(field, field.with_name(name))
        self.rows = [{(name if key == field.name else key): value for key, value in row.items()} for row in self.rows]
        if field.name in self.described:
            self.described[name] = self.described.pop(field.name)

    def change_type(self):
        choices = self.others(lambda field: field.type in columns.WIDER)
        field = self.rng.choice(choices)
        wider = columns.WIDER[field.type]
        self.note(f"{field.name} from {field.type} to {wider}")
        self.open(self.side()).alter_columns({"path": field.name, "data_type": wider})
        self.change_field(field, field.with_type(wider))
        # A changed column is a new one, with no metadata.
        self.described = {}
        self.metadata_known = False

    def change_nullability(self):
        field = self.rng.choice(self.others())
        if field.nullable and any(row[field.name] is None for row in self.rows):
            return self.update()
        self.note(f"{field.name} to nullable={not field.nullable}")
        self.open(self.side()).alter_columns({"path": field.name, "nullable": not field.nullable})
        self.change_field(field, field.with_nullable(not field.nullable))

    def change_member(self):
        """Renames or drops a member of a struct."""
        choices = self.others(lambda field: pa.types.is_struct(field.type) and field.type.num_fields > 1)
        if not choices:
            return self.update()
        field = self.rng.choice(choices)
        member = field.type.field(self.rng.randrange(field.type.num_fields)).name
        path = f"{field.name}.{member}"
        if self.rng.random() < 0.5:
            name = self.fresh_name()
            self.note(f"{path} to {name}")
            self.open(self.side()).alter_columns({"path": path, "name": name})
        else:
            name = None
            self.note(f"drop {path}")
            self.open(self.side()).drop_columns([path])

        def change(value):
            if value is None:
                return None
            return {(name if key == member else key): v for key, v in value.items() if key != member or name}

        members = [f.with_name(name) if f.name == member else f for f in field.type if f.name != member or name]
        make = self.makers[field.name]
        self.change_field(field, field.with_type(pa.struct(members)))
        self.makers[field.name] = lambda rng: change(make(rng))
        for row in self.rows:
            row[field.name] = change(row[field.name])

    def replace_data(self):
        """A fragment's file by one with other values of all columns."""
        dataset = self.open(lance)
        ids = [field.id() for field in dataset.lance_schema.fields()]
        choices = [f for f in dataset.get_fragments() if len(f.metadata.files) == 1 and len(ids) <= len(f.metadata.files[0].fields)]
        if not choices:
            return self.append()
        fragment = self.rng.choice(choices)
        rows = [self.row(-1) for _ in range(fragment.physical_rows)]
        at = {}
        for row, address in zip(self.rows, self.addresses):
            if address >> 32 == fragment.fragment_id:
                at[address & 0xFFFFFFFF] = row
        for offset, row in at.items():
            rows[offset]["k"] = row["k"]
        writer, committer = self.side(), self.side()
        written = writer.fragment.write_fragments(self.table(rows), self.open(writer), mode="append")
        file = written[0].files[0]
        if list(file.fields) != list(fragment.metadata.files[0].fields):
            return self.append()
        kind = committer.fragment.DataFile
        file = kind(file.path, list(file.fields), list(file.column_indices), file.file_major_version,
                    file.file_minor_version, file.file_size_bytes)
        group = committer.LanceOperation.DataReplacementGroup(fragment.fragment_id, file)
        committer.LanceDataset.commit(self.uri, committer.LanceOperation.DataReplacement([group]), read_version=dataset.version)
        for offset, row in at.items():
            row.update(rows[offset])

    def compact(self):
        options = self.rng.choice([{}, {"target_rows_per_fragment": 30}, {"target_rows_per_fragment": 120},
                                   {"materialize_deletions": False}, {"materialize_deletions_threshold": 0.0},
                                   {"num_threads": 1}, {"batch_size": 9}, {"max_source_fragments": 3},
                                   {"compaction_mode": "try_binary_copy"},
                                   {"compaction_mode": "try_binary_copy", "target_rows_per_fragment": 60}]
                                  + ([] if self.stable else [{"defer_index_remap": True}]))
        self.note(options)
        self.open(self.side()).optimize.compact_files(**options)

    # ---- one step ----

    def step(self):
        move = self.rng.choices(list(MOVES), MOVES.values())[0]
        self.take(move)

    def take(self, move):
        before = (self.schema, copy.deepcopy(self.rows), dict(self.makers), dict(self.described))
        self.move = move
        self.log.append(move)
        getattr(self, move)()
        self.last_kind = self.log[-1].split()[0]
        self.check()
        self.remember()
        return before

    def check(self):
        ours, theirs = self.open(lance_cpp), self.open(lance)
        assert ours.version == theirs.version
        assert ours.schema.equals(theirs.schema, check_metadata=True), f"{ours.schema} is not {theirs.schema}"
        assert ours.schema.equals(self.schema), f"{ours.schema} should be {self.schema}"
        extra = ["_rowid", "_rowaddr"]
        if self.stable:
            extra += ["_row_created_at_version", "_row_last_updated_at_version"]
        names = self.schema.names
        mine, other = (each.to_table(columns=names + extra) for each in (ours, theirs))
        mine, other = mine.to_pylist(), other.to_pylist()
        assert mine == other, "the readers differ: " + first_difference(mine, other)
        ids = [row["_rowid"] for row in mine]
        assert len(set(ids)) == len(ids)
        rows = [{name: row[name] for name in names} for row in mine]
        found, wanted = (sorted(each, key=lambda row: row["k"]) for each in (rows, self.rows))
        assert found == wanted, "the model differs: " + first_difference(found, wanted)
        assert ours.count_rows() == len(self.rows)
        theirs.validate()
        self.rows, self.addresses = rows, [row["_rowaddr"] for row in mine]
        self.check_metadata(ours, theirs)
        if self.stable:
            self.check_lineage(mine, ours.version)

    def check_lineage(self, rows, version):
        """A row keeps its id and the version that it was created at for as long as it lives."""
        now = {row["k"]: (row["_rowid"], row["_row_created_at_version"]) for row in rows}
        if self.log[-1].startswith(("append", "delete", "update", "merge", "compact", "add", "drop", "rename", "change")):
            for key, found in now.items():
                before = self.lineage.get(key)
                if before is not None:
                    assert before == found, f"row {key} was {before} and is {found}"
        for row in rows:
            assert row["_row_created_at_version"] <= row["_row_last_updated_at_version"] <= version
        self.lineage = now


def first_difference(a, b):
    if len(a) != len(b):
        keys = [sorted(row["k"] for row in each) for each in (a, b)]
        return f"{len(a)} rows are not {len(b)}: {sorted(set(keys[0]) ^ set(keys[1]))[:9]}"
    for x, y in zip(a, b):
        for name in x:
            if name not in y or x[name] != y[name]:
                return f"row {x['k']}, column {name}: {x[name]!r:.200} is not {y.get(name)!r:.200}"
    return "none"


def run(seed, uri, kind, steps, counts=None):
    """One history; raises with its seed and all of its steps where something differs."""
    version, stable = ("2.2", True) if kind == "stable" else (kind, False)
    history = History(f"{kind}-{seed}", uri, stable, version, counts)
    try:
        history.take("create")
        for _ in range(steps):
            history.step()
    except Exception as error:
        steps = "\n  ".join(history.log)
        raise AssertionError(f"history of seed {seed}, kind {kind}, in {uri}: {type(error).__name__}: {error}\n  {steps}") from error
    return history


KINDS = ["2.0", "2.1", "2.2", "stable"]
