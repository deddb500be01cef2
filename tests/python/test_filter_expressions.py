"""pyarrow expressions as filter text: exact, or refused by name."""

import datetime
import decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from lance_cpp._dataset.scanner import filter_to_sql

SCHEMA = pa.schema(
    [
        ("a", pa.int64()),
        ("s", pa.string()),
        ("f", pa.float32()),
        ("n", pa.struct([("m", pa.struct([("deep", pa.int8())]))])),
        ("odd `name`", pa.int32()),
        ("t", pa.timestamp("us")),
    ]
)

CASES = [
    (pc.field("a") > 5, "(`a` > 5)"),
    (pc.field("a") == -7, "(`a` = -7)"),
    ((pc.field("a") >= 1) & (pc.field("s") != "x"), "((`a` >= 1) AND (`s` <> 'x'))"),
    ((pc.field("a") < 1) | ~(pc.field("a") <= 2), "((`a` < 1) OR (NOT (`a` <= 2)))"),
    (pc.field("s") == "it's", "(`s` = 'it''s')"),
    (pc.field("odd `name`") == 1, "(`odd ``name``` = 1)"),
    (pc.field("n", "m", "deep") == 1, "(`n`.`m`.`deep` = 1)"),
    (pc.field("a").isin([1, 2]), "(`a` IN (1, 2))"),
    (pc.field("s").isin(["x", "y'"]), "(`s` IN ('x', 'y'''))"),
    (pc.field("a").isin(pa.array([], pa.int64())), "false"),
    (pc.field("a").is_null(), "(`a` IS NULL)"),
    (pc.field("f").is_null(nan_is_null=True), "(`f` IS NULL OR isnan(`f`))"),
    (pc.field("a").is_valid(), "(`a` IS NOT NULL)"),
    (pc.field("a") == pa.scalar(None, pa.int64()), "(`a` = NULL)"),
    (pc.field("f") == 0.5, "(`f` = 0.5)"),
    (pc.field("f") == 1e300, "(`f` = 1e+300)"),
    (pc.field("f") == 3.0, "(`f` = 3.0)"),
    (pc.field("f") == float("inf"), "(`f` = CAST('inf' AS DOUBLE))"),
    (pc.field("a") + 1 > 2, "((`a` + 1) > 2)"),
    (pc.field("t") > datetime.datetime(2020, 1, 2, 3, 4, 5, 6), "(`t` > TIMESTAMP '2020-01-02 03:04:05.000006')"),
    (pc.field("t") == datetime.date(2020, 1, 2), "(`t` = DATE '2020-01-02')"),
    (pc.field("a") == decimal.Decimal("1.20"), "(`a` = CAST('1.20' AS DECIMAL(3, 2)))"),
    (pc.field("s") == b"\x00\xff", "(`s` = X'00ff')"),
    (pc.field("a").cast(pa.int32()) == 1, "(CAST(`a` AS INT) = 1)"),
    (pc.starts_with(pc.field("s"), "a%"), "starts_with(`s`, 'a%')"),
    (pc.match_substring(pc.field("s"), "b"), "contains(`s`, 'b')"),
    (pc.match_like(pc.field("s"), "a_%"), "(`s` LIKE 'a_%')"),
    (pc.utf8_lower(pc.field("s")) == "x", "(lower(`s`) = 'x')"),
    (pc.scalar(True), "true"),
]


@pytest.mark.parametrize("expression, sql", CASES, ids=[str(i) for i in range(len(CASES))])
def test_expression_as_sql(expression, sql):
    assert filter_to_sql(expression, SCHEMA) == sql


@pytest.mark.parametrize(
    "expression, name",
    [
        (pc.utf8_reverse(pc.field("s")) == "x", "utf8_reverse"),
        (pc.starts_with(pc.field("s"), "a", ignore_case=True), "ignore_case"),
        (pc.field(0) == 1, "by position"),
        (pc.field("a") == pa.scalar(datetime.timedelta(1)), "duration"),
        (pc.field("a").cast(pa.duration("s")) == 1, "duration"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(expression, name):
    with pytest.raises(NotImplementedError, match=name):
        filter_to_sql(expression, SCHEMA)


def test_other_filters():
    assert filter_to_sql(None, SCHEMA) == ""
    assert filter_to_sql("a > 1", SCHEMA) == "a > 1"
    with pytest.raises(TypeError, match="SQL string"):
        filter_to_sql(5, SCHEMA)
    with pytest.raises(NotImplementedError, match="search_filter"):
        filter_to_sql({"expr_filter": "a > 1"}, SCHEMA)


def test_scans_take_both_forms_of_a_filter(basic):
    text = basic.to_table(columns=["i"], filter="i >= 10 AND i < 15")
    assert text["i"].to_pylist() == [10, 11, 12, 13, 14]
    expression = (pc.field("i") >= 10) & (pc.field("i") < 15)
    assert basic.to_table(columns=["i"], filter=expression) == text
    assert basic.count_rows(filter=expression) == 5
    nested = basic.to_table(columns=["i"], filter=pc.field("n", "b", "d") == 44)
    assert nested["i"].to_pylist() == [22]


def test_wrong_filters_are_refused_as_by_the_reference(basic):
    for text in ("nope > 1", "i > > 1", "i + 1", "foo(i) = 1"):
        with pytest.raises(ValueError, match="Invalid user input"):
            basic.to_table(filter=text)
    with pytest.raises(OSError, match="No field named nope"):
        basic.count_rows("nope = 1")
