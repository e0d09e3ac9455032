"""FocalClick: the coarse network, the focus and the refiner against the published formulas, and each of its quirks."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import roi_align

from model.errors import SettingsError
from model.networks import create_network
from model.networks.click_maps import disk_centres, disk_maps
from model.networks.focalclick import FocalClickNetwork, LinearHead
from model.networks.focus import Focus, focus_of
from model.networks.refiner import Refiner

from .weights import stirred

WIDTHS = (32, 64, 160, 256)


def network(**options: object) -> FocalClickNetwork:
    torch.manual_seed(0)
    built = stirred(create_network("focalclick-b0", **options))
    assert isinstance(built, FocalClickNetwork)
    return built


def view(size: tuple[int, int], clicks: list[list[float]]) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(4)
    image = torch.rand(1, 3, *size, generator=generator)
    return image, torch.zeros(1, 1, *size), disk_maps(torch.tensor([clicks]), size)


@pytest.mark.parametrize(("name", "millions", "mebibytes"), [("b0", 3.74, 14.38), ("b3", 45.68, 174.56)])
def test_parameters_fill_the_published_files(name: str, millions: float, mebibytes: float) -> None:
    """Four bytes each; statistics of batch norm, parameters that are never run, and names are the rest of the file."""
    with torch.device("meta"):
        built = create_network(f"focalclick-{name}")
    count = sum(p.numel() for p in built.parameters())
    assert round(count / 1e6, 2) == millions
    assert 0 < mebibytes - 4 * count / 2**20 < 0.5


def test_head_gives_the_published_logits() -> None:
    """NVIDIA's order: all levels to one width and size, the coarsest first, then fused, normalised, and ReLU."""
    torch.manual_seed(1)
    head = stirred(LinearHead(WIDTHS, 24))
    assert isinstance(head, LinearHead)
    maps = [
        torch.randn(2, width, *side) for width, side in zip(WIDTHS, ((25, 33), (13, 17), (7, 9), (4, 5)), strict=True)
    ]
    layers = (head.linear_c1, head.linear_c2, head.linear_c3, head.linear_c4)
    with torch.inference_mode():
        levels = [
            functional.interpolate(
                functional.linear(x.permute(0, 2, 3, 1), layer.proj.weight, layer.proj.bias).permute(0, 3, 1, 2),
                size=(25, 33),
                mode="bilinear",
                align_corners=False,
            )
            for layer, x in zip(layers, maps, strict=True)
        ]
        features = functional.relu(head.linear_fuse.bn(head.linear_fuse.conv(torch.cat(levels[::-1], dim=1))))
        logits, found = head(maps)
        assert torch.allclose(found, features, atol=1e-5)
        assert torch.allclose(logits, head.linear_pred(features), atol=1e-5)


def test_clicks_enter_before_the_second_stage_beside_the_colours() -> None:
    encoder = network().feature_extractor.backbone
    rgb, prompt = torch.randn(1, 3, 64, 96), torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        maps, others = encoder.maps(rgb, prompt), encoder.maps(rgb, 0 * prompt)
        plain = encoder(rgb)
        side, (height, width) = encoder.patch_embed_side1(prompt)
        second = encoder.layers[1](plain[0] + side.transpose(1, 2).reshape(1, 32, height, width))
    assert torch.equal(maps[0], others[0])
    assert torch.equal(maps[0], plain[0])
    assert torch.allclose(maps[1], second, atol=1e-5)
    assert not torch.allclose(maps[1], others[1], atol=1e-3)


def test_norms_behind_strided_convolutions_have_the_epsilon_of_nvidias_code() -> None:
    encoder = network().feature_extractor.backbone
    eps = {name: module.eps for name, module in encoder.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    assert {value for name, value in eps.items() if ".0.norm" in name.removesuffix("1") and ".1." not in name} == {1e-5}
    assert eps["layers.0.1.0.attn.norm"] == eps["patch_embed_side1.norm"] == 1e-5
    assert eps["layers.0.1.0.norm1"] == eps["layers.0.1.0.norm2"] == eps["layers.3.2"] == 1e-6


def test_refiner_mixes_details_and_the_coarse_answer_at_the_boundary() -> None:
    torch.manual_seed(2)
    refiner = stirred(Refiner(24))
    assert isinstance(refiner, Refiner)
    crop, clicks, coarse = torch.rand(1, 3, 64, 64), torch.rand(1, 2, 64, 64), torch.randn(1, 1, 64, 64)
    features = torch.randn(1, 24, 16, 16)

    def enlarged(x: Tensor, side: int) -> Tensor:
        return functional.interpolate(x, size=(side, side), mode="bilinear", align_corners=True)

    with torch.inference_mode():
        x = refiner.image_conv1(torch.cat((crop, clicks, torch.sigmoid(coarse)), dim=1))
        x = refiner.image_conv3(refiner.image_conv2(x)) + enlarged(refiner.refine_fusion(features), 32)
        x = refiner.refine_fusion3(refiner.refine_fusion2(x))
        detail, boundary = enlarged(refiner.refine_pred(x), 64), enlarged(refiner.refine_trimap(x), 64)
        share = torch.sigmoid(boundary)
        refined, found = refiner(crop, clicks, features, coarse)
    assert torch.allclose(found, boundary, atol=1e-6)
    assert torch.allclose(refined, share * detail + (1 - share) * coarse, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "side", "radius", "pixels"),
    [({}, 256, 5, 81), ({"pipeline": "s1"}, 128, 3, 29), ({"coarse_radius": 2.0}, 256, 2, 13)],
)
def test_each_pipeline_has_its_size_and_its_radius(
    options: dict[str, object], side: int, radius: int, pixels: int
) -> None:
    """Disks are drawn at 256 pixels, whatever the view's size, and S1 halves them afterwards with all the rest."""
    built = network(refine=False, **options)
    given: list[tuple[Tensor, ...]] = []
    built.feature_extractor.register_forward_pre_hook(lambda _module, args: given.append(args))
    image, previous, clicks = view((512, 512), [[200.0, 100.0, 1.0]])
    with torch.inference_mode():
        built(image, previous, clicks)
    rgb, prompt = given[0]
    assert rgb.shape[2:] == prompt.shape[2:] == (side, side)
    whole = disk_maps(torch.tensor([[[100.0, 50.0, 1.0]]]), (256, 256), radius)
    expected = functional.interpolate(whole, size=(side, side), mode="bilinear", align_corners=True)
    assert int(whole.sum()) == pixels
    assert torch.allclose(prompt[:, 1:], expected, atol=1e-6)


def test_the_answer_is_refined_in_the_focus_and_coarse_elsewhere() -> None:
    built, coarse_only = network(), network(refine=False)
    image, previous, clicks = view((300, 512), [[150.0, 200.0, 1.0], [20.0, 480.0, -1.0]])
    with torch.inference_mode():
        centres = disk_centres(clicks)
        # What the network finds is taken for known but for a part round the positive click.
        previous = (coarse_only(image, previous, clicks) > 0.49).float()
        previous[:, :, 100:190, 150:270] = 1 - previous[:, :, 100:190, 150:270]
        _, coarse, hidden = built.first_look(image, previous, built.coarse_disks(centres))
        full = coarse_only(image, previous, clicks)
        answer = built(image, previous, clicks)
        focus = focus_of(full[0, 0], previous[0, 0], centres[0].any(dim=0))
        assert coarse.shape == (1, 1, 150, 256)
        assert focus != (0, 0, 300, 512)
        changed = (answer != full)[0, 0].nonzero()
        assert (int(changed[:, 0].min()), int(changed[:, 1].min())) == focus[:2]
        assert (int(changed[:, 0].max()) + 1, int(changed[:, 1].max()) + 1) == focus[2:]
        # As published: colours not normalised, features and logits by RoIAlign, disks of 5 pixels of the crop.
        row0, col0, row1, col1 = focus
        crop = functional.interpolate(
            image[:, :, row0:row1, col0:col1], (256, 256), mode="bilinear", align_corners=True
        )
        box = torch.tensor([[0.0, col0 / 2, row0 / 2, col1 / 2, row1 / 2]])
        points = torch.tensor([[[150.0 - row0, 200.0 - col0, 1.0], [20.0 - row0, 480.0 - col0, -1.0]]])
        points[..., 0] *= 256 / (row1 - row0)
        points[..., 1] *= 256 / (col1 - col0)
        scaled = box * torch.tensor([1.0, 0.25, 38 / 150, 0.25, 38 / 150])
        refined, _ = built.refiner(
            crop,
            disk_maps(torch.cat((points[..., :2].round(), points[..., 2:]), dim=2), (256, 256), 5.0),
            roi_align(hidden, scaled, (38, 64), aligned=True),
            roi_align(coarse, box, (256, 256), aligned=True),
        )
        size = (row1 - row0, col1 - col0)
        expected = functional.interpolate(refined, size, mode="bilinear", align_corners=True)
    assert torch.allclose(answer[:, :, row0:row1, col0:col1], expected, atol=1e-4)


def logits(*boxes: tuple[int, int, int, int]) -> Tensor:
    answer = torch.full((100, 120), -5.0)
    for row0, col0, row1, col1 in boxes:
        answer[row0:row1, col0:col1] = 5.0
    return answer


def at(*clicks: tuple[int, int]) -> Tensor:
    centres = torch.zeros(100, 120, dtype=torch.bool)
    for row, col in clicks:
        centres[row, col] = True
    return centres


NOTHING = torch.zeros(100, 120)


def test_from_nothing_the_focus_is_the_object_expanded() -> None:
    """Rows 40 to 59: the centre is 49.5, and half of 1.4 times 20 pixels is 14."""
    assert focus_of(logits((40, 50, 60, 70)), NOTHING, at((45, 55))) == Focus(35, 45, 63, 73)


def test_afterwards_it_is_the_changed_part_that_holds_a_click() -> None:
    """Rows 40 to 69: the centre is 54.5, and half of 1.4 times 30 pixels is 21; columns 50 to 89 alike."""
    before = (logits((40, 20, 60, 40), (40, 50, 60, 70)) > 0).float()
    coarse = logits((40, 20, 60, 40), (40, 50, 70, 90), (0, 110, 4, 120))
    assert focus_of(coarse, before, at((50, 30), (65, 85))) == Focus(33, 41, 75, 97)


def test_of_a_small_change_it_is_a_window_round_the_click() -> None:
    """The object spans 59 rows and 79 columns, so that the window reaches 15.8 pixels, expanded to 22.8."""
    before = (logits((10, 10, 70, 90)) > 0).float()
    coarse = logits((10, 10, 70, 90), (70, 40, 74, 50))
    assert focus_of(coarse, before, at((72, 45))) == Focus(49, 22, 94, 67)


def test_without_a_click_in_what_changed_it_is_the_whole_view() -> None:
    before = (logits((10, 10, 70, 90)) > 0).float()
    assert focus_of(logits((10, 10, 80, 90)), before, at((20, 20))) == Focus(0, 0, 100, 120)
    assert focus_of(logits(), NOTHING, at((20, 20))) == Focus(0, 0, 100, 120)


def test_the_object_begins_at_a_logit_of_0_49() -> None:
    coarse = logits((40, 50, 60, 70))
    coarse[40:60, 70:90] = 0.3
    assert focus_of(coarse, NOTHING, at((45, 55))) == Focus(35, 45, 63, 73)


@pytest.mark.parametrize(
    ("options", "words"), [({"pipeline": "s3"}, 'must be "s1" or "s2"'), ({"coarse_radius": -1}, "radius of a click")]
)
def test_bad_options_are_said(options: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        create_network("focalclick-b0", **options)
