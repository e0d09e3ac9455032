"""`isegformer checkpoint`: what a file of weights is, other projects' models, exports, and the user's own models."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import OutputError, SettingsError
from ..store import list_models, remove_model, resolve_model, stored_path
from ..store.header import LONGEST_NAME, is_model_name
from .listings import model_table, told

_SUFFIX = ".safetensors"
_EXAMPLES = """\
examples:
  isegformer checkpoint info coco_lvis_h18_itermask.pth
  isegformer checkpoint import coco_lvis_h18_itermask.pth -o ritm-h18.safetensors
  isegformer checkpoint export ritm-h18.safetensors --format onnx -o ritm-h18.onnx
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    kinds = parser.add_subparsers(dest="subcommand", required=True, metavar="info|import|export|list|download|remove")
    info = kinds.add_parser("info", help="say what a file of weights is")
    info.add_argument("file", metavar="NAME|FILE", help="a model, or a .pth, .pt, .bin or .safetensors file")
    info.add_argument("--json", action="store_true", help="as JSON")
    importing = kinds.add_parser("import", help="turn a click model of another project into one of this program")
    importing.add_argument(
        "file", type=Path, metavar="FILE", help="a model of RITM, iSegFormer, SimpleClick, FocalClick, SegNext"
    )
    target = importing.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", type=Path, metavar="OUT.safetensors", help="where the model goes")
    target.add_argument("--keep", action="store_true", help="put it among your own models")
    importing.add_argument("--name", metavar="NAME", help="what the model is called (default: as the file)")
    exporting = kinds.add_parser("export", help="write a model for other programs")
    exporting.add_argument("file", metavar="NAME|FILE", help="a model")
    exporting.add_argument("--format", choices=("onnx",), required=True, help="onnx: for ONNX Runtime and its like")
    exporting.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="where it goes")
    kinds.add_parser("list", help="list bundled and own models").add_argument(
        "--json", action="store_true", help="as JSON"
    )
    download = kinds.add_parser("download", help="fetch a published model from its authors; without a name, list them")
    download.add_argument("name", nargs="?", metavar="NAME", help="one of the published models")
    download.add_argument("--accept-licence", action="store_true", help="you have read its licence and accept it")
    remove = kinds.add_parser("remove", help="delete one of your own models")
    remove.add_argument("name", metavar="NAME", help="name of the model")


def run(arguments: argparse.Namespace) -> int:
    """Do what the subcommand says."""
    _SUBCOMMANDS[arguments.subcommand](arguments)
    return 0


def _info(arguments: argparse.Namespace) -> None:
    path = resolve_model(arguments.file)
    from ..checkpoints.info import describe_file

    facts = describe_file(path)
    print(json.dumps(facts, ensure_ascii=False) if arguments.json else told(facts))


def _import(arguments: argparse.Namespace) -> None:
    name = arguments.name or arguments.file.stem
    if not is_model_name(name):
        raise SettingsError(
            f"A model cannot be called {name[:40]!r}; give it another --name, of {LONGEST_NAME} letters at most."
        )
    output = stored_path(name) if arguments.keep else arguments.output
    if output.suffix != _SUFFIX:
        raise OutputError(f"A model is written as safetensors; let the name {str(output)!r} end in {_SUFFIX}.")
    if output.exists() and arguments.keep:
        raise SettingsError(f"There is a model {name!r} already; remove it first, or choose another name by --name.")
    if output.exists() and output.samefile(arguments.file):
        raise OutputError(f"The file {str(output)!r} would be overwritten by itself; write to another name.")
    from ..checkpoints import import_model

    imported = import_model(arguments.file)
    imported.save(output, name)
    left = f"; {len(imported.left_out)} weights that no answer needs were left out" if imported.left_out else ""
    print(f"{output}: {imported.title}, as the network {imported.network_name}{left}")


def _export(arguments: argparse.Namespace) -> None:
    from ..checkpoints.onnx_export import export_onnx

    for line in export_onnx(resolve_model(arguments.file), arguments.output):
        print(line)


def _list(arguments: argparse.Namespace) -> None:
    models = list_models()
    if arguments.json:
        rows = [
            {"name": each.name, "file": str(each.path), "bundled": each.is_bundled, "bytes": each.size}
            | {"network": each.network, "speed": each.speed, "licence": each.licence, "problem": each.problem}
            for each in models
        ]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        print(model_table(models))


def _download(arguments: argparse.Namespace) -> None:
    from .downloading import fetch_published, list_published

    if arguments.name is None:
        print(list_published())
    else:
        fetch_published(arguments.name, is_accepted=arguments.accept_licence)


def _remove(arguments: argparse.Namespace) -> None:
    remove_model(arguments.name)
    print(f"{arguments.name}: removed")


_SUBCOMMANDS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "info": _info,
    "import": _import,
    "export": _export,
    "list": _list,
    "download": _download,
    "remove": _remove,
}
