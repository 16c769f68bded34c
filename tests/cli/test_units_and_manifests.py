"""What the command line takes from a domain: the unit of its speed, and the file that marks its samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganworks import plugin
from ganworks.errors import UsageError
from ganworks.registry import discover
from ganworks.wording import counted
from ganworks_cli.folders import check_samples, unless_refused
from ganworks_cli.output import Output
from ganworks_cli.views import PlainView
from ganworks_cli.wording import unit_of


def test_speed_is_counted_in_what_the_domain_trains_on(capsys: pytest.CaptureFixture[str]) -> None:
    domain = discover(third_party=False).find(plugin.Domain, "tabular-fraud")
    view = PlainView(Output(), seconds=0)
    view.unit = unit_of(domain.recipes)
    view({"event": "step", "step": 3, "images_per_second": 1234.0, "fraction": 0.5, "seconds_left": 1})
    assert "1,234 rows/s" in capsys.readouterr().err


def test_every_kind_of_data_has_a_unit() -> None:
    assert {unit_of((data,)) for data in plugin.RECIPE_DATA} == {
        *("images", "rows", "points", "sequences", "volumes")
    }


def test_samples_are_known_by_what_their_domain_says(tmp_path: Path) -> None:
    found = {domain.manifest for domain in discover(third_party=False).all(plugin.Domain)}
    assert found == {"manifest.csv", "synthetic.json"}
    (tmp_path / "mine.json").touch()
    with pytest.raises(UsageError, match="holds no samples"):
        check_samples(tmp_path, found)
    check_samples(tmp_path, {"mine.json"})


@pytest.mark.parametrize("written", [False, True])
def test_folders_made_for_nothing_are_taken_back(tmp_path: Path, written: bool) -> None:
    there = tmp_path / "there"
    there.mkdir()
    target = there / "a" / "b"

    def stopped() -> None:
        with unless_refused(target):
            target.mkdir(parents=True)
            if written:
                (target / "rows.csv").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert target.exists() == written
    assert there.exists()


def test_one_is_no_plural() -> None:
    assert [counted(count, "row") for count in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]
    assert counted(2, "class", "classes") == "2 classes"
