"""What neutral servers say about this line, in plain words: the sentences of the further claims of `stun`."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences, n_
from callcheck.words import Claim

STUN_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.one_way_out: (
        (
            N_("Servers {in_networks} see this line under one and the same address."),
            N_("All servers that were asked see this line under one and the same address."),
        ),
        (
            N_(
                "Servers elsewhere see this line under different addresses at the same time ({addresses} in all):"
                " some places are reached by another way than others, for example through a tunnel."
            ),
            N_(
                "Servers elsewhere see this line under different addresses at the same time:"
                " some places are reached by another way than others, for example through a tunnel."
            ),
        ),
        (N_("Whether all places are reached by the same way could not be told."),),
    ),
    Claim.mapping_steady: (
        (
            n_(
                "The router passes on this device's port numbers as they are ({ports} of {asked} connection).",
                "The router passes on this device's port numbers as they are ({ports} of {asked} connections).",
                "asked",
            ),
            N_("The router passes on this device's port numbers as they are."),
        ),
        (N_("The router gives one connection other port numbers for other places, which hinders direct calls."),),
        (
            N_(
                "The router gives connections port numbers of its own; whether that hinders direct calls was not"
                " measured."
            ),
        ),
    ),
    Claim.ports_alike: (
        (
            N_("Neutral servers that listen on several ports answer on all of them (servers: {hosts})."),
            N_("Neutral servers that listen on several ports answer on all of them."),
        ),
        (
            N_(
                "Neutral servers that answer on one port stay silent on another one that is known to answer"
                " (servers: {silent} of {hosts})."
            ),
            N_("Neutral servers that answer on one port stay silent on another one that is known to answer."),
        ),
        (N_("Whether all ports of the same server are treated alike could not be told."),),
    ),
    Claim.stun_by_tcp: (
        (
            n_(
                "The greeting of a call also gets through over TCP, the way that web pages take"
                " ({answered} of {asked} server answered).",
                "The greeting of a call also gets through over TCP, the way that web pages take"
                " ({answered} of {asked} servers answered).",
                "asked",
            ),
            N_("The greeting of a call also gets through over TCP, the way that web pages take."),
        ),
        (
            N_("Over TCP, the way that web pages take, no server answered the greeting of a call (asked: {asked})."),
            N_("Over TCP, the way that web pages take, no server answered the greeting of a call."),
        ),
        (N_("Whether the greeting of a call gets through over TCP could not be told."),),
    ),
    Claim.dtls_passes: (
        (
            N_(
                "The first encrypted packet of a call (DTLS) gets through to neutral servers"
                " ({answered} of {asked} answered)."
            ),
            N_("The first encrypted packet of a call (DTLS) gets through to neutral servers."),
        ),
        (
            N_("The first encrypted packet of a call (DTLS) was not answered by any neutral server (asked: {asked})."),
            N_("The first encrypted packet of a call (DTLS) is not answered by neutral servers."),
        ),
        (N_("Whether the first encrypted packet of a call (DTLS) gets through could not be told."),),
    ),
}
