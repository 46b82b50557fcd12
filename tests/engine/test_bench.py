from book import engine
from book.bench import result, table, works


def test_a_benchmark_measures_each_of_its_ways_and_leaves_nothing(tmp_path):
    steps = []
    found = works.measure("helper", 1, lambda *step: steps.append(step))
    (comparison,) = found.comparisons
    assert {name: (len(way.samples), way.failed) for name, way in comparison.ways.items()} == dict.fromkeys(comparison.ways, (1, ()))
    assert [what for _, _, what in steps] == list(comparison.ways)
    assert found.machine.cores == engine.connect().info()["NCPU"]
    result.store(found, tmp_path)
    assert result.load("helper", tmp_path) == found
    assert "this book's package" in table.table(found)
    left = engine.connect().api.containers(all=True, filters={"label": "com.docker.compose.project"})
    assert not [one for one in left if one["Labels"]["com.docker.compose.project"].startswith("helper-bench")]
