"""However many signals are emitted, the program goes on."""

import subprocess
import sys

EMIT = """
from PySide6.QtCore import QCoreApplication, QObject, Signal
from isegformer_app.ui.lasting_constants import make_constants_last

class Sender(QObject):
    sent = Signal(int)

make_constants_last()
make_constants_last()
app = QCoreApplication([])
sender = Sender()
heard = []
sender.sent.connect(heard.append)
for number in range(30_000):
    sender.sent.emit(number)
    app.processEvents()
print(len(heard), True, None)
"""


def test_tens_of_thousands_of_signals_do_no_harm() -> None:
    done = subprocess.run([sys.executable, "-c", EMIT], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["30000", "True", "None"], done.stderr
    assert done.returncode == 0
