# SPDX-License-Identifier: MIT
"""Writes the golden cases of domain/features from scikit-learn: tests/golden/features/*.json.

Each case holds a configuration, the table to fit on, what scikit-learn makes of it, and (where given) a second table
with what it becomes. The C++ tests read the files and compare to 1e-9. Run with `--check` to compare what
scikit-learn says today with the committed files.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

FOLDER = Path(__file__).parent / "features"
Case = dict[str, Any]
PLAIN = {"feature_selection_enabled": False, "clip_outliers": False}


def number_table(rows: int, seed: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    table: dict[str, np.ndarray] = {
        "normal": rng.normal(50, 15, rows),
        "skewed": rng.lognormal(0, 2, rows),
        "large_mean": 1e6 + rng.normal(0, 1, rows),
        "tiny": rng.normal(0, 1e-12, rows),
        "constant": np.full(rows, 3.5),
        "near_constant": np.where(np.arange(rows) % 2 == 0, 0.1, np.nextafter(0.1, 1)),
        "whole": rng.integers(-3, 4, rows).astype(float),
        "ties": rng.choice([1.0, 2.0, 5.0], rows),
    }
    for name, share in (("normal", 0.1), ("skewed", 0.35), ("whole", 0.2), ("ties", 0.05)):
        table[name][rng.random(rows) < share] = np.nan
    return {name: plain(values) for name, values in table.items()}


def plain(values: Any) -> list[Any]:
    return [None if isinstance(v, float) and np.isnan(v) else v for v in np.asarray(values).tolist()]


def frame(table: dict[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(table, dtype=float)


def columns(names: list[str], matrix: Any) -> dict[str, list[Any]]:
    return {name: plain(np.asarray(matrix)[:, i]) for i, name in enumerate(names)}


def clip(values: pd.DataFrame, fitted: pd.DataFrame) -> pd.DataFrame:
    """1.5 interquartile ranges beyond the quartiles; nothing where the quartiles are equal."""
    low, high = fitted.quantile(0.25), fitted.quantile(0.75)
    width = high - low
    wide = [str(name) for name in width.index[width > 0]]
    clipped = values.copy()
    clipped[wide] = values[wide].clip((low - 1.5 * width)[wide], (high + 1.5 * width)[wide], axis=1)
    return clipped


def scaling_cases() -> dict[str, Case]:
    cases = {}
    scalers: dict[str, Callable[[], Any]] = {
        "standard": StandardScaler,
        "minmax": MinMaxScaler,
        "robust": RobustScaler,
    }
    for rows in (4, 7, 101):
        table = number_table(rows, rows)
        other = number_table(20, rows + 1)
        for scaling, make in scalers.items():
            for imputation, strategy in (("median", "median"), ("mean", "mean"), ("mode", "most_frequent")):
                imputer = SimpleImputer(strategy=strategy, keep_empty_features=True).set_output(transform="pandas")
                for clipped in (False, True):
                    filled = imputer.fit_transform(frame(table))
                    other_filled = imputer.transform(frame(other))
                    fitted_on = filled
                    if clipped:
                        other_filled = clip(other_filled, filled)
                        fitted_on = clip(filled, filled)
                    scaler = make().fit(fitted_on.to_numpy())
                    names = list(table)
                    name = f"scale_{scaling}_{imputation}{'_clip' if clipped else ''}_{rows}"
                    cases[name] = {
                        "config": {
                            "numeric_features": names,
                            "scaling_method": scaling,
                            "numeric_imputation": imputation,
                            "feature_selection_enabled": False,
                            "clip_outliers": clipped,
                        },
                        "table": table,
                        "expect": columns(names, scaler.transform(fitted_on.to_numpy())),
                        "other": other,
                        "expect_other": columns(names, scaler.transform(other_filled.to_numpy())),
                    }
    return cases


WORDS = ["blood", "urine", "tissue", "Saliva", "zebra", "Ärzte", "ärzte", "école", "10", "9", "", "日本", "🧬"]


def category_table(rows: int, seed: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    one = rng.choice(WORDS, rows).astype(object)
    two = rng.choice(["a", "b"], rows, p=[0.9, 0.1]).astype(object)
    one[rng.random(rows) < 0.1] = None
    return {"one": one.tolist(), "two": two.tolist()}


def category_cases() -> dict[str, Case]:
    cases = {}
    table = category_table(200, 1)
    other = category_table(30, 2)
    other["two"][3] = "unseen"
    imputer = SimpleImputer(strategy="most_frequent", missing_values=None)
    filled = imputer.fit_transform(pd.DataFrame(table, dtype=object).to_numpy())
    other_filled = imputer.transform(pd.DataFrame(other, dtype=object).to_numpy())
    names = list(table)
    base = {"categorical_features": names, **PLAIN}

    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(filled)
    outputs = encoder.get_feature_names_out(names).tolist()
    cases["onehot"] = {
        "config": {**base, "encoding_method": "onehot"},
        "table": table,
        "expect": columns(outputs, encoder.transform(filled)),
        "other": other,
        "expect_other": columns(outputs, encoder.transform(other_filled)),
    }
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(filled)
    for method in ("ordinal", "label"):
        cases[method] = {
            "config": {**base, "encoding_method": method},
            "table": table,
            "expect": columns(names, ordinal.transform(filled)),
            "other": other,
            "expect_other": columns(names, ordinal.transform(other_filled)),
        }
    return cases


def target_cases() -> dict[str, Case]:
    cases = {}
    rows = 203
    table = category_table(rows, 3)
    table["one"] = [v if v is not None else "blood" for v in table["one"]]
    rng = np.random.default_rng(4)
    weight = pd.Series(table["one"]).str.len().to_numpy()
    targets: dict[str, Any] = {
        "binary": rng.random(rows) < weight / 8,
        "multiclass": rng.choice(["low", "mid", "high"], rows),
        "continuous": 100 + weight + rng.normal(0, 1, rows),
    }
    other = category_table(20, 5)
    other["one"] = [v if v is not None else "never seen" for v in other["one"]]
    for kind, target in targets.items():
        for smooth in ("auto", 7.5):
            values = pd.DataFrame({k: table[k] for k in ("one", "two")}, dtype=object).to_numpy()
            others = pd.DataFrame({k: other[k] for k in ("one", "two")}, dtype=object).to_numpy()
            folds = KFold(5) if kind == "continuous" else StratifiedKFold(5)
            encoder = TargetEncoder(smooth=smooth, target_type=kind, cv=folds)
            trained = encoder.fit_transform(values, target)
            names = encoder.get_feature_names_out(["one", "two"]).tolist()
            cases[f"target_{kind}_{smooth}"] = {
                "config": {
                    "categorical_features": ["one", "two"],
                    "encoding_method": "target",
                    "target_column": "answer",
                    **({} if smooth == "auto" else {"target_smoothing": smooth}),
                    **PLAIN,
                },
                "table": {**table, "answer": np.asarray(target).tolist()},
                "expect": columns(names, trained),
                "other": other,
                "expect_other": columns(names, encoder.transform(others)),
            }
    return cases


def text_cases() -> dict[str, Case]:
    documents = {
        "check": ["blood sample approved", "urine sample rejected", "blood blood sample"],
        "unicode": [
            "Ärzte und Ärztinnen, ÉCOLE école",
            "ΟΔΥΣΣΕΥΣ ΟΔΟΣ οδος ΣΑΣ Σ Σ2",
            "日本語 テキスト x2 ½ ²³ naïve_snake a b cc",
            "İstanbul ISTANBUL ǅungla Straße STRASSE ẞẞ",
            "e\u0301cole \u1c90\u10d0 \U00010400\U00010428 \u0663\u0664 don't re-run",
            "",
            "a . !",
        ],
    }
    cases = {}
    for name, texts in documents.items():
        vectorizer = TfidfVectorizer()
        matrix = vectorizer.fit_transform(texts).toarray()
        others = [texts[0] + " unseen words", "nothing known", texts[1].upper()]
        outputs = [f"note_tfidf_{term}" for term in vectorizer.get_feature_names_out()]
        cases[f"tfidf_{name}"] = {
            "config": {"text_features": ["note"], **PLAIN},
            "table": {"note": texts},
            "expect": columns(outputs, matrix),
            "other": {"note": others},
            "expect_other": columns(outputs, vectorizer.transform(others).toarray()),
        }
    texts = ["aa aa aa bb bb cc", "aa bb dd", "bb ee ff bb aa"]
    vectorizer = TfidfVectorizer(max_features=2)
    matrix = vectorizer.fit_transform(texts).toarray()
    outputs = [f"note_tfidf_{term}" for term in vectorizer.get_feature_names_out()]
    cases["tfidf_limited"] = {
        "config": {"text_features": ["note"], "max_vocab_size": 2, **PLAIN},
        "table": {"note": texts},
        "expect": columns(outputs, matrix),
    }
    return cases


def selection_cases() -> dict[str, Case]:
    cases = {}
    rng = np.random.default_rng(6)
    rows = 300
    first = rng.normal(0, 1, rows)
    table = {
        "first": plain(first),
        "copy": plain(2 * first + rng.normal(0, 0.05, rows)),
        "mirror": plain(-first + rng.normal(0, 0.05, rows)),
        "constant": [4.0] * rows,
        "noise": plain(rng.normal(0, 1, rows)),
        "weak": plain(0.4 * first + rng.normal(0, 1, rows)),
        "other": plain(rng.exponential(1, rows)),
    }
    names = list(table)
    scaled = pd.DataFrame(StandardScaler().fit_transform(pd.DataFrame(table)), columns=names)
    varied = VarianceThreshold().fit(pd.DataFrame(table)).get_feature_names_out(names).tolist()
    correlation = scaled[varied].corr().abs()
    upper = correlation.where(np.triu(np.ones(correlation.shape), k=1).astype(bool))
    kept = [c for c in varied if not (upper[c] > 0.95).any()]
    config = {"numeric_features": names, "clip_outliers": False}
    cases["select_correlation"] = {"config": config, "table": table, "expect": columns(kept, scaled[kept])}
    targets = {
        "classes": (first + rng.normal(0, 1, rows) > 0, f_classif),
        "numbers": (3 * first + rng.normal(0, 1, rows), f_regression),
    }
    for name, (target, score) in targets.items():
        chosen = SelectKBest(score, k=2).fit(scaled[kept], target).get_feature_names_out().tolist()
        cases[f"select_{name}"] = {
            "config": {**config, "max_features": 2, "target_column": "answer"},
            "table": {**table, "answer": np.asarray(target).tolist()},
            "expect": columns(chosen, scaled[chosen]),
        }
    return cases


def all_cases() -> dict[str, Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {**scaling_cases(), **category_cases(), **target_cases(), **text_cases(), **selection_cases()}


def grouped() -> dict[str, dict[str, Case]]:
    files: dict[str, dict[str, Case]] = {}
    for name, case in all_cases().items():
        files.setdefault(name.split("_")[0], {})[name] = case
    return files


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, (int, float)):
        return bool(np.isclose(a, b, rtol=1e-9, atol=1e-12))
    return bool(a == b)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    wrong = 0
    FOLDER.mkdir(exist_ok=True)
    for name, cases in grouped().items():
        path = FOLDER / f"{name}.json"
        if not check:
            text = json.dumps(cases, ensure_ascii=False, separators=(",", ":"))
            path.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")
        elif not same(json.loads(path.read_text(encoding="utf-8")), json.loads(json.dumps(cases))):
            print(f"{path} differs from what scikit-learn says today", file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
