"""What flows to hosters say: whether they outlive the limit that cuts whatever goes there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from callcheck.api import Claim, Evidence, Numbered, Observation
from callcheck_hoster.series import is_cut

# A flow that went on beyond this is no victim of a limit of some 25 packets (facts/calls-on-the-wire.md 5).
_BEYOND_PACKETS = 40
_FIRM_FLOWS = 2


def read(observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
    """hosters_carry; nothing where no flow was answered at first. A death of both ports is the host's own affair."""
    flows = [one for one in observations if one.value.op == "hoster.flow"]
    died = [one for one in flows if is_cut(one.value.data)]
    held = [one for one in flows if one not in died and _went_on(one.value)]
    informative = [*died, *held]
    if not informative:
        return ()
    facts: dict[str, object] = {"asked": len(informative), "died": len(died)}
    packets = [count for one in died if (count := _packets(one.value)) > 0]
    if packets:
        facts["packets"] = round(median(packets))
    return (
        Evidence(
            claim=Claim.hosters_carry,
            facts=facts,
            strength=_strength(len(died), len(held)),
            group="hoster",
            seqs=tuple(sorted(one.seq for one in informative)),
        ),
    )


def _went_on(flow: Observation) -> bool:
    """Whether it was answered beyond the limit; one that fell silent without a comparison says nothing."""
    return flow.failure is None and flow.data.get("fell_silent") is False and _packets(flow) >= _BEYOND_PACKETS


def _strength(died: int, held: int) -> int:
    """One death may be that host's; two hosts do not die alike by chance."""
    if died:
        return -3 if died >= _FIRM_FLOWS else -1
    return 2 if held >= _FIRM_FLOWS else 1


def _packets(flow: Observation) -> int:
    value = flow.data.get("packets")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
