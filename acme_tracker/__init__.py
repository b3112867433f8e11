"""Detects and tracks road users in video.

A detector finds road users on some frames, a visual tracker follows each of them through the frames
between, and when its confidence drops the detector looks again. The whole of it:

    for frame in source:
        result = session.step(frame)
        for sink in sinks:
            sink.write(result)

Read `datatypes.py`, `interfaces.py` and `session.py`, in that order.
"""

__version__ = "0.1.0"
