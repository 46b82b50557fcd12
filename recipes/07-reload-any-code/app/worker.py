"""A worker without a web service, port or framework. It prints its jobs."""

import time
from itertools import count
from pathlib import Path

from nested.deep import WORD

greeting = Path(__file__).with_name("greeting.txt").read_text().strip()

for number in count(1):
    print(f"job {number}: {greeting}, {WORD}")
    time.sleep(0.25)
