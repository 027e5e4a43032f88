"""What the flows of a call say, in plain words: the sentences of the stream's claims."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.verdict.sentences import Sentences, n_
from callcheck.words import Claim

STREAM_SENTENCES: Final[dict[Claim, Sentences]] = {
    Claim.stream_carries: (
        (
            n_(
                "A call-like stream to {service}: {received} of {sent} packet came through in {seconds} s"
                " ({loss_percent} % lost).",
                "A call-like stream to {service}: {received} of {sent} packets came through in {seconds} s"
                " ({loss_percent} % lost).",
                "sent",
            ),
            n_(
                "A call-like stream to {service}: {received} of {sent} packet came through ({loss_percent} % lost).",
                "A call-like stream to {service}: {received} of {sent} packets came through ({loss_percent} % lost).",
                "sent",
            ),
            N_("A call-like stream to {service} comes through."),
        ),
        (
            n_(
                "A call-like stream to {service}: {loss_percent} % of {sent} packet was lost;"
                " in streams to other places {controls_loss_percent} %.",
                "A call-like stream to {service}: {loss_percent} % of {sent} packets were lost;"
                " in streams to other places {controls_loss_percent} %.",
                "sent",
            ),
            n_(
                "A call-like stream to {service}: {loss_percent} % of {sent} packet was lost.",
                "A call-like stream to {service}: {loss_percent} % of {sent} packets were lost.",
                "sent",
            ),
            N_("A call-like stream to {service} does not come through well."),
        ),
        (
            n_(
                "A call-like stream to {service}: {sent} packet sent, too few to judge.",
                "A call-like stream to {service}: {sent} packets sent, too few to judge.",
                "sent",
            ),
            N_("Whether a call-like stream to {service} comes through could not be told."),
        ),
    ),
    Claim.controls_carry: (
        (
            n_(
                "Call-like streams to neutral servers: {loss_percent} % of {sent} packet was lost.",
                "Call-like streams to neutral servers: {loss_percent} % of {sent} packets were lost.",
                "sent",
            ),
            N_("Call-like streams to neutral servers come through."),
        ),
        (
            n_(
                "Call-like streams to neutral servers suffer too: {loss_percent} % of {sent} packet was lost.",
                "Call-like streams to neutral servers suffer too: {loss_percent} % of {sent} packets were lost.",
                "sent",
            ),
            N_("Call-like streams to neutral servers suffer too."),
        ),
        (N_("Whether call-like streams to neutral servers come through could not be told."),),
    ),
    Claim.stream_cut_off: (
        (
            n_(
                "Call-like flows to {service} fall silent after {packets_between} packet ({died} of {flows} did);"
                " new starts from another port that got through again: {renewed_some}.",
                "Call-like flows to {service} fall silent after {packets_between} packets ({died} of {flows} did);"
                " new starts from another port that got through again: {renewed_some}.",
                "packets_between",
            ),
            N_(
                "Call-like flows to {service} fall silent after {seconds_between} s ({died} of {flows} did);"
                " new starts from another port that got through again: {renewed_some}."
            ),
            n_(
                "Call-like flows to {service} fall silent after {packets_between} packet ({died} of {flows} did).",
                "Call-like flows to {service} fall silent after {packets_between} packets ({died} of {flows} did).",
                "packets_between",
            ),
            N_("Call-like flows to {service} fall silent after {seconds_between} s ({died} of {flows} did)."),
            N_("Call-like flows to {service}: {died} of {flows} came through at first and then fell silent."),
            N_("Call-like flows to {service} come through at first and then fall silent."),
        ),
        (
            N_("Call-like flows to {service} go on to the end: {flows} of {flows}."),
            N_("Call-like flows to {service} go on to the end."),
        ),
        (N_("Whether call-like flows to {service} are cut off after a while could not be told."),),
    ),
    Claim.stream_loses_more: (
        (
            N_(
                "The stream to {service} loses more than the same stream to neutral servers in the same seconds:"
                " {loss_percent} % against {controls_loss_percent} %."
            ),
            N_("The stream to {service} loses more than the same stream to neutral servers in the same seconds."),
        ),
        (N_("The stream to {service} loses no more than the same stream to neutral servers."),),
        (N_("Whether the stream to {service} loses more than streams to neutral servers could not be told."),),
    ),
    # What is held back all the time alike counts as a long way, so that no sentence may speak of the whole delay.
    Claim.stream_delayed: (
        (
            N_(
                "Packets to {service} are held up on their way longer than packets to neutral servers in the same"
                " seconds, usually by {shift_ms} ms."
            ),
            N_(
                "Packets to {service} are held up on their way longer than packets to neutral servers in the same"
                " seconds."
            ),
        ),
        (N_("The delay of packets to {service} varies no more than that of packets to neutral servers."),),
        (
            N_(
                "Whether the delay of packets to {service} varies more than that of packets to neutral servers"
                " could not be told."
            ),
        ),
    ),
    Claim.stream_rate_limited: (
        (
            N_(
                "What gets through to {service} is held to a fixed speed: {limit_between_kbps} kbit/s,"
                " however much is sent."
            ),
            N_("What gets through to {service} is held to a fixed speed, however much is sent."),
        ),
        (
            N_("No speed limit up to {offered_kbps} kbit/s was seen on the way to {service}."),
            N_("No speed limit was seen on the way to {service}."),
        ),
        (N_("Whether the stream to {service} is held to a fixed speed could not be told."),),
    ),
    Claim.loss_independent: (
        (
            N_("Packets to {service} are lost one by one, as if each were thrown away by chance ({loss_percent} %)."),
            N_("Packets to {service} are lost one by one, as if each were thrown away by chance."),
        ),
        (
            N_(
                "Packets to {service} are lost in runs ({mean_run} in a row on average),"
                " as full queues and weak radio links do it."
            ),
            N_("Packets to {service} are lost in runs, as full queues and weak radio links do it."),
        ),
        (N_("In which pattern packets to {service} are lost could not be told."),),
    ),
}
