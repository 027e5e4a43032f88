"""Which probe forms targets really answered: catalogue lines from a run on an unrestricted network (DESIGN 5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callcheck.model import Observation, Target

Kind = tuple[str, str, str, str, str]


def verified_lines(observations: Iterable[Observation], today: str) -> Iterator[str]:
    """TOML lines, a group for each kind and network: the forms that any of its targets answered, with counts.

    Only forms that the catalogue lists for a target are asked about; `today` is the date that the lines carry.
    """
    asked: dict[Kind, dict[str, dict[str, bool]]] = {}
    for observation in observations:
        target, form = observation.target, observation.form
        if target is None or form not in target.answers:
            continue
        endpoints = asked.setdefault(_kind(target), {}).setdefault(form, {})
        endpoint = f"{target.host or target.address}:{target.port}"
        endpoints[endpoint] = endpoints.get(endpoint, False) or observation.failure is None
    for kind in sorted(asked):
        yield from _group(kind, asked[kind], today)


def _kind(target: Target) -> Kind:
    return (target.service, target.function, target.role, target.protocol, target.network)


def _group(kind: Kind, forms: dict[str, dict[str, bool]], today: str) -> Iterator[str]:
    yield f"# {' '.join(filter(None, kind))}"
    answered = [form for form, endpoints in sorted(forms.items()) if any(endpoints.values())]
    for form, endpoints in sorted(forms.items()):
        yield f"#   {form}: {sum(endpoints.values())} of {len(endpoints)} answered"
    if answered:
        yield f'as_of = "{today}"'
        yield "answers = { " + ", ".join(f'{form} = "confirmed"' for form in answered) + " }"
    yield ""
