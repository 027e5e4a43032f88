"""What the person can do, and which further test would change the verdict: safe and lawful steps only (DESIGN 8)."""

from __future__ import annotations

from typing import Literal

from callcheck.locale import N_, translator
from callcheck.model import Verdict
from callcheck.words import Cause, Depth

WouldChange = Literal[
    "another_network",
    "deeper_run",
    "new_relay_list",
    "second_resolver",
    "without_tunnel",
    "other_device",
    "later_again",
    "cable_instead_of_wireless",
]

_WOULD_CHANGE: dict[WouldChange, str] = {
    "another_network": N_("the same test on another network, for example mobile data instead of the home line"),
    "deeper_run": N_("a longer test"),
    "new_relay_list": N_("a fresher list of the servers that carry calls"),
    "second_resolver": N_("the answer of another name server (DNS, which turns names into addresses)"),
    "without_tunnel": N_("the same test with the tunnel turned off"),
    "other_device": N_("the same test on another device in the same network"),
    "later_again": N_("the same test again, some hours later"),
    "cable_instead_of_wireless": N_("the same test over a cable instead of Wi-Fi"),
}

# By the depth of the run that was made, what a longer one is; after the longest there is none.
_DEEPER: dict[Depth, str] = {
    "quick": N_("a longer test: callcheck run --depth standard, or --depth deep"),
    "standard": N_("the longest test: callcheck run --depth deep"),
    "deep": "",
}
_ANOTHER_NETWORK = N_("Run the test on another network, for example mobile data, and compare the two results.")
_ASK_PROVIDER = N_("Save this report and ask your provider whether it knows the reason.")
_ASK_PROVIDER_HELP = N_("If it goes on, send this report to your provider and ask for help.")
_ASK_OWNER = N_("Ask whoever runs this network (an office, a hotel, a provider) whether it lets calls through.")
_PEER_TO_PEER = N_(
    "See whether direct calls (peer-to-peer) are allowed in the call privacy settings of {service}: they avoid the"
    " call servers, but show your internet address to the person you talk to."
)
_RESTART_ROUTER = N_("Restart the router, wait two minutes, and test again.")
_CABLE = N_("Go nearer to the router or use a cable instead of Wi-Fi, and test again.")
_LATER = N_("Test again some hours later.")
_LONGER = N_("Run a longer test: callcheck run --depth standard")
_LONGEST = N_("Run the longest test: callcheck run --depth deep")
_DURING = N_("If a call is still bad, run the test again right after it.")

_STEPS: dict[Cause, tuple[str, ...]] = {
    "none": (_DURING,),
    "device": (N_("Close other programs or restart this device, and test again."), N_("Test with another device.")),
    "local_link": (_CABLE, _RESTART_ROUTER, N_("Test with another device in the same network.")),
    "bufferbloat": (N_("Pause downloads, backups and video in your network, and test again."), _ASK_PROVIDER_HELP),
    "resolver": (_RESTART_ROUTER, _ANOTHER_NETWORK, _ASK_PROVIDER),
    "captive_portal": (N_("Open any web page in a browser, log in to this network, and test again."),),
    "congestion": (_LATER, _ANOTHER_NETWORK, _ASK_PROVIDER_HELP),
    "udp_blocked": (_ANOTHER_NETWORK, _ASK_OWNER, _RESTART_ROUTER),
    "selective": (_ANOTHER_NETWORK, _ASK_PROVIDER, _LATER),
    "allow_list": (_ANOTHER_NETWORK, _ASK_PROVIDER),
    "offline": (
        N_("Check that Wi-Fi or the cable is connected, then restart the router."),
        N_("To see what a healthy result looks like without any network: callcheck lab run clean"),
    ),
    "service_outage": (
        _LATER,
        N_("Ask somebody in another place whether {service} works there."),
        _ANOTHER_NETWORK,
    ),
    "unknown": (_LONGER, _ANOTHER_NETWORK, _LATER),
}


def would_change_text(name: str, language: str, depth: Depth | None = None) -> str:
    """The test behind a `would_change` name, as the end of a sentence. "" for a name that callcheck does not know.

    With the depth of the run that was made, a longer test is named by its command, and is "" after the longest.
    """
    texts = {str(known): text for known, text in _WOULD_CHANGE.items()}
    if depth is not None:
        texts["deeper_run"] = _DEEPER[depth]
    text = texts.get(name, "")
    return translator(language)(text) if text else ""


def steps_for(verdict: Verdict, service: str, language: str, depth: Depth) -> list[str]:
    """Sentences that say what to do, the most useful first; `service` is the name to show. No test is advised that is
    not longer than the one that was made."""
    longer = {"quick": _LONGER, "standard": _LONGEST, "deep": ""}[depth]
    steps = [step for one in _STEPS[_cause_to_act_on(verdict)] if (step := longer if one == _LONGER else one)]
    if verdict.cause == "selective" and verdict.function == "calls":
        steps.insert(1, _PEER_TO_PEER)
    _ = translator(language)
    return [_(step).format(service=service) for step in steps]


def _cause_to_act_on(verdict: Verdict) -> Cause:
    """What works needs no repair, unless something was found beside it."""
    return "none" if verdict.outcome == "works" and verdict.cause == "unknown" else verdict.cause
