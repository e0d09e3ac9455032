"""That training teaches: SegFormer-B0 learns eight images by heart, from random weights."""

from itertools import islice
from pathlib import Path

import pytest

from model.training.click_looks import click_look, look_at

from .clicked import batches_for, blocks, trainer_in

IMAGES = 8
STEPS = 240


@pytest.mark.slow
def test_eight_images_are_learned_by_heart(tmp_path: Path) -> None:
    looked = look_at(blocks(IMAGES), 80, IMAGES)
    trainer = trainer_in(tmp_path, batch_size=8, learning_rate=1e-3, encoder_rate=1.0, published_rates=False, clip=1.0)
    untrained = click_look(trainer.trained(), looked)[-1]
    for batch in islice(batches_for(trainer, IMAGES), STEPS):
        trainer.step(batch)
    learned = click_look(trainer.trained(), looked)[-1]
    assert untrained < 0.7
    assert learned > 0.95
