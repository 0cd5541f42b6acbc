"""The report as one HTML page without scripts or links; the signed JSON stands in it, so that the page alone can be verified."""

import html
import json
import re
from typing import Any

from anmen.errors import MachineError

Json = dict[str, Any]
_EMBEDDED = re.compile(r'<script type="application/json" id="report">(.*?)</script>', re.DOTALL)
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1d2430}
h1{font-size:1.5rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid #d9dee6}
th{font-weight:600}.o{white-space:nowrap;font-weight:600}.passed{color:#16693a}.failed{color:#a81c1c}.not-tried{color:#8a5a00}.declared,.not-applicable{color:#5a6473}
.n{white-space:nowrap;font-family:ui-monospace,monospace}
small{color:#5a6473;display:block}.next{color:#1d2430}h2{font-size:1.15rem}
tr{break-inside:avoid}.facts td{overflow-wrap:anywhere}
@media(max-width:40rem){body{margin:1rem auto}.results tr:first-child{display:none}
.results tr,.results td,.facts tr,.facts td,.facts th{display:block;border:0;padding:.1rem 0}
.results tr,.facts tr{border-bottom:1px solid #d9dee6;padding:.5rem 0}td{overflow-wrap:anywhere}}
@media print{body{margin:0;max-width:none;font-size:10pt}.verdict{border:1px solid #5a6473}
.o:before{content:""}.failed{text-decoration:underline}}.verdict{font-size:1.15rem;padding:.7rem 1rem;border-radius:.4rem;background:#eef1f5}
"""


def write_page(signed: Json) -> str:
    """The page of a signed report."""
    report = signed["report"]
    lock, totals, day = report["lock"], report["totals"], report.get("bad_day")
    title = f"Conformance of lock {_text(lock['id'])}"
    verdict = "conforms" if report["conforms"] else "does not conform"
    under = " All that failed failed where the kit injects faults." if report["only_under_faults"] else ""
    counts = ", ".join(f"{count} {_text(outcome)}" for outcome, count in totals.items() if count)
    facts = {
        "Hardware, firmware": f"{lock.get('hardware', 'unknown')}, {lock.get('firmware', 'unknown')}",
        "Capabilities": ", ".join(f"{key} {value}" for key, value in lock.get("capabilities", {}).items()) or "none",
        "Date": report["date"],
        "Kit": report["kit"],
        "Faults injected": "; ".join(
            f"{name} ({len(held)} sentences)" for name, held in report["faults"].items() if held
        )
        or "none",
        "A bad day": "; ".join(
            [f"seed {day['seed']}", *(f"{fault}: {count}" for fault, count in day["befell"].items())]
        )
        if day
        else "no faults of the line",
        "Seed of what was drawn": report["seed"] or "none",
        "Protocol": f"{report['protocol']['sentences']} sentences, digest {report['protocol']['digest']}",
        "Signed by": f"{signed['signature']['public_key'][:32]}… (ES256)",
    }
    rows = "".join(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in facts.items())
    results = "".join(_row(one) for one in report["results"])
    embedded = json.dumps(signed, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="verdict">The lock <strong>{verdict}</strong> to the profile {_text(report["profile"])}: '
        f"{counts}.{under}</p>"
        f'<table class="facts">{rows}</table><h2>Sentence by sentence</h2><table class="results">'
        f"<tr><th>Sentence</th><th>Result</th><th>What was seen</th></tr>{results}</table>"
        f"<p><small>Check this page: anmen conformance verify FILE. Declared: cannot be observed from outside, the maker's word.</small></p>"
        f'<script type="application/json" id="report">{embedded}</script></body></html>\n'
    )


def read_page(text: str) -> Json:
    """The signed report in a page; MachineError where there is none, or where the page shows something else than it."""
    found = _EMBEDDED.search(text)
    if found is None:
        raise MachineError("This page holds no signed report.")
    try:
        signed: Json = json.loads(found[1])
        shown = write_page(signed)
    except (ValueError, KeyError, TypeError, AttributeError) as garbled:
        raise MachineError("The report in this page cannot be read.") from garbled
    if shown != text:
        raise MachineError("The page shows something else than the signed report in it.")
    return signed


def _row(one: Json) -> str:
    expected = f"<small>Expected: {_text(one['expected'])}</small>" if "expected" in one else ""
    unseen = f"<small>Not observed: {_text(one['unseen'])}</small>" if "unseen" in one else ""
    if "spared" in one:
        unseen += f"<small>Spared: {_text('; '.join(one['spared']['faults']))}. {_text(one['spared']['why'])}</small>"
    unseen += f'<small class="next">{_text(one["next"])}</small>' if "next" in one else ""
    outcome = _text(one["outcome"])
    return (
        f'<tr><td class="n">{_text(one["sentence"])}</td><td class="o {outcome.replace(" ", "-")}">{outcome}'
        f"{' (advice)' if one.get('advice') else ''}</td>"
        f"<td>{_text(one['seen'])}{expected}{unseen}<small>{_text(one['text'])}</small></td></tr>"
    )


def _text(value: object) -> str:
    return html.escape(str(value))
