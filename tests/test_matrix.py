"""Every fault is held in every phase it applies to, and the matrix says by which test."""

from __future__ import annotations

import pytest

from tests.support.fault_table import FAULTS, PHASES, required
from tools import matrix
from tools.matrix import claims, collected, covered


@pytest.fixture(scope="module")
def tests() -> list[str]:
    """The ids of all tests: collecting them takes seconds, so it is done once."""
    return collected()


def test_a_name_claims_what_stands_right_behind_its_faults() -> None:
    assert claims("a.py::test_fault_07_create_lost_in_the_list") == {(7, "create")}
    assert claims("a.py::test_fault_64_65_list_view_ends") == {(n, p) for n in (64, 65) for p in ("list", "view")}
    assert claims("a.py::test_fault_06_upload_x[fault_09_silence]") == {(9, "upload")}
    assert claims("a.py::test_x[fault_10_poll_view_hang]") == {(10, "poll"), (10, "view")}
    assert claims("a.py::test_fault_01_list_poll_x[poll]") == {(1, "poll")}
    assert claims("a.py::test_a_list_of_faults") == set()


def test_the_table_is_whole() -> None:
    assert sorted(FAULTS) == list(range(1, 78))
    assert all(len(letters) == len(PHASES) and set(letters) <= set("RQCSFBJK-") for _, letters in FAULTS.values())


def test_no_cell_that_applies_is_without_a_test(tests: list[str]) -> None:
    missing = sorted(required() - set(covered(tests)))
    assert missing == [], "write a test named fault_NN_PHASE"


def test_the_written_matrix_is_up_to_date(tests: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "collected", lambda: tests)
    monkeypatch.setattr("sys.argv", ["matrix.py", "--check"])
    assert matrix.main() == 0, "run: .venv/bin/python tools/matrix.py"
    monkeypatch.setattr(matrix, "collected", list)
    assert matrix.main() == 1, "one that lacks tests is seen to"
