# SPDX-License-Identifier: MIT
"""Writes the small ONNX models the serving tests use. Run: python tests/golden/make_onnx.py (needs `onnx`, numpy).

The files are committed, so that the tests need neither; the output depends only on this script.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper, numpy_helper

FOLDER = Path(__file__).parent / "onnx"
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


def save(
    name: str,
    nodes: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    initializers: list[Any] | None = None,
    metadata: dict[str, str] | None = None,
    opsets: list[Any] | None = None,
    tamper=None,
    path: Path | None = None,
) -> None:
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers or [])
    model = helper.make_model(graph, opset_imports=opsets or OPSETS, producer_name="tracseq-tests")
    model.ir_version = 8
    helper.set_model_props(model, metadata or {})
    if tamper:
        tamper(model)
    (path or FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def info(name: str, kind: int, shape: list[Any]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def linear(name: str, labels: dict[str, Any], label_type: int, metadata: dict[str, str] | None = None) -> None:
    """Two classes over three columns: score = x0 + 2*x1 - x2 - 0.5, probability by the logistic function."""
    node = helper.make_node(
        "LinearClassifier",
        ["input"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        coefficients=[-1.0, -2.0, 1.0, 1.0, 2.0, -1.0],
        intercepts=[0.5, -0.5],
        multi_class=0,
        post_transform="SOFTMAX",
        **labels,
    )
    save(
        name,
        [node],
        [info("input", TensorProto.FLOAT, [None, 3])],
        [info("label", label_type, [None]), info("probabilities", TensorProto.FLOAT, [None, 2])],
        metadata=metadata,
    )


def threshold64() -> None:
    """FP64 all the way: label 1 where x0 > 0.1 (the double), so one unit in the last place decides."""
    nodes = [
        helper.make_node("Greater", ["input", "limit"], ["above"]),
        helper.make_node("Cast", ["above"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Squeeze", ["whole", "axis"], ["label"]),
        helper.make_node("Cast", ["above"], ["probabilities"], to=TensorProto.DOUBLE),
    ]
    save(
        "threshold64",
        nodes,
        [info("input", TensorProto.DOUBLE, [None, 1])],
        [info("label", TensorProto.INT64, [None]), info("probabilities", TensorProto.DOUBLE, [None, 1])],
        [numpy_helper.from_array(np.array([[0.1]]), "limit"), numpy_helper.from_array(np.array([1]), "axis")],
    )


def greedy() -> None:
    """Repeats its one value 700 million times (5.6 GB) before it sums them up: more than a server gives."""
    nodes = [
        helper.make_node("Expand", ["input", "times"], ["many"]),
        helper.make_node("ReduceSum", ["many", "axis"], ["label"], keepdims=1),
    ]
    save(
        "greedy",
        nodes,
        [info("input", TensorProto.DOUBLE, [None, 1])],
        [info("label", TensorProto.DOUBLE, [None, 1])],
        [
            numpy_helper.from_array(np.array([1, 700_000_000]), "times"),
            numpy_helper.from_array(np.array([1]), "axis"),
        ],
    )


def identities() -> None:
    kinds = {
        "BOOL": TensorProto.BOOL,
        "UINT8": TensorProto.UINT8,
        "INT8": TensorProto.INT8,
        "UINT16": TensorProto.UINT16,
        "INT16": TensorProto.INT16,
        "INT32": TensorProto.INT32,
        "UINT32": TensorProto.UINT32,
        "INT64": TensorProto.INT64,
        "UINT64": TensorProto.UINT64,
        "FP16": TensorProto.FLOAT16,
        "FP32": TensorProto.FLOAT,
        "FP64": TensorProto.DOUBLE,
        "BYTES": TensorProto.STRING,
    }
    nodes, inputs, outputs = [], [], []
    for name, kind in kinds.items():
        nodes.append(helper.make_node("Identity", [f"in_{name}"], [f"out_{name}"]))
        inputs.append(info(f"in_{name}", kind, [None, None]))
        outputs.append(info(f"out_{name}", kind, [None, None]))
    save("identity_all", nodes, inputs, outputs)


def forest(trees: int, depth: int, features: int = 30, path: Path | None = None) -> None:
    """A forest of complete trees with drawn splits and a fixed seed; 100 trees of depth 6 is the benchmark's model."""
    draw = np.random.default_rng(7)
    inner = 2**depth - 1
    total = 2 ** (depth + 1) - 1
    ids = np.arange(total)
    is_leaf = ids >= inner
    fields: dict[str, list[Any]] = {
        key: []
        for key in (
            "treeids",
            "nodeids",
            "featureids",
            "values",
            "modes",
            "true",
            "false",
            "class_treeids",
            "class_nodeids",
            "class_ids",
            "class_weights",
        )
    }
    for tree in range(trees):
        fields["treeids"] += [tree] * total
        fields["nodeids"] += ids.tolist()
        fields["featureids"] += np.where(is_leaf, 0, draw.integers(0, features, total)).tolist()
        fields["values"] += np.where(is_leaf, 0.0, draw.normal(size=total)).astype(np.float32).tolist()
        fields["modes"] += ["LEAF" if leaf else "BRANCH_LEQ" for leaf in is_leaf]
        fields["true"] += np.where(is_leaf, 0, 2 * ids + 1).tolist()
        fields["false"] += np.where(is_leaf, 0, 2 * ids + 2).tolist()
        share = draw.uniform(size=total - inner)
        for leaf, p in zip(ids[is_leaf].tolist(), share.tolist()):
            for label, weight in ((0, 1 - p), (1, p)):
                fields["class_treeids"].append(tree)
                fields["class_nodeids"].append(leaf)
                fields["class_ids"].append(label)
                fields["class_weights"].append(weight / trees)
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["input"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        nodes_treeids=fields["treeids"],
        nodes_nodeids=fields["nodeids"],
        nodes_featureids=fields["featureids"],
        nodes_values=fields["values"],
        nodes_modes=fields["modes"],
        nodes_truenodeids=fields["true"],
        nodes_falsenodeids=fields["false"],
        class_treeids=fields["class_treeids"],
        class_nodeids=fields["class_nodeids"],
        class_ids=fields["class_ids"],
        class_weights=fields["class_weights"],
        classlabels_strings=["benign", "malignant"],
        post_transform="NONE",
    )
    save(
        "forest",
        [node],
        [info("input", TensorProto.FLOAT, [None, features])],
        [info("label", TensorProto.STRING, [None]), info("probabilities", TensorProto.FLOAT, [None, 2])],
        path=path,
    )


def hostile() -> None:
    def outside(model) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "../../../etc/passwd"

    add = [helper.make_node("Add", ["input", "bias"], ["output"])]
    one_in = [info("input", TensorProto.FLOAT, [None, 1])]
    one_out = [info("output", TensorProto.FLOAT, [None, 1])]
    bias = [numpy_helper.from_array(np.array([[1.0]], np.float32), "bias")]
    save("external_data", add, one_in, one_out, bias, tamper=outside)
    save(
        "foreign_domain",
        [helper.make_node("Steal", ["input"], ["output"], domain="evil.example")],
        one_in,
        one_out,
        opsets=[*OPSETS, helper.make_opsetid("evil.example", 1)],
    )
    inner = helper.make_graph([], "inner", [], [info("input", TensorProto.FLOAT, [None, 1])])
    for level in range(20):
        node = (
            helper.make_node("If", ["flag"], ["output"], then_branch=inner, else_branch=inner)
            if level == 0
            else helper.make_node("If", ["flag"], ["output"], then_branch=inner)
        )
        inner = helper.make_graph([node], f"level{level}", [], one_out)
    save("deep", [helper.make_node("If", ["flag"], ["output"], then_branch=inner)], one_in, one_out)
    node = helper.make_node("ZipMap", ["input"], ["output"], domain="ai.onnx.ml", classlabels_int64s=[0])
    save(
        "zipmap",
        [node],
        one_in,
        [
            helper.make_value_info(
                "output",
                helper.make_sequence_type_proto(
                    helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
                ),
            )
        ],
    )


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    linear(
        "linear",
        {"classlabels_ints": [0, 1]},
        TensorProto.INT64,
        {"tracseq.feature_names": json.dumps(["a", "b", "c"])},
    )
    # Another version of the same model: the labels are swapped, so a test sees which one answered.
    linear(
        "linear_v2",
        {"classlabels_ints": [10, 11]},
        TensorProto.INT64,
        {"tracseq.feature_names": json.dumps(["a", "b", "c"])},
    )
    linear("linear_text", {"classlabels_strings": ["reject", "approve"]}, TensorProto.STRING)
    threshold64()
    greedy()
    identities()
    forest(trees=5, depth=3)
    hostile()


if __name__ == "__main__":
    main()
