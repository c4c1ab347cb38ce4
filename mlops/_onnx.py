# SPDX-License-Identifier: MIT
"""Making a fitted scikit-learn model servable: converted to ONNX and compared with the original.

The graph has one input, `input` (FP64, [-1, features]); its first output is the label, then come the probabilities.
scikit-learn's trees look at their input rounded to FP32 and compare that with FP64 thresholds; the graph does exactly
the same, so that no sample falls on the other side of a split.

Everything heavy (skl2onnx, onnx, onnxruntime, scikit-learn) is imported here, on first use.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Optional

from ._onnx_rows import comparison_rows, thresholds_of_trees

# The newest that every converter and ONNX Runtime know; some refuse the other domain beyond 3.
OPSETS = {"": 18, "ai.onnx.ml": 3}
INPUT = "input"
# Converters whose trees round their input to FP32 first; histogram boosting does not.
_FLOAT32_TREES = ("sklearn.tree.", "sklearn.ensemble._forest", "sklearn.ensemble._gb", "sklearn.ensemble._iforest")
_TREE_NODES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")


@dataclass
class Conversion:
    """What became of a model: the graph, or the reason why there is none."""

    onnx: Optional[bytes] = None
    reason: str = ""
    features: Optional[int] = None
    feature_names: list[str] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)


def convert(model: Any, rows: Optional[Any] = None) -> Conversion:
    """Converts and compares; `rows` are samples of the linked pipeline run (an array with the model's columns)."""
    result = Conversion()
    result.reason = _refusal(model)
    if result.reason:
        return result
    result.features = int(model.n_features_in_)
    result.feature_names = [str(name) for name in getattr(model, "feature_names_in_", [])]
    try:
        import onnxruntime  # noqa: F401
        import skl2onnx  # noqa: F401
    except ImportError as error:
        result.reason = (
            f"{error.name} is not installed, so the model cannot be converted (pip install skl2onnx onnxruntime)"
        )
        return result
    try:
        _convert_and_compare(model, rows, result)
    except Exception as error:  # whatever a model does: it is registered all the same
        result.reason = f"the conversion of {type(model).__name__} failed: {_named(error)}"
    return result


def _convert_and_compare(model: Any, rows: Optional[Any], result: Conversion) -> None:
    """Takes the graph of FP64, or that of FP32 where there is none, or none that runs and agrees."""
    assert result.features is not None
    compared: list[str] = []
    for make in (_graph_of_fp64, _graph_of_fp32):
        try:
            graph = make(model, result.features)
        except Exception as error:
            result.reason = _no_graph(model, error)
            continue
        _describe(model, graph, result)
        result.reason = _compare(model, graph, _usable(rows, result.features))
        if not result.reason:
            result.onnx = graph.SerializeToString()
            return
        compared.append(result.reason)
    if compared:  # a graph's own failing says more than that there is no other
        result.reason = "; in FP32: ".join(dict.fromkeys(compared))


def _no_graph(model: Any, error: Exception) -> str:
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    name = type(model).__name__
    if isinstance(error, (MissingConverter, MissingShapeCalculator)):
        return f"there is no converter for {name}: {_first_line(error)}"
    cause = f" ({_named(error.__cause__)})" if error.__cause__ is not None else ""
    return f"the converter for {name} failed: {_named(error)}{cause}"


def _refusal(model: Any) -> str:
    """Why a model cannot be converted, as far as can be seen without trying."""
    name = f"{type(model).__module__}.{type(model).__name__}"
    try:
        from sklearn.base import BaseEstimator
        from sklearn.exceptions import NotFittedError
        from sklearn.utils.validation import check_is_fitted
    except ImportError:
        return f"scikit-learn is not installed, so {name} cannot be converted"
    if not isinstance(model, BaseEstimator):
        return f"{name} is not a scikit-learn model; only those are converted"
    try:
        check_is_fitted(model)
    except NotFittedError:
        return f"the {type(model).__name__} is not fitted, as far as scikit-learn's check_is_fitted can tell"
    except Exception as error:  # an estimator's own code
        return f"{name} cannot be converted: {_named(error)}"
    if not hasattr(model, "predict"):
        return f"{name} has no predict"
    if not isinstance(getattr(model, "n_features_in_", None), int):
        return f"{name} does not tell how many features it takes"
    return ""


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {_first_line(error)}"


def _graph_of_fp64(model: Any, features: int) -> Any:
    from skl2onnx.common.data_types import DoubleTensorType

    graph = _to_onnx(model, DoubleTensorType([None, features]))
    if _has_float32_trees(model):
        _mend_trees(graph, thresholds_of_trees(model))
    else:
        _widen_scores(graph)
    return graph


def _graph_of_fp32(model: Any, features: int) -> Any:
    """Some converters know FP32 alone, or make graphs of FP64 that do not run."""
    from skl2onnx.common.data_types import FloatTensorType

    graph = _to_onnx(model, FloatTensorType([None, features]))
    _take_fp64(graph)
    return graph


def _to_onnx(model: Any, kind: Any) -> Any:
    from skl2onnx import to_onnx
    from sklearn.base import is_classifier

    def converted(options: Optional[dict[int, dict[str, Any]]]) -> Any:
        return to_onnx(model, initial_types=[(INPUT, kind)], options=options, target_opset=OPSETS)

    if not is_classifier(model):
        return converted(None)
    try:
        return converted({id(model): {"zipmap": False}})
    except NameError as error:  # a classifier without probabilities has no such option
        if "zipmap" not in str(error):
            raise
        # Left out for a pipeline, it is handed to its last step all the same, unless that has options of its own.
        return converted({id(step): {} for _, step in getattr(model, "steps", [])} or None)


def _has_float32_trees(model: Any, depth: int = 0) -> bool:
    if type(model).__module__.startswith(_FLOAT32_TREES):
        return True
    if depth > 4:
        return False
    parts = [step for _, step in getattr(model, "steps", [])] + list(getattr(model, "estimators_", []))
    parts += [getattr(model, name) for name in ("estimator", "estimator_", "best_estimator_") if hasattr(model, name)]
    return any(_has_float32_trees(part, depth + 1) for part in parts if hasattr(part, "get_params"))


def _mend_trees(graph: Any, thresholds: list[list[float]]) -> None:
    """Before each ensemble of trees FP64 -> FP32 -> FP64, as the original rounds; and its thresholds, which the graph
    holds as FP32, rounded down: x <= t holds for the same FP32 numbers x then, which rounding to nearest may break.
    """
    from onnx import TensorProto, helper

    below = _rounded_down(thresholds)
    nodes = []
    for number, node in enumerate(graph.graph.node):
        if node.op_type in _TREE_NODES:
            source, narrow, wide = node.input[0], f"tracseq_narrow_{number}", f"tracseq_wide_{number}"
            nodes.append(helper.make_node("Cast", [source], [narrow], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Cast", [narrow], [wide], to=TensorProto.DOUBLE))
            node.input[0] = wide
            _replace_thresholds(node, below)
        nodes.append(node)
        if node.op_type == "TreeEnsembleClassifier":
            nodes.extend(_first_of_equals(graph, node, number))
    _replace_nodes(graph, nodes)
    _widen_scores(graph)


def _first_of_equals(graph: Any, node: Any, number: int) -> list[Any]:
    """Nodes that give the label of the greatest score, of equal ones the first, as forests do; the ensemble's own
    label is the last. Boosted trees (with a transform of their scores) decide as the ensemble does.
    """
    from onnx import TensorProto, helper

    attributes = {attribute.name: attribute for attribute in node.attribute}
    transform = attributes.get("post_transform")
    if transform is not None and transform.s not in (b"", b"NONE"):
        return []
    numbers, texts = attributes.get("classlabels_int64s"), attributes.get("classlabels_strings")
    classes, label = f"tracseq_classes_{number}", node.output[0]
    if texts is not None and len(texts.strings) > 0:
        values = helper.make_tensor(classes, TensorProto.STRING, [len(texts.strings)], list(texts.strings))
    elif numbers is not None and len(numbers.ints) > 0:
        values = helper.make_tensor(classes, TensorProto.INT64, [len(numbers.ints)], list(numbers.ints))
    else:
        return []
    graph.graph.initializer.append(values)
    node.output[0] = f"tracseq_label_{number}"
    best = f"tracseq_best_{number}"
    return [
        helper.make_node("ArgMax", [node.output[1]], [best], axis=1, keepdims=0),
        helper.make_node("Gather", [classes, best], [label], axis=0),
    ]


def _rounded_down(thresholds: list[list[float]]) -> dict[tuple[int, float], float]:
    """(feature, threshold to the nearest FP32) -> the greatest FP32 not above the threshold."""
    import numpy as np

    below = {}
    for feature, known in enumerate(thresholds):
        exact = np.asarray(known, dtype=np.float64)
        nearest = exact.astype(np.float32)
        down = np.where(nearest.astype(np.float64) > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
        below.update({(feature, float(n)): float(d) for n, d in zip(nearest, down)})
    return below


def _replace_thresholds(node: Any, below: dict[tuple[int, float], float]) -> None:
    attributes = {attribute.name: attribute for attribute in node.attribute}
    values, features = attributes.get("nodes_values"), attributes.get("nodes_featureids")
    if values is None or features is None:
        return
    mended = [below.get((feature, value), value) for feature, value in zip(features.ints, values.floats)]
    del values.floats[:]
    values.floats.extend(mended)


def _widen_scores(graph: Any) -> None:
    """An ensemble's scores are FP32 whatever its input; the rest of the graph expects FP64."""
    from onnx import TensorProto, helper

    nodes = []
    widened = set()
    for number, node in enumerate(graph.graph.node):
        nodes.append(node)
        if node.op_type in _TREE_NODES:
            scores, raw = node.output[-1], f"tracseq_scores_{number}"
            node.output[len(node.output) - 1] = raw
            nodes.append(helper.make_node("Cast", [raw], [scores], to=TensorProto.DOUBLE))
            widened.add(scores)
    for output in graph.graph.output:
        if output.name in widened:
            output.type.tensor_type.elem_type = TensorProto.DOUBLE
    _replace_nodes(graph, nodes)


def _take_fp64(graph: Any) -> None:
    """Lets a graph of FP32 take FP64: one cast behind its input."""
    from onnx import TensorProto, helper

    narrow = "tracseq_input_fp32"
    for node in graph.graph.node:
        for index, name in enumerate(node.input):
            if name == INPUT:
                node.input[index] = narrow
    graph.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    cast = helper.make_node("Cast", [INPUT], [narrow], to=TensorProto.FLOAT)
    _replace_nodes(graph, [cast, *graph.graph.node])


def _replace_nodes(graph: Any, nodes: list[Any]) -> None:
    copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.graph.node[:]
    graph.graph.node.extend(copies)
    del graph.graph.value_info[:]


def _describe(model: Any, graph: Any, result: Conversion) -> None:
    """Puts what the graph cannot say into its metadata: names of classes and columns."""
    classes = getattr(model, "classes_", None)
    if classes is not None and not isinstance(classes, list):
        result.classes = [str(item) for item in classes]
    known = {"tracseq.classes": result.classes, "tracseq.feature_names": result.feature_names}
    for key, names in known.items():
        if names:
            entry = graph.metadata_props.add()
            entry.key, entry.value = key, json.dumps(names)
    result.outputs = [{"name": out.name, "type": int(out.type.tensor_type.elem_type)} for out in graph.graph.output]


def _usable(rows: Optional[Any], features: int) -> Optional[Any]:
    if rows is None or getattr(rows, "ndim", 0) != 2 or rows.shape[1] != features or len(rows) == 0:
        return None
    return rows


def _compare(model: Any, graph: Any, rows: Optional[Any]) -> str:
    """In what the converted model differs from the original on the rows, drawn ones if there are none; "" where it
    does not. An original that cannot predict them cannot be compared, so it is not served.
    """
    import numpy as np

    samples = np.ascontiguousarray(comparison_rows(model) if rows is None else rows, dtype=np.float64)
    try:
        expected = np.asarray(_predict(model, samples))
    except Exception as error:
        if rows is not None:
            return f"{type(model).__name__} cannot predict the output of its pipeline run: {_named(error)}"
        return (
            f"{type(model).__name__} cannot predict the {len(samples)} samples drawn to compare it on "
            f"({_named(error)}); with the pipeline run it was trained on, rows of that are taken (pipeline_run_id)"
        )
    return _difference(graph, samples, expected)


def _difference(graph: Any, samples: Any, expected: Any) -> str:
    """In what the converted model's answers differ from the expected ones; "" where they do not."""
    import numpy as np
    import onnxruntime

    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
        converted = np.asarray(session.run(None, {INPUT: samples})[0])
    except Exception as error:
        return f"the converted model cannot be run: {_first_line(error)}"
    if converted.shape != expected.shape:
        converted = converted.reshape(expected.shape) if converted.size == expected.size else converted
    if converted.shape != expected.shape:
        return f"the converted model answers with the shape {converted.shape}, the original with {expected.shape}"
    wrong = _count_differences(converted, expected)
    return f"the converted model differs from the original on {wrong} of {len(samples)} samples" if wrong else ""


def _predict(model: Any, samples: Any) -> Any:
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return model.predict(samples)
    import pandas as pd

    return model.predict(pd.DataFrame(samples, columns=list(names)))


def _count_differences(converted: Any, expected: Any) -> int:
    import numpy as np

    if expected.dtype.kind == "f":
        return int(np.count_nonzero(~np.isclose(converted.astype(float), expected, rtol=1e-5, atol=1e-8)))
    if expected.dtype.kind in "iub":
        return int(np.count_nonzero(converted.astype(np.int64) != expected.astype(np.int64)))
    return int(np.count_nonzero(converted.astype(str) != expected.astype(str)))
