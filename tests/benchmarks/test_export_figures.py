"""The benchmark of exported models: its clockwork, its tables, and the Python that it measures in."""

from __future__ import annotations

from itertools import chain

import pytest
from _export_process import bare_packages, time_processes
from _export_speed import BURST, FEWEST, least_times
from _export_table import profile_table, speed_table


class Clock:
    """A clock that only calls move on."""

    def __init__(self) -> None:
        self.now, self.calls = 0.0, []

    def __call__(self) -> float:
        return self.now

    def call(self, name: str, seconds):
        spent = iter(seconds)

        def called() -> None:
            self.calls.append(name)
            self.now += next(spent)

        return called


def test_the_least_time_of_each_call_counts_and_they_take_turns():
    clock, third = Clock(), BURST / 3
    slow = clock.call("slow", chain([9.0], [5.0] * (FEWEST - 1), [4.0]))  # the first call is not timed
    fast = clock.call("fast", chain([0.1 * third], [third, 1.5 * third, third] * FEWEST))
    found = least_times({"slow": slow, "fast": fast}, seconds=0.0, clock=clock)
    assert found == pytest.approx({"slow": 4.0, "fast": third})
    assert clock.calls == ["slow", "fast"] + ["slow", "fast", "fast", "fast"] * FEWEST


def test_calls_are_repeated_until_the_time_is_up():
    clock = Clock()
    least_times({"one": clock.call("one", chain([0.0], [1.0] * 100))}, seconds=40.0, clock=clock)
    assert len(clock.calls) - 1 == 40


def entry(name: str, **profiles):
    times = {"torch": 4.0, "torch, network": 3.0, "fp32": 2.0, "w16": 2.0, "w8": 1.0}
    light = {"bytes": 500_000, "psnr_db": 61.4}
    return {
        "name": name,
        "shape": [1, 32, 32],
        "weights": 1000,
        "milliseconds": {"1": times, "8": times},
        "profiles": {
            "fp32": {"bytes": 2_000_000},
            "w16": {**light, "psnr_db": None},
            "w8": light,
            **profiles,
        },
    }


def test_equal_reasons_of_refused_profiles_share_a_note():
    refused = {"reason": "export refused: too coarse"}
    text = profile_table([entry("one", int8=refused), entry("two", int8=refused, w8={"reason": "no room"})])
    one, two = (line for line in text.splitlines() if line.startswith(("| one", "| two")))
    assert one == "| one | 2,000 kB | 500 kB, 1.00 / 1.00, equal | 500 kB, 2.00 / 2.00, 61 dB | refused (1) |"
    assert [cell.strip() for cell in two.split("|")][4:6] == ["refused (2)", "refused (1)"]
    assert text.splitlines()[-2:] == ["1. too coarse", "2. no room"]


def test_ratios_are_times_of_torch_over_those_of_onnxruntime():
    row = speed_table([entry("one")]).splitlines()[-1]
    assert row == "| one | 1 x 32 x 32 | 1,000 |" + " 4.00 | 2.00 | 2.00 | 1.50 |" * 2


def test_the_measured_python_has_numpy_and_onnxruntime_and_no_torch(tmp_path):
    packages, script = tmp_path / "packages", tmp_path / "sample.py"
    packages.mkdir()
    bare_packages(packages)
    script.write_text(
        "import sys, numpy, onnxruntime\n"
        "try:\n    import torch\nexcept ImportError:\n    memory = numpy.ones(5_000_000)\n"
        "else:\n    sys.exit('torch is there')\n"
    )
    found = time_processes(script, tmp_path / "absent.onnx", packages, rounds=1)
    assert found["sample"]["peak_mib"] > found["imports"]["peak_mib"] + 30
    assert all(one["cpu_seconds"] > 0 for one in found.values())
