"""Publishes a picture that flashes and a tone that beeps, both at each full second, with GStreamer's
webrtcbin. Prints how many pictures were sent.

usage: publish.py WHIP_URL SECONDS
"""
import array
import math
import sys
import threading
import time
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

RATE = 25
url, seconds = sys.argv[1], float(sys.argv[2])
Gst.init(None)
pipeline = Gst.parse_launch(f"""
webrtcbin name=peer bundle-policy=max-bundle
appsrc name=picture is-live=true format=time
  caps=video/x-raw,format=I420,width=320,height=240,framerate={RATE}/1
  ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25
  ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 pt=96
  ! application/x-rtp,media=video,encoding-name=H264,payload=96 ! peer.
appsrc name=tone is-live=true format=time
  caps=audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved
  ! opusenc ! rtpopuspay pt=97
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer.
""")
peer, picture, tone = (pipeline.get_by_name(name) for name in ("peer", "picture", "tone"))
connected = threading.Event()
resource = None


def request(method, address, body=None):
    headers = {"content-type": "application/sdp"} if body else {}
    return urllib.request.urlopen(
        urllib.request.Request(address, body and body.encode(), headers, method=method)
    )


def on_offer(promise, *_):
    # The reply owns the offer.
    reply = promise.get_reply()
    offer = reply.get_value("offer")
    peer.emit("set-local-description", offer, Gst.Promise.new())


def on_gathered(*_):
    global resource
    if peer.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        return
    offer = peer.get_property("local-description")
    reply = request("POST", url, offer.sdp.as_text())
    resource = urllib.parse.urljoin(url, reply.headers["location"])
    _, message = GstSdp.SDPMessage.new_from_text(reply.read().decode())
    answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
    peer.emit("set-remote-description", answer, Gst.Promise.new())


def on_state(*_):
    state = peer.get_property("connection-state")
    if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
        connected.set()


def on_needed(*_):
    peer.emit("create-offer", None, Gst.Promise.new_with_change_func(on_offer, None, None))


peer.connect("on-negotiation-needed", on_needed)
peer.connect("notify::ice-gathering-state", lambda *_: threading.Thread(target=on_gathered).start())
peer.connect("notify::connection-state", on_state)
pipeline.set_state(Gst.State.PLAYING)


def push(source, data, at, duration):
    buffer = Gst.Buffer.new_wrapped(data)
    buffer.pts, buffer.duration = int(at * Gst.SECOND), int(duration * Gst.SECOND)
    source.emit("push-buffer", buffer)


def frame(luma):
    return bytes([luma]) * (320 * 240) + bytes([128]) * (320 * 120)


def sound(start):
    samples = array.array("h")
    for at in range(start, start + 960):
        value = 16383 * math.sin(at * 2 * math.pi / 48) if at % 48000 < 4800 else 0
        samples.extend((int(value), int(value)))
    return samples.tobytes()


def running_time():
    clock = pipeline.get_clock() or Gst.SystemClock.obtain()
    return (clock.get_time() - pipeline.get_base_time()) / Gst.SECOND


# It negotiates once it is fed; what counts begins a full second after it is connected.
pictures = samples = 0
begin = None
base = running_time()
while begin is None or pictures < begin + seconds * RATE:
    if begin is None and connected.is_set():
        begin = (pictures // RATE + 2) * RATE
    flashes = begin is not None and pictures >= begin and pictures % RATE < 3
    push(picture, frame(235 if flashes else 122), base + pictures / RATE, 1 / RATE)
    pictures += 1
    while samples < pictures * 48000 // RATE:
        beeps = begin is not None and samples >= begin * 48000 // RATE
        push(tone, sound(samples) if beeps else bytes(3840), base + samples / 48000, 0.02)
        samples += 960
    time.sleep(max(0, base + pictures / RATE - running_time()))
time.sleep(0.5)
request("DELETE", resource)
pipeline.set_state(Gst.State.NULL)
print(pictures - begin)
