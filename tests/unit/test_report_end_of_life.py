"""The dates of end-of-life.yaml: they can be read, and somebody has looked at them within a year."""

from datetime import date, timedelta

import pytest

from book.report import end_of_life
from book.report.end_of_life import BadDates, _product, products


@pytest.mark.parametrize("name", products())
def test_the_dates_of_a_product_were_compared_with_their_source_within_a_year(name):
    product = products()[name]
    assert date.today() - product.taken < timedelta(days=365), (
        f"Read {product.source} again, then change `taken` in {end_of_life.FILE.name}."
    )
    assert product.source.startswith("https://")


@pytest.mark.parametrize("name", products())
def test_versions_are_in_order_and_every_other_name_is_one_of_them(name):
    product = products()[name]
    assert list(product.ends) == sorted(product.ends)
    assert {end_of_life.number(version) for version in product.names.values()} <= product.ends.keys()


@pytest.mark.parametrize(
    "facts",
    [
        {"taken": date(2026, 1, 1), "ends": {}},
        {"source": "https://a.invalid", "taken": "soon", "ends": {}},
        {"source": "https://a.invalid", "taken": date(2026, 1, 1), "ends": {"1": "2026-13-01"}},
        {"source": "https://a.invalid", "taken": date(2026, 1, 1), "ends": {3.1: date(2026, 1, 1)}},  # 3.10 without quotes
        {"source": "https://a.invalid", "taken": date(2026, 1, 1), "ends": ["1"]},
    ],
)
def test_a_fact_that_cannot_be_used_is_an_error_that_names_the_product(facts):
    with pytest.raises(BadDates, match="thing"):
        _product("thing", facts)
