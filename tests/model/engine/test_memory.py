"""A slide of 10,000 x 10,000 pixels: the memory beyond the image and the answer stays small."""

import subprocess
import sys

import pytest

# In a process of its own, because the peak of this one belongs to other tests.
SCRIPT = """
import resource
import numpy as np
from model.clicks import Click
from model.engine import Segmenter
from tests.model.engine.tiny import TinyLate

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

segmenter = Segmenter(TinyLate())
segmenter.set_image(np.zeros((64, 64, 3), np.uint8))
segmenter.predict([Click(0, 0, is_positive=True)])
image = np.full((10_000, 10_000, 3), 90, np.uint8)
before = peak()
segmenter.set_image(image)
answer = segmenter.predict([Click(9_999, 9_999, is_positive=True)])
answer = segmenter.predict([Click(9_999, 9_999, is_positive=True), Click(5_000, 5_000, is_positive=False)], answer)
assert answer[9_999, 9_999] >= 0.5 > answer[5_000, 5_000]
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the peak is asked for in the Unix way")
def test_a_large_image_takes_little_memory_beyond_the_answer() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # The last answer and the one before it, which the caller holds, are 0.4 GB each.
    assert int(done.stdout) - 2 * 400_000_000 < 2_000_000_000
