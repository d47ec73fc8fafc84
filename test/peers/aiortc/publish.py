"""Publishes a picture that flashes and a tone that beeps, both at each full second, with aiortc.
Prints how many pictures were sent.

usage: publish.py WHIP_URL SECONDS [audio/CODEC]
"""
import asyncio
import sys
import time
import urllib.parse
import urllib.request
from fractions import Fraction

import av
import numpy
from aiortc import (
    AudioStreamTrack,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)

RATE = 25
url, seconds = sys.argv[1], float(sys.argv[2])
began = None


async def until(second):
    """Waits until so many seconds after the first sample of either track."""
    global began
    if began is None:
        began = time.monotonic()
    await asyncio.sleep(max(0, began + second - time.monotonic()))


class Picture(VideoStreamTrack):
    sent = 0

    async def recv(self):
        if self.sent >= seconds * RATE:
            await asyncio.sleep(3600)
        await until(self.sent / RATE)
        planes = numpy.full((360, 320), 128, numpy.uint8)
        planes[:240] = 235 if self.sent % RATE < 3 else 122
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self.sent * 90000 // RATE, Fraction(1, 90000)
        self.sent += 1
        return frame


class Tone(AudioStreamTrack):
    samples = 0

    async def recv(self):
        await until(self.samples / 48000)
        at = self.samples + numpy.arange(960)
        tone = numpy.where(at % 48000 < 4800, 0.5 * numpy.sin(at * (2 * numpy.pi / 48)), 0)
        both = numpy.repeat((tone * 32767).astype(numpy.int16), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self.samples, Fraction(1, 48000)
        self.samples += 960
        return frame


def request(method, address, body=None):
    headers = {"content-type": "application/sdp"} if body else {}
    return urllib.request.urlopen(
        urllib.request.Request(address, body and body.encode(), headers, method=method)
    )


async def main():
    connection = RTCPeerConnection()
    picture = Picture()
    sound = connection.addTransceiver(Tone(), direction="sendonly")
    if len(sys.argv) > 3:
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        sound.setCodecPreferences([codec for codec in codecs if codec.mimeType == sys.argv[3]])
    sender = connection.addTransceiver(picture, direction="sendonly")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    sender.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
    await connection.setLocalDescription(await connection.createOffer())
    reply = await asyncio.to_thread(request, "POST", url, connection.localDescription.sdp)
    resource = urllib.parse.urljoin(url, reply.headers["location"])
    answer = RTCSessionDescription(sdp=reply.read().decode(), type="answer")
    await connection.setRemoteDescription(answer)
    while picture.sent < seconds * RATE:
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(request, "DELETE", resource)
    await connection.close()
    print(picture.sent)


asyncio.run(main())
