"""The sample that comes with the package."""

import gzip
from importlib.resources import files

import ganworks_tabular.embedded as embedded


def test_lending_club():
    frame = embedded.lending_club()
    assert frame.shape == (9857, 23)
    assert (frame[embedded.TARGET] == embedded.POSITIVE).sum() == 517
    assert not frame.isna().to_numpy().any()


def test_the_file_says_where_it_is_from_and_holds_no_time():
    folder = files("ganworks_tabular")
    assert "MIT License" in (folder / "lending_club.txt").read_text()
    packed = (folder / "lending_club.csv.gz").read_bytes()
    assert packed[4:8] == bytes(4)
    assert gzip.decompress(packed).startswith(b"funded_amnt,")
