"""How well the reader judges a labelled file: relevance, type and grade against hand labels, every error listed.

The file has rows like {"id", "text" (title, newline, body), "police_related", "incident_type", "grade", "published"};
`police_relevant_broad` and `stratum_population`/`stratum_sampled` (for weighting back to the stream) where present.
Grades are proposed by the edition `labels`, never by the bureau's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from analysis import facts, grading, joining, pairing, themes
from analysis.reading import Reader, Verdict
from analysis.samples import plain_post
from analysis.scores import auc, interval, precision_at, prf

MAJOR = ("较大", "重大", "特别重大")
BROAD = "police_relevant_broad"
INCIDENTS = ("enforcement_dispute", "police_misconduct", "criminal_case", "traffic", "fire_accident", "mass_gathering")
_ABROAD = re.compile(
    "香港|港警|澳门|台湾|台北|高雄|美国|英国|法国|德国|俄|乌克兰|日本|韩|朝鲜|泰国|缅甸|越南|印度|印尼|菲律宾|马来西亚|新加坡"
    "|柬埔寨|老挝|巴基斯坦|以色列|伊朗|黎巴嫩|加沙|哈马斯|叙利亚|土耳其|埃及|加拿大|墨西哥|巴西|阿根廷|澳大利亚|澳洲|新西兰"
    "|意大利|西班牙|希腊|瑞士|瑞典|挪威|荷兰|波兰|美媒|外媒|日媒|韩媒|纽约|洛杉矶|东京|首尔|伦敦|巴黎|莫斯科|曼谷|印航"
)
ENOUGH = 15  # macro F1 is over kinds with at least so many items
Judged = tuple[dict[str, Any], Verdict]


def measure(
    rows: Sequence[dict[str, Any]],
    reader: Reader,
    labels: grading.Edition,
    pairs: Sequence[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The whole report as one JSON-able dict; `pairs` see analysis.pairing.

    Raises KeyError or ValueError for a row without its fields.
    """
    judged = [({**row, BROAD: broad(row)}, reader.read(plain_post(row["text"], row["published"]))) for row in rows]
    derived = sum(row.get(BROAD) is None for row in rows)
    errors: list[dict[str, Any]] = []
    report = {
        "rows": len(rows),
        "version": reader.version,
        "relevance": {
            "direct": _binary(judged, _is_direct, "police_related", lambda v: v.direct, "direct", errors),
            "incident": {**_binary(judged, _says_broad, BROAD, _either, "incident", errors), "derived": derived},
        },
        "type": _types(judged, errors),
        "grade": _grades(judged, labels, errors),
    }
    if pairs is not None:
        report["pairs"] = pairing.measure(pairs, reader, joining.ready()[0], errors)
    return {**report, "errors": errors}


def broad(row: dict[str, Any]) -> bool:
    """`police_relevant_broad` of a row; derived where it is not labelled (data/README.md: from type and text).

    An affair of a kind that is an incident, that happened (it has a grade) and is nobody else's: no foreign country, no
    Hong Kong, Macau or Taiwan named. The report says how many rows were derived.
    """
    if row.get(BROAD) is not None:
        return bool(row[BROAD])
    if row["police_related"]:
        return True
    return row["incident_type"] in INCIDENTS and row["grade"] not in (None, "none") and not _ABROAD.search(row["text"])


def _is_direct(verdict: Verdict) -> bool:
    return verdict.tier == "direct"


def _says_broad(verdict: Verdict) -> bool:
    return verdict.tier != "none"


def _either(verdict: Verdict) -> float:
    return max(verdict.direct, verdict.incident)


def _weight(row: dict[str, Any]) -> float:
    """How many items of the stream a sampled row stands for; 1 where the file does not say."""
    sampled = row.get("stratum_sampled") or 0
    return float(row["stratum_population"]) / sampled if sampled else 1.0


def _binary(
    judged: Sequence[Judged],
    said: Callable[[Verdict], bool],
    truth: str,
    score: Callable[[Verdict], float],
    task: str,
    errors: list[dict[str, Any]],
) -> dict[str, float]:
    counts, weighted = Counter[str](), Counter[str]()
    for row, verdict in judged:
        yes, right = said(verdict), bool(row[truth])
        cell = ("t" if yes == right else "f") + ("p" if yes else "n")
        counts[cell] += 1
        weighted[cell] += _weight(row)  # type: ignore[assignment]
        if yes != right:
            errors.append(_error(row, task, int(right), int(yes), verdict))
    precision, recall, f1 = prf(counts["tp"], counts["fp"], counts["fn"])
    weighted_precision, weighted_recall, _ = prf(weighted["tp"], weighted["fp"], weighted["fn"])
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "auc": auc([(score(v), bool(row[truth])) for row, v in judged]),
        "weighted_precision": weighted_precision,
        "weighted_recall": weighted_recall,
        "weighted_precision_at_recall_95": precision_at([(score(v), bool(row[truth]), _weight(row)) for row, v in judged], 0.95),
    }


def kind_of(verdict: Verdict) -> str:
    """The kind of the labelling guide for a verdict; a post no word speaks for is "other"."""
    return themes.KINDS.get(verdict.theme, "other")


def _types(judged: Sequence[Judged], errors: list[dict[str, Any]]) -> dict[str, Any]:
    pairs = [(row["incident_type"], kind_of(verdict)) for row, verdict in judged]
    for (row, verdict), (right, got) in zip(judged, pairs, strict=True):
        if right != got:
            errors.append(_error(row, "type", right, got, verdict))
    per_class = {}
    for kind in sorted({right for right, _ in pairs}):
        tp = sum(r == g == kind for r, g in pairs)
        precision, recall, f1 = prf(tp, sum(g == kind for _, g in pairs) - tp, sum(r == kind for r, _ in pairs) - tp)
        n = sum(r == kind for r, _ in pairs)
        per_class[kind] = {"n": n, "precision": precision, "recall": recall, "f1": f1}
    counted = [kind for kind, c in per_class.items() if c["n"] >= ENOUGH]
    return {
        "accuracy": round(sum(r == g for r, g in pairs) / len(pairs), 4) if pairs else 0.0,
        "macro_f1": round(sum(per_class[kind]["f1"] for kind in counted) / len(counted), 4) if counted else 0.0,
        "macro_f1_interval": interval(pairs, lambda drawn: _macro(drawn, counted)),
        "per_class": per_class,
    }


def _macro(pairs: Sequence[tuple[str, str]], kinds: Sequence[str]) -> float:
    right, said = Counter(r for r, _ in pairs), Counter(g for _, g in pairs)
    both = Counter(r for r, g in pairs if r == g)
    return sum(2 * both[k] / (right[k] + said[k]) for k in kinds if both[k]) / len(kinds) if kinds else 0.0


def _grades(judged: Sequence[Judged], labels: grading.Edition, errors: list[dict[str, Any]]) -> dict[str, Any]:
    confusion: dict[str, Counter[str]] = {}
    cells = Counter[str]()
    for row, verdict in judged:
        post = plain_post(row["text"], row["published"])
        said = facts.extract(f"{post.title}\n{post.body}", post.published_at)
        happened = verdict.happened or said.deaths is not None  # the guide also grades what is no business of ours
        got = grading.propose(verdict.type, said, happened, labels).grade or "none"
        right = row["grade"] or "none"
        confusion.setdefault(right, Counter())[got] += 1
        if right in MAJOR or got in MAJOR:
            cells["tp"] += right == got
            cells["fp"] += got in MAJOR and right != got
            cells["fn"] += right in MAJOR and right != got
            if right != got:
                errors.append(_error(row, "grade", right, got, verdict))
    precision, recall, _ = prf(cells["tp"], cells["fp"], cells["fn"])
    return {
        "confusion": {right: dict(row) for right, row in sorted(confusion.items())},
        "precision_major": precision,
        "recall_major": recall,
    }


def _error(row: dict[str, Any], task: str, expected: Any, got: Any, verdict: Verdict) -> dict[str, Any]:
    return {"id": row["id"], "task": task, "expected": expected, "got": got, "reasons": list(verdict.reasons)}
