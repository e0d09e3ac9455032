"""What holds for every network of the registry: any size, any batch, any device, and options that all of them take."""

from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn import functional

from model.clicks import Click
from model.engine import Segmenter
from model.errors import SettingsError
from model.networks import ClickNetwork, create_network, network_names
from model.networks.early import EarlyFusionNetwork
from model.networks.focalclick import FocalClickNetwork

from .weights import stirred

SMALL = (
    "segformer-b0",
    "hrnet-18s",
    "hrformer-s",
    pytest.param("swin-b", marks=pytest.mark.slow),
    "simpleclick-xtiny",
    "focalclick-b0",
    "timm:pvt_v2_b0",
)
"""The smallest of each early family; the others are one size of the same code, and wait for the slow tests."""
EARLY = tuple(name for name in network_names() if not name.startswith(("late", "segnext")))
LARGE = tuple(name for name in EARLY if name not in SMALL and name != "swin-b")
SIZES = ((1, 1), (3, 70), (41, 67), (96, 128))


@cache
def network(name: str) -> ClickNetwork:
    torch.manual_seed(0)
    built = stirred(create_network(name), spread=0.01)
    assert isinstance(built, ClickNetwork)
    return built


def inputs(batch: int, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(batch)
    image = torch.rand(batch, 3, *size, generator=generator)
    clicks = torch.zeros(batch, 2, *size)
    clicks[0, 0, : size[0] // 2 + 1, : size[1] // 2 + 1] = 1
    return image, torch.rand(batch, 1, *size, generator=generator), clicks


def check_sizes(built: ClickNetwork, sizes: tuple[tuple[int, int], ...], batch: int) -> None:
    for size in sizes:
        with torch.inference_mode():
            logits = built(*inputs(batch, size))
        assert logits.shape == (batch, 1, *size)
        assert torch.isfinite(logits).all()


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", SMALL)
def test_small_networks_answer_every_size(name: str, batch: int) -> None:
    check_sizes(network(name), SIZES, batch)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_large_networks_answer_every_size(name: str) -> None:
    built = network.__wrapped__(name)  # not kept: together they would fill the memory
    check_sizes(built, SIZES[:3], 1)
    check_sizes(built, SIZES[2:3], 3)
    check_engine(built)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_networks_answer_a_photo_of_2048_x_1365(name: str) -> None:
    check_sizes(network(name), ((1365, 2048),), 1)


@pytest.mark.parametrize("name", SMALL)
def test_a_view_is_answered_alike_alone_and_in_a_batch(name: str) -> None:
    image, previous, clicks = inputs(3, (65, 97))
    with torch.inference_mode():
        together = network(name)(image, previous, clicks)
        for index in range(3):
            part = slice(index, index + 1)
            alone = network(name)(image[part], previous[part], clicks[part])
            assert torch.allclose(together[part], alone, atol=1e-4)


@pytest.mark.parametrize("name", ["simpleclick-xtiny", "timm:pvt_v2_b0"])
def test_a_view_is_answered_alike_padded_or_not(name: str) -> None:
    """Networks that pad what they see: the same answer where the view comes padded with the mean colour."""
    image, previous, clicks = inputs(2, (150, 230))
    built = network(name)
    assert isinstance(built, EarlyFusionNetwork)
    height, width = (-(-side // built.pads_to) * built.pads_to for side in image.shape[2:])
    grown = [functional.pad(x, (0, width - 230, 0, height - 150)) for x in (image - MEAN, previous, clicks)]
    with torch.inference_mode():
        answer = built(image, previous, clicks)
        from_padded = built(grown[0] + MEAN, grown[1], grown[2])[:, :, :150, :230]
    assert torch.allclose(answer, from_padded, atol=1e-4)


PHOTO, WINDOWS = (192, 256), (224, 224)
"""The second is a multiple of HRFormer's windows at its coarsest map, 7 x 32 pixels."""


@pytest.mark.parametrize(
    ("name", "size", "added", "bound"),
    [
        ("segformer-b0", PHOTO, (32, 32), 0.95),
        ("hrnet-18s", PHOTO, (32, 32), 0.95),
        pytest.param("swin-b", PHOTO, (32, 32), 0.95, marks=pytest.mark.slow),
        ("late-vit-s14", PHOTO, (32, 32), 0.95),
        ("hrformer-s", WINDOWS, (0, 224), 0.95),
        ("hrformer-s", PHOTO, (32, 32), 0.75),
        ("focalclick-b0", PHOTO, (32, 32), 0.7),
    ],
)
def test_padding_changes_little_where_the_network_sees_the_whole_view(
    name: str, size: tuple[int, int], added: tuple[int, int], bound: float
) -> None:
    """Other networks answer odd views unpadded, as published, and cannot answer padded ones alike.

    Attention over the whole view, OCR's mean over it and corners that are aligned carry the padding everywhere. What
    holds instead, with random weights: the answers of the view and of the padded view correlate by more than 0.95.
    HRFormer centres its windows on each map, so that padding cuts them anew unless the sides are multiples of 224;
    FocalClick brings the longer side to 256 pixels, so that padding makes the object smaller.
    """
    coarse, previous, clicks = inputs(1, (size[0] // 16, size[1] // 16))
    image = functional.interpolate(coarse, size=size, mode="bilinear")
    previous, clicks = (functional.interpolate(x, size=size) for x in (previous, clicks))
    grown = [functional.pad(x, (0, added[1], 0, added[0])) for x in (image - MEAN, previous, clicks)]
    with torch.inference_mode():
        answer = network(name)(image, previous, clicks)
        from_padded = network(name)(grown[0] + MEAN, grown[1], grown[2])[:, :, : size[0], : size[1]]
    both = torch.stack((answer.flatten(), from_padded.flatten()))
    assert float(torch.corrcoef(both)[0, 1]) > bound


@pytest.mark.parametrize("name", SMALL)
def test_everything_that_a_network_is_given_counts(name: str) -> None:
    """Colours, previous mask and each sign of click change the answer, and the features are the image itself."""
    image, previous, clicks = inputs(1, (64, 96))
    built = network(name)
    with torch.inference_mode():
        (feature,) = built.encode(image)
        answer = built(image, previous, clicks)
        others = (
            built(1 - image, previous, clicks),
            built(image, 1 - previous, clicks),
            built(image, previous, 0 * clicks),
            built(image, previous, clicks.flip(1)),
        )
    assert feature is image
    for other in others:
        assert not torch.allclose(answer, other, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in SMALL if name != "focalclick-b0"])
def test_logits_are_upsampled_with_corners_aligned_unless_said_otherwise(name: str) -> None:
    """The published convention, on which imported weights depend, and the other one behind its option."""
    for align in (True, False):
        torch.manual_seed(0)
        built = stirred(create_network(name, align_corners=align))
        assert isinstance(built, EarlyFusionNetwork)
        size = (64, 96) if built.pads_to == 1 else (built.pads_to, 2 * built.pads_to)
        image, previous, clicks = inputs(1, size)
        with torch.inference_mode():
            coarse = built.logits((image - MEAN) / STD, torch.cat((previous, clicks), dim=1))
            full = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=align)
            answer = built(image, previous, clicks)
            wrong = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=not align)
        assert torch.allclose(answer, full, atol=1e-5)
        assert not torch.allclose(answer, wrong, atol=1e-5)


@pytest.mark.parametrize("name", [*network_names(), "timm:pvt_v2_b0"])
def test_networks_hold_to_the_device_of_what_they_are_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step on a CUDA device, of every size and batch, as torch checks it where there is none."""
    # Late fusion counts clicked tokens, and what is imagined has no numbers: say one.
    monkeypatch.setattr(FakeTensor, "__int__", lambda _: 1, raising=False)
    # What is built on "meta" has no numbers; timm's builders ask for some.
    with torch.device("cpu" if name.startswith(("late", "timm")) else "meta"):
        built = create_network(name).eval()
    multiple = built.view_multiple
    with FakeTensorMode(), torch.no_grad():
        move_to_imagined_device(built)
        for size in ((1, 1), (41, 67), (1365, 2048)):
            height, width = (-(-side // multiple) * multiple for side in size)
            for batch in (1, 3):
                image, previous, clicks = (torch.rand(batch, c, height, width, device="cuda") for c in (3, 1, 2))
                if isinstance(built, FocalClickNetwork):  # which looks between its steps at numbers
                    disks = torch.rand(batch, 2, 171, 256, device="cuda")
                    logits, coarse, hidden = built.first_look(image, previous, disks)
                    disks, box = (torch.rand(shape, device="cuda") for shape in ((1, 2, 256, 256), (4,)))
                    assert built.closer_look(image[:1], disks, box, coarse[:1], hidden[:1]).is_cuda
                else:
                    logits = built(image, previous, clicks)
                assert logits.is_cuda
                assert logits.shape == (batch, 1, height, width)


def move_to_imagined_device(network: ClickNetwork) -> None:
    """Put parameters and buffers without numbers in their places, within `FakeTensorMode`."""
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            imagined = nn.Parameter(torch.empty(parameter.shape, device="cuda"), requires_grad=False)
            module.register_parameter(name, imagined)
        for name, buffer in module.named_buffers(recurse=False):
            setattr(module, name, torch.empty(buffer.shape, dtype=buffer.dtype, device="cuda"))


def test_a_step_on_another_device_is_found_out() -> None:
    """What the test above rests on."""
    with FakeTensorMode(), pytest.raises(RuntimeError, match="device"):
        torch.rand(2, device="cuda") + torch.rand(2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", network_names())
def test_networks_answer_on_a_device_as_on_the_cpu(name: str) -> None:
    torch.manual_seed(0)
    built = stirred(create_network(name), spread=0.01)
    assert isinstance(built, ClickNetwork)
    given = inputs(1, (64, 96) if built.view_multiple > 1 else (65, 97))
    with torch.inference_mode():
        expected = built(*given)
        found = built.cuda()(*(x.cuda() for x in given)).cpu()
        assert torch.allclose(found, expected, atol=1e-2 * float(expected.abs().max()))
        for batch, size in ((1, (1, 1)), (3, (41, 67)), (1, (1365, 2048))):
            height, width = (-(-side // built.view_multiple) * built.view_multiple for side in size)
            logits = built(*(x.cuda() for x in inputs(batch, (height, width))))
            assert logits.shape == (batch, 1, height, width)
            assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", SMALL)
def test_the_engine_drives_it(name: str) -> None:
    check_engine(network(name))


def check_engine(built: ClickNetwork) -> None:
    segmenter = Segmenter(built, threads=1)
    generator = torch.Generator().manual_seed(5)
    segmenter.set_image(torch.randint(0, 256, (61, 90, 3), dtype=torch.uint8, generator=generator).numpy())
    answer = segmenter.predict([Click(30, 40, is_positive=True), Click(5, 5, is_positive=False)])
    assert answer.shape == (61, 90)
    assert answer[30, 40] > 0.5 > answer[5, 5]


def test_radius_of_clicks_is_an_option_of_every_network() -> None:
    assert create_network("segformer-b0").click_radius == 5
    assert create_network("segformer-b0", click_radius=3).click_radius == 3
    for wrong in (-1, 1000, "5", True):
        with pytest.raises(SettingsError, match="radius of a click"):
            create_network("segformer-b0", click_radius=wrong)


MEAN = torch.tensor((0.485, 0.456, 0.406))[:, None, None]
STD = torch.tensor((0.229, 0.224, 0.225))[:, None, None]
