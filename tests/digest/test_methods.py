"""How the run measured: no method is claimed that its evidence does not show."""

from __future__ import annotations

from callcheck.digest.methods import methods_of
from callcheck.model import Evidence
from callcheck.words import Claim


def test_a_run_that_found_nothing_out_has_no_methods() -> None:
    assert methods_of((), "en") == ()


def test_only_what_was_done_is_described() -> None:
    texts = methods_of([Evidence(claim=Claim.stream_carries, service="telegram", function="calls")], "en")
    assert any(text.startswith("The stream:") for text in texts)
    assert not any(text.startswith(("Messages:", "Speed:", "The place:")) for text in texts)
