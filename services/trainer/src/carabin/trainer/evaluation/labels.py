"""The report's words: what each figure is called, and what it means to somebody who dictates."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wer": "Mots erronés (WER)",
        "term_recall": "Termes médicaux reconnus",
        "critical_errors": "Erreurs critiques",
        "critical_drug": "  dont médicaments",
        "critical_dose": "  dont mesures et doses",
        "critical_laterality": "  dont côté (droite, gauche)",
        "critical_negation": "  dont négations",
        "general_wer": "Mots erronés en français courant",
        "cer": "Caractères erronés (CER)",
        "wer_no_accents": "Mots erronés, accents ignorés",
        "wer_raw": "Mots erronés, ponctuation et majuscules comptées",
        "cer_raw": "Caractères erronés, ponctuation et majuscules comptées",
        "hallucinated_words": "Mots inventés sans parole",
    }
)
"""The lines of the table, in reading order."""

NOTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wer": "Mots remplacés, oubliés ou ajoutés, pour cent mots dictés ; nombres et unités sont écrits pareil.",
        "term_recall": "Part des termes de la liste médicale qui sont écrits exactement.",
        "critical_errors": "Un médicament, une dose, un côté ou une négation perdus, changés ou inventés.",
        "general_wer": "Sur des phrases de tous les jours : ce que le modèle a pu oublier en apprenant la médecine.",
        "hallucinated_words": "Mots écrits pour six enregistrements de silence et de bruit.",
    }
)

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"negation": "négation", "laterality": "côté", "dose": "mesure ou dose", "drug": "médicament"}
)
"""The kinds of critical error, as `critical_errors` names them."""

COUNTED: Final = frozenset({"critical_errors", "hallucinated_words"} | {name for name in LABELS if "critical_" in name})
"""Metrics that are numbers of errors, not rates."""


def rate_text(name: str, metrics: Mapping[str, float]) -> str:
    """Return a metric as it is read in French, with its 95 % interval where there is one."""
    value = metrics[name]
    if name in COUNTED:
        return f"{value:.0f}"
    text = _percent(value)
    if f"{name}_low" in metrics and f"{name}_high" in metrics:
        text += f" ({_percent(metrics[f'{name}_low'])} à {_percent(metrics[f'{name}_high'])})"
    return text


def _percent(value: float) -> str:
    return f"{100 * value:.1f}".replace(".", ",") + " %"
