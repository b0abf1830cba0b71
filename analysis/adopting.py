"""Whether a new model may take the old one's place: both measured on the kept months, side by side, and the model's card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.grading import Edition
from analysis.measuring import measure
from analysis.reading import Reader

FIGURES = ("direct_f1", "incident_f1", "type_macro_f1")
SLACK = 0.005  # less than three of the 570 kept items: chance, and no step back


def figures(rows: Sequence[dict[str, Any]], reader: Reader, labels: Edition) -> dict[str, Any]:
    """The figures of one model that are compared, and those that only its card tells."""
    report = measure(rows, reader, labels)
    direct, incident = report["relevance"]["direct"], report["relevance"]["incident"]
    return {
        "direct_f1": direct["f1"],
        "incident_f1": incident["f1"],
        "type_macro_f1": report["type"]["macro_f1"],
        "direct": direct,
        "incident": incident,
        "type_macro_f1_interval": report["type"]["macro_f1_interval"],
        "type_accuracy": report["type"]["accuracy"],
        "per_class": report["type"]["per_class"],
        "rows": report["rows"],
    }


def worse(old: dict[str, Any] | None, new: dict[str, Any]) -> list[str]:
    """The figures in which the new model is worse than the old one; none when there is no old one."""
    return [name for name in FIGURES if old is not None and new[name] < old[name] - SLACK]


def card(header: dict[str, Any], got: dict[str, Any]) -> str:
    """The model card as Markdown: data, figures on the kept months, limits."""
    files = "\n".join(f"- `{name}`: SHA-256 begins {digest}" for name, digest in sorted(header["files"].items()))
    kinds = "\n".join(
        f"| {kind} | {c['n']} | {c['precision']:.2f} | {c['recall']:.2f} | {c['f1']:.2f} |" for kind, c in got["per_class"].items()
    )
    told = f", {header['corrections']} of them officers' corrections ({header['corrections_sha']})" if header["corrections"] else ""
    low, high = got["type_macro_f1_interval"]
    return f"""# Model card: relevance and type

Version {header["version"]}, rules {header["rules"]}. Made by `huiying train FOLDER`; not edited by hand.

## What it is
{header["note"]}
One logistic regression for each question (涉警, 警情类, whether anything happened that is graded, twelve kinds), seeded; weights are
plain arrays with a hash. It holds no text: words are hashes. `vectors.npz` belongs to it.

## Data
{header["examples"]} examples{told}. Labels: `labels.tsv` ({header["own_labels"]}), see
docs/labelling.md. {header["kept"]}.
{files}

## On the {got["rows"]} kept items
| question | precision | recall | F1 | AUC |
| --- | --- | --- | --- | --- |
| direct 涉警 | {got["direct"]["precision"]:.3f} | {got["direct"]["recall"]:.3f} | {got["direct"]["f1"]:.3f} | {got["direct"]["auc"]:.3f} |
| incident 警情类 | {got["incident"]["precision"]:.3f} | {got["incident"]["recall"]:.3f} | {got["incident"]["f1"]:.3f} | {got["incident"]["auc"]:.3f} |

Kind: accuracy {got["type_accuracy"]:.3f}, macro-F1 {got["type_macro_f1"]:.3f} over kinds with 15 items or more (95 % of bootstraps: {low:.2f} to {high:.2f}).

| kind | n | precision | recall | F1 |
| --- | --- | --- | --- | --- |
{kinds}

## Limits
One annotator (a language model reading each item). Taught on headlines and lead texts of 2020 to 2026; comments, captions, letters
and dialect are read mostly by the rules (tests/analysis/test_voices.py holds what is reached there). The borders between service,
praise and other, and between campus, crime and accident, are soft in the labels too. Words were added to the rules while
reading labelled items of all months, so the kept figures are a little kind. Hints (“喝茶”, “散步”) are mostly missed.
"""
