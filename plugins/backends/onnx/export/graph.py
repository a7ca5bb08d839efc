"""An ONNX graph that grows node by node; its weights go to a file beside it as they come."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

OPSET, IR = 18, 9
PAGE = 4096  # weights begin on pages, so that a runtime can map them
TYPES = {"int64": TensorProto.INT64, "float": TensorProto.FLOAT}


class Graph:
    def __init__(self, path: Path, context: int):
        self.path, self.context = path, context
        self.data = open(path.with_name(path.name + ".data"), "wb")
        self.nodes, self.inputs, self.outputs, self.weights = [], [], [], []
        self.constants = {}

    def input(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[kind], shape))

    def output(self, name, kind, shape):
        self.outputs.append(helper.make_tensor_value_info(name, TYPES[kind], shape))

    def op(self, kind, *inputs, outputs=1, named=None, **attributes):
        """Adds a node; gives the name of its output, or a list of several."""
        base = f"{kind.lower()}_{len(self.nodes)}"
        names = [named] if named else [f"{base}_{i}" if outputs > 1 else base for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=base, **attributes))
        return names if outputs > 1 else names[0]

    def weight(self, name, values: np.ndarray):
        """A tensor of the file beside the graph."""
        values = np.ascontiguousarray(values)
        self.data.write(b"\0" * (-self.data.tell() % PAGE))
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor = TensorProto(
            name=f"{name}_{len(self.weights)}", data_type=kind, dims=values.shape,
            data_location=TensorProto.EXTERNAL,
        )
        entries = {"location": self.path.name + ".data", "offset": self.data.tell(), "length": values.nbytes}
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        self.data.write(values.data)
        self.weights.append(tensor)
        return tensor.name

    def ints(self, values):
        return self.constant(np.array(values, np.int64))

    def whole(self, value):
        return self.constant(np.array(value, np.int64))

    def scalar(self, value):
        return self.constant(np.array(value, np.float32))

    def constant(self, values):
        """A small tensor inside the graph, once for each value."""
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            kind = helper.np_dtype_to_tensor_dtype(values.dtype)
            self.constants[key] = helper.make_tensor(name, kind, values.shape, values.tobytes(), raw=True)
        return self.constants[key].name

    def write(self, facts):
        self.data.close()
        weights = [*self.constants.values(), *self.weights]
        graph = helper.make_graph(self.nodes, "decoder", self.inputs, self.outputs, weights)
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain for node in self.nodes):
            opsets.append(helper.make_opsetid("com.microsoft", 1))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="pilotbench")
        helper.set_model_props(model, {key: str(value) for key, value in facts.items()})
        self.path.write_bytes(model.SerializeToString(deterministic=True))
