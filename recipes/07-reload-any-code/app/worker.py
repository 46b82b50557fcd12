"""A worker: no web service, no port and no framework. It works, and tells its log."""

import time
from itertools import count
from pathlib import Path

from nested.deep import WORD

greeting = Path(__file__).with_name("greeting.txt").read_text().strip()

for number in count(1):
    print(f"job {number}: {greeting}, {WORD}")
    time.sleep(0.25)
