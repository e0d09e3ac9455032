"""The engine that `isegformer evaluate` clicks on, and the facts that name it in the results."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..evaluation.layouts.registry import Layout
from ..evaluation.protocol import Engine
from ..evaluation.rivals import RIVALS
from ..evaluation.sharding import Shard
from .options import THRESHOLD, add_model_options, load_segmenter, whole_number

if TYPE_CHECKING:
    from ..engine import RegionPolicy, Segmenter
    from ..networks import ClickNetwork

REGIONS = ("default", "zoom-in", "fixed", "whole", "adaptive")
NO_BRS, FEATURE_BRS = "none", "f-brs"

_WHOLE_LIMIT = 1024
"""The published evaluations see the first click at the image's own size; none of their images is larger than this."""


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the model and of how it looks at images."""
    add_model_options(parser)
    parser.epilog = f"In the place of a model may stand a rival without a network: {', '.join(RIVALS)}."
    parser.add_argument(
        "--region",
        choices=REGIONS,
        default=REGIONS[0],
        help="what the network looks at: the published zoom-in or its fixed-size kind, the whole image, or by the "
        "object's share of it (default: as the window)",
    )
    parser.add_argument(
        "--region-side", type=whole_number, metavar="PIXELS", help="side of the view (zoom-in: 400, DAVIS 600)"
    )
    parser.add_argument(
        "--not-honoured", action="store_true", help="leave a clicked pixel as the network answers, as papers do"
    )
    parser.add_argument("--brs", choices=(NO_BRS, FEATURE_BRS), default=NO_BRS, help="refinement by backpropagation")
    parser.add_argument(
        "--published",
        action="store_true",
        help="as the authors of the network measured it: --region zoom-in --flip --not-honoured, without refinement; "
        "SimpleClick --region fixed, FocalClick and SegNext with regions of their own and without --flip",
    )


def make_engine(arguments: argparse.Namespace, layout: Layout, shard: Shard) -> tuple[Engine, dict[str, Any]]:
    """Make the engine that the options choose, and say what decides its answers.

    With `--published` the threshold in `arguments` becomes that of the network's authors, unless another was asked for.
    """
    if arguments.model in RIVALS:
        return RIVALS[arguments.model](), {"model": arguments.model, "asked": arguments.model}
    if arguments.published and (arguments.region not in ("default", "zoom-in", "fixed") or arguments.brs != NO_BRS):
        raise SettingsError("The published settings have a Zoom-In and no refinement; leave out --published.")
    if shard.count > 1 and arguments.device == "auto":
        arguments.device = _own_device(shard)
    segmenter = _segmenter(arguments, layout)
    return segmenter, {
        "model": segmenter.model_name,
        "sha256": segmenter.model_sha256,
        "asked": arguments.model or "",
        "flip": arguments.flip,
        "honoured": not arguments.not_honoured,
        "brs": arguments.brs,
        "region": {"rule": type(segmenter.region).__name__, **asdict(segmenter.region)},
        "device": segmenter.device,
        "threads": arguments.threads,
    }


def published_settings(
    network: "ClickNetwork", layout: Layout, side: int | None = None
) -> "tuple[RegionPolicy, bool, float]":
    """Give the region, whether answers are averaged over flips, and the threshold with which its authors measured.

    `side` of the view in pixels, where it is to be another.
    """
    from ..engine import WholeImage, ZoomIn
    from ..networks.focalclick import FocalClickNetwork
    from ..networks.segnext import SegNextNetwork
    from ..networks.simpleclick import SimpleClickNetwork

    if isinstance(network, SimpleClickNetwork):
        return ZoomIn.fixed(side or layout.fixed_side), True, THRESHOLD
    if isinstance(network, FocalClickNetwork):
        # The region follows the mask at every click; the network itself brings it to 256 pixels.
        side = side or network.view_side
        return ZoomIn(side=side, square=True, min_side=10, keep_overlap=1.0, whole_limit=None), False, 0.5
    if isinstance(network, SegNextNetwork):
        return WholeImage(side=side, square=True), False, THRESHOLD
    return ZoomIn(side=side or layout.zoom_side, whole_limit=_WHOLE_LIMIT), True, THRESHOLD


def _own_device(shard: Shard) -> str:
    """Give each process of a machine a GPU of its own, where there are some."""
    import torch

    count = torch.cuda.device_count()
    return f"cuda:{shard.local % count}" if count else "cpu"


def _segmenter(arguments: argparse.Namespace, layout: Layout) -> "Segmenter":
    """Load the model; with a region, without honouring or with refinement, put its network to work anew."""
    from ..engine import HonourRule, Segmenter

    region = None if arguments.published else _region(arguments, layout)
    loaded = load_segmenter(arguments)
    if arguments.published:
        arguments.not_honoured = True
        region, arguments.flip, threshold = published_settings(loaded.network, layout, arguments.region_side)
        region = _region(arguments, layout) if arguments.region != REGIONS[0] else region
        arguments.threshold = threshold if arguments.threshold == THRESHOLD else arguments.threshold
    if region is None and arguments.brs == NO_BRS and not arguments.not_honoured:
        return loaded
    network = loaded.network
    if arguments.brs == FEATURE_BRS:
        from ..evaluation.brs import BackpropagatingNetwork

        network = BackpropagatingNetwork(network)
    segmenter = Segmenter(
        network,
        loaded.device,
        threads=arguments.threads,
        flip=arguments.flip,
        region=region or loaded.region,
        honour=None if arguments.not_honoured else HonourRule(),
    )
    segmenter.model_name, segmenter.model_sha256 = loaded.model_name, loaded.model_sha256
    return segmenter


def _region(arguments: argparse.Namespace, layout: Layout) -> "RegionPolicy | None":
    """Make the rule of the region of interest; None: the one that the window has."""
    from ..engine import AdaptiveRegion, WholeImage, ZoomIn

    side = arguments.region_side
    if arguments.region == "zoom-in":
        return ZoomIn(side=side or layout.zoom_side, whole_limit=_WHOLE_LIMIT)
    if arguments.region == "fixed":
        return ZoomIn.fixed(side or layout.fixed_side)
    if arguments.region == "whole":
        return WholeImage(side=side)
    if arguments.region == "adaptive":
        return AdaptiveRegion(side=side)
    if side is not None:
        raise SettingsError("The option --region-side needs a --region to be the side of.")
    return None
