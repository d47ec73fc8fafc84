// Runs in Chromium: publishes a square of moving noise, which costs the encoder bits in proportion to
// its size, and a tone, as Opus, to `/whip` of the page's origin.

let connection;
let resource;
let answer;
let last = { bytes: 0, timestamp: 0 };

globalThis.publisher = {
  publish,
  restartIce,
  pause,
  packetsSent,
  rate,
  ended,
  close: () => connection.close(),
};

async function publish({
  width,
  height,
  noiseSide,
  maxBitrate,
  hideAddresses,
  codec = 'H264',
  scalabilityMode,
}) {
  connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const video = connection.addTransceiver(picture(width, height, noiseSide), {
    direction: 'sendonly',
    sendEncodings: [{ maxBitrate, ...(scalabilityMode && { scalabilityMode }) }],
  });
  connection.addTransceiver(tone(), { direction: 'sendonly' });
  const { codecs } = RTCRtpSender.getCapabilities('video');
  const isOf = ({ mimeType }) => mimeType === `video/${codec}` || mimeType === 'video/rtx';
  video.setCodecPreferences(codecs.filter(isOf));
  await connection.setLocalDescription();
  let { sdp: offer } = connection.localDescription;
  if (hideAddresses) {
    while (connection.iceGatheringState !== 'complete') await delay(2);
    offer = connection.localDescription.sdp.replaceAll(
      /^(a=candidate:\S+ 1 \w+ \d+) \S+/gm,
      (_, start) => `${start} ${crypto.randomUUID()}.local`,
    );
  }
  const response = await fetch('/whip', {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: offer,
  });
  answer = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${answer}`);
  resource = response.headers.get('location');
  const startMs = performance.now();
  await connection.setRemoteDescription({ type: 'answer', sdp: answer });
  while (connection.connectionState !== 'connected') {
    if (connection.connectionState === 'failed') throw new Error('the connection failed');
    await delay(2);
  }
  const connectMs = performance.now() - startMs;
  return { connectMs, offer };
}

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function picture(width, height, noiseSide) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  const image = context.createImageData(noiseSide, noiseSide);
  const pixels = new Uint32Array(image.data.buffer);
  let state = 1;
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[i] = state | 0xff000000;
  }
  let frame = 0;
  setInterval(() => {
    frame++;
    context.putImageData(
      image,
      (frame * 7) % (width - noiseSide),
      (frame * 5) % (height - noiseSide),
    );
  }, 33);
  return canvas.captureStream(30).getVideoTracks()[0];
}

function tone() {
  const audio = new AudioContext();
  const destination = audio.createMediaStreamDestination();
  const oscillator = audio.createOscillator();
  oscillator.connect(destination);
  oscillator.start();
  return destination.stream.getAudioTracks()[0];
}

async function restartIce() {
  await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
  const attribute = (sdp, name) => new RegExp(`a=${name}:.*`).exec(sdp)[0].trim();
  const { sdp } = connection.localDescription;
  const response = await fetch(resource, {
    method: 'PATCH',
    headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
    body: `${attribute(sdp, 'ice-ufrag')}\r\n${attribute(sdp, 'ice-pwd')}\r\n`,
  });
  const fragment = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${fragment}`);
  await connection.setRemoteDescription({
    type: 'answer',
    sdp: answer
      .replaceAll(/a=ice-ufrag:.*/g, attribute(fragment, 'ice-ufrag'))
      .replaceAll(/a=ice-pwd:.*/g, attribute(fragment, 'ice-pwd')),
  });
}

/** Stops sending, without ending anything. */
async function pause() {
  for (const sender of connection.getSenders()) await sender.replaceTrack(null);
}

/** Packets sent so far of both tracks, retransmissions and probes included. */
async function packetsSent() {
  const reports = [...(await connection.getStats()).values()];
  return reports
    .filter(({ type }) => type === 'outbound-rtp')
    .reduce((sum, { packetsSent }) => sum + packetsSent, 0);
}

async function rate() {
  const rates = { sent: 0, target: 0, available: 0 };
  for (const report of (await connection.getStats()).values()) {
    if (report.type === 'outbound-rtp' && report.kind === 'video') {
      rates.sent = ((report.bytesSent - last.bytes) * 8000) / (report.timestamp - last.timestamp);
      rates.target = report.targetBitrate;
      last = { bytes: report.bytesSent, timestamp: report.timestamp };
    }
    if (report.type === 'candidate-pair' && report.nominated) {
      rates.available = report.availableOutgoingBitrate ?? 0;
    }
  }
  return rates;
}

async function ended() {
  const [{ transport }] = connection.getSenders();
  while (!['closed', 'failed'].includes(transport.state)) await delay(2);
  const { state: dtls, iceTransport } = transport;
  return { dtls, ice: iceTransport.state, connection: connection.connectionState };
}
