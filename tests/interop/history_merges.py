"""merge_insert in the random histories."""


class Merges:
    """Update-or-insert, in all its forms."""

    def merge(self):
        rng = self.rng
        keys = [row["k"] for row in self.rows]
        keys = rng.sample(keys, min(len(keys), rng.randrange(12)))
        source = [self.row(key) for key in keys] + self.make(10)
        rng.shuffle(source)
        names = self.source_columns()
        matched = rng.choice(["update", "update", "update if", "nothing", "delete", "fail"])
        inserts = matched == "nothing" or rng.random() < 0.6
        if any(not self.schema.field(name).nullable for name in self.schema.names if name not in names):
            names = list(self.schema.names)
        by_source = rng.choice(["keep", "keep", "keep", "delete", "delete if"])
        if matched == "delete" and not inserts:
            by_source = "keep"  # pylance 14.0.2 fails with an internal error on the others
        if matched == "fail":
            inserts, by_source = True, "keep"
            present = set(keys)
            source = [row for row in source if row["k"] not in present]
        side = self.side()
        self.note(f"{matched} insert={inserts} by_source={by_source} {names} of {len(source)}")
        builder = self.builder(self.open(side), matched, inserts, by_source)
        in_place = matched.startswith("update") and not inserts and by_source == "keep" and len(source) > 0
        if in_place and 1 < len(names) < len(self.schema.names) and rng.random() < 0.7:
            builder = builder.write_mode("rewrite_columns")
            self.note("in place")
        stats = builder.execute(self.table(source, names))
        expected = self.apply_merge(source, names, matched, inserts, by_source)
        assert {key: stats[key] for key in expected} == expected, (stats, expected)

    def source_columns(self):
        names = list(self.schema.names)
        if self.rng.random() < 0.4:
            names = ["k"] + self.rng.sample([name for name in names if name != "k"], min(2, len(names) - 1))
        return names

    def builder(self, dataset, matched, inserts, by_source):
        builder = dataset.merge_insert("k")
        if matched == "update":
            builder = builder.when_matched_update_all()
        elif matched == "update if":
            builder = builder.when_matched_update_all("target.k % 2 = 0 AND source.k > 3")
        elif matched == "delete":
            builder = builder.when_matched_delete()
        elif matched == "fail":
            builder = builder.when_matched_fail()
        if inserts:
            builder = builder.when_not_matched_insert_all()
        if by_source == "delete":
            builder = builder.when_not_matched_by_source_delete()
        elif by_source == "delete if":
            builder = builder.when_not_matched_by_source_delete("k % 3 = 0")
        return builder

    def apply_merge(self, source, names, matched, inserts, by_source):
        by_key = {row["k"]: row for row in source}
        counts = {"num_inserted_rows": 0, "num_updated_rows": 0, "num_deleted_rows": 0}
        seen = {row["k"] for row in self.rows}
        kept = []
        for row in self.rows:
            other = by_key.get(row["k"])
            if other is None:
                gone = by_source == "delete" or (by_source == "delete if" and row["k"] % 3 == 0)
                counts["num_deleted_rows"] += gone
                if not gone:
                    kept.append(row)
                continue
            if matched == "delete":
                counts["num_deleted_rows"] += 1
                continue
            if matched == "update" or (matched == "update if" and row["k"] % 2 == 0 and row["k"] > 3):
                counts["num_updated_rows"] += 1
                row = {**row, **{name: other[name] for name in names}}
            kept.append(row)
        if inserts:
            for row in source:
                if row["k"] not in seen:
                    counts["num_inserted_rows"] += 1
                    kept.append({name: row[name] if name in names else None for name in self.schema.names})
        self.rows = kept
        return counts
