"""Publishes a picture that flashes and a tone that beeps, both at each full second, with FFmpeg's own
WHIP muxer (libavformat 62, as in PyAV 16). Prints how many pictures were sent.

usage: publish.py WHIP_URL SECONDS [OPTION=VALUE ...]
"""
import sys
import time
from fractions import Fraction

import av
import numpy

RATE = 25
url, seconds = sys.argv[1], float(sys.argv[2])
options = dict(argument.split("=", 1) for argument in sys.argv[3:])
av.logging.set_level(av.logging.ERROR)
output = av.open(url, "w", format="whip", options=options)
video = output.add_stream(
    "libx264",
    rate=RATE,
    options={"bf": "0", "g": "25", "preset": "ultrafast", "tune": "zerolatency"},
)
video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
audio = output.add_stream("libopus", rate=48000)
audio.layout = "stereo"

pictures = samples = 0
began = time.monotonic()
while pictures < seconds * RATE:
    luma = 235 if pictures % RATE < 3 else 122
    planes = numpy.full((360, 320), 128, numpy.uint8)
    planes[:240] = luma
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts, frame.time_base = pictures, Fraction(1, RATE)
    output.mux(video.encode(frame))
    pictures += 1
    while samples < pictures * 48000 // RATE:
        at = samples + numpy.arange(960)
        tone = numpy.where(at % 48000 < 4800, 0.5 * numpy.sin(at * (2 * numpy.pi / 48)), 0)
        both = numpy.repeat((tone * 32767).astype(numpy.int16), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, samples, Fraction(1, 48000)
        output.mux(audio.encode(frame))
        samples += 960
    time.sleep(max(0, began + pictures / RATE - time.monotonic()))
output.close()
print(pictures)
