import signal
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
signal.pause()
