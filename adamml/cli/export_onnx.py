"""`adamml export-onnx`: a model's networks as ONNX graphs, described and checked."""

import argparse
import sys
from pathlib import Path

from adamml.cli.common import MODEL_HELP, bad_input


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "export-onnx",
        help="write a model's networks as ONNX graphs",
        description="One graph per network, and networks.json: what each takes and gives, and how a clip becomes that. "
        "Every graph is run by ONNX Runtime and compared with the model's own numbers.",
    )
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP.partition(" (")[0])
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from adamml.engine.onnx_folder import OnnxExportError
    from adamml.recognizer import Recognizer
    from adamml.weights.checkpoint import CheckpointError

    try:
        recognizer = Recognizer.load(args.model, backend="torch", device="cpu")
        where = recognizer.export_onnx(args.out, say=lambda line: print(line, file=sys.stderr, flush=True))
    except (CheckpointError, OnnxExportError, OSError) as error:
        return bad_input(error)
    print(f"{recognizer.card.name} {recognizer.card.version} is in {where}; networks.json says how to use it")
    return 0
