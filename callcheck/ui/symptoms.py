"""What people say of a bad call, in their own words; it orders the checks and does nothing else."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_

SYMPTOMS: Final[dict[str, str]] = {
    "": N_("nothing in particular"),
    "metallic": N_("metallic, croaking, broken voice"),
    "connects_forever": N_("it connects for ever"),
    "key_exchange": N_("it hangs while exchanging keys"),
    "drops": N_("it drops after some seconds"),
    "one_way": N_("only one of us hears the other"),
    "delay": N_("the voice comes late"),
    "text_too": N_("messages do not arrive either"),
}
