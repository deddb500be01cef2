"""Versions, tags, branches, clones, cleanup and metadata in the random histories."""

import copy
import datetime
import shutil

import lance

import lance_cpp


class Versions:
    """What a table has beside the rows of its newest version."""

    def start_versions(self):
        self.past = {}  # version: what it held
        self.tags, self.branches = {}, {}
        self.config, self.described = {}, {}
        self.metadata_known = True
        self.last_kind = ""
        self.clones = 0

    def remember(self):
        version = self.open(lance).version
        self.past[version] = (self.schema, copy.deepcopy(self.rows), dict(self.makers), dict(self.described))
        for old in sorted(self.past)[:-8]:
            if old not in self.tags.values():
                del self.past[old]

    def expect(self, dataset, held):
        schema, rows = held[0], held[1]
        assert dataset.schema.equals(schema), f"{dataset.schema} should be {schema}"
        found = sorted(dataset.to_table().to_pylist(), key=lambda row: row["k"])
        assert found == sorted(rows, key=lambda row: row["k"]), f"an old version of {len(rows)} rows has other ones"

    def restore(self):
        version = self.rng.choice(sorted(self.past))
        if self.past[version][0] != self.schema and self.rng.random() < 0.5:
            version = max(self.past)
        self.note(version)
        self.open(self.side()).checkout_version(version).restore()
        self.schema, rows, self.makers, self.described = self.past[version]
        self.rows, self.makers, self.described = copy.deepcopy(rows), dict(self.makers), dict(self.described)
        self.metadata_known = False

    def tag(self):
        side = self.side()
        tags = self.open(side).tags
        version = self.rng.choice(sorted(self.past))
        if self.tags and self.rng.random() < 0.3:
            name = self.rng.choice(sorted(self.tags))
            self.note(f"delete {name}")
            tags.delete(name)
            del self.tags[name]
        elif self.tags and self.rng.random() < 0.3:
            name = self.rng.choice(sorted(self.tags))
            self.note(f"move {name} to {version}")
            tags.update(name, version)
            self.tags[name] = version
        else:
            name = self.fresh_name()
            self.note(f"{name} at {version}")
            tags.create(name, version)
            self.tags[name] = version
        for module in (lance, lance_cpp):
            assert {name: tag["version"] for name, tag in self.open(module).tags.list().items()} == self.tags
            if self.tags:
                name = self.rng.choice(sorted(self.tags))
                self.expect(module.dataset(self.uri, version=name), self.past[self.tags[name]])

    def branch(self):
        name = self.fresh_name()
        version = self.rng.choice(sorted(self.past))
        self.note(f"{name} at {version}")
        self.open(self.side()).create_branch(name, version)
        self.branches[name] = copy.deepcopy(self.past[version])
        self.check_branch(name)

    def check_branch(self, name):
        for module in (lance, lance_cpp):
            self.expect(self.open(module).checkout_version((name, None)), self.branches[name])

    def write_branch(self):
        if not self.branches:
            return self.branch()
        name = self.rng.choice(sorted(self.branches))
        here = self.schema, self.rows, self.makers, self.described
        self.schema, rows, self.makers, self.described = self.branches[name]
        side = self.side()
        dataset = self.open(side).checkout_version((name, None))
        added = self.make(20)
        if self.rng.random() < 0.6:
            self.note(f"append to {name}")
            side.write_dataset(self.table(added), dataset, mode="append", **self.settings())
            rows = rows + added
        else:
            self.note(f"delete from {name}")
            dataset.delete("k % 4 = 1")
            rows = [row for row in rows if row["k"] % 4 != 1]
        self.branches[name] = (self.schema, rows, self.makers, self.described)
        self.schema, self.rows, self.makers, self.described = here
        self.check_branch(name)

    def delete_branch(self):
        if not self.branches:
            return self.tag()
        name = self.rng.choice(sorted(self.branches))
        self.note(name)
        self.open(self.side()).branches.delete(name)
        del self.branches[name]
        for module in (lance, lance_cpp):
            assert set(self.open(module).branches.list()) == set(self.branches)

    def clean_up(self):
        options = self.rng.choice([{"older_than": datetime.timedelta(0)}, {"retain_versions": 3},
                                   {"older_than": datetime.timedelta(0), "delete_unverified": True}])
        self.note(options)
        self.open(self.side()).cleanup_old_versions(error_if_tagged_old_versions=False, **options)
        left = [sorted(v["version"] for v in self.open(module).versions()) for module in (lance, lance_cpp)]
        assert left[0] == left[1]
        assert set(self.tags.values()) <= set(left[0])
        self.past = {version: held for version, held in self.past.items() if version in left[0]}
        self.last_kind = ""
        for name in self.branches:
            self.check_branch(name)
        for name, version in self.tags.items():
            self.expect(lance_cpp.dataset(self.uri, version=name), self.past[version])

    def configure(self):
        dataset = self.open(self.side())
        key, value = f"key{self.rng.randrange(4)}", str(self.rng.randrange(100))
        kind = self.rng.choice(["config", "delete", "metadata", "schema"])
        self.note(f"{kind} {key} {value}")
        if kind == "config":
            dataset.update_config({key: value})
            self.config[key] = value
        elif kind == "delete":
            dataset.delete_config_keys([key])
            self.config.pop(key, None)
        elif kind == "metadata":
            dataset.update_metadata({key: value})
        else:
            dataset.update_schema_metadata({key: value})

    def describe(self):
        """Metadata of a field."""
        name = self.rng.choice(self.schema.names)
        key, value = f"m{self.rng.randrange(3)}", str(self.rng.randrange(100))
        self.note(f"{name} {key} {value}")
        self.open(self.side()).update_field_metadata({name: {key: value}})
        self.described.setdefault(name, {})[key] = value

    def check_metadata(self, ours, theirs):
        assert ours.config() == theirs.config() and ours.metadata == theirs.metadata
        assert ours.schema_metadata == theirs.schema_metadata
        if not self.log[-1].startswith("restore"):
            assert {key: value for key, value in theirs.config().items() if key.startswith("key")} == self.config
        self.config = {key: value for key, value in theirs.config().items() if key.startswith("key")}

    def shallow_clone(self):
        self.clone("shallow_clone")

    def deep_clone(self):
        self.clone("deep_clone")

    def clone(self, kind):
        self.clones += 1
        uri = f"{self.uri}-clone{self.clones}"
        version = self.rng.choice(sorted(self.past))
        self.note(version)
        side = self.side()
        getattr(self.open(side), kind)(uri, version)
        held = self.past[version]
        here = self.schema, self.rows, self.makers
        self.schema, self.rows, self.makers = held[0], copy.deepcopy(held[1]), held[2]
        added = self.make(20)
        self.side().write_dataset(self.table(added), uri, mode="append")
        for module in (lance, lance_cpp):
            self.expect(module.dataset(uri), (self.schema, self.rows + added))
        if self.rng.random() < 0.5:
            self.side().dataset(uri).delete("k % 5 = 2")
            left = [row for row in self.rows + added if row["k"] % 5 != 2]
            for module in (lance, lance_cpp):
                self.expect(module.dataset(uri), (self.schema, left))
        self.schema, self.rows, self.makers = here
        shutil.rmtree(uri)
