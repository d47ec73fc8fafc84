// Runs in Chromium: publishes a picture that changes all the time, and a tone, to `/whip/{stream}` of the
// page's origin, with sound of a codec of choice.

let connection;
let gain;

globalThis.soundPublisher = {
  publish,
  setVolume: (volume) => {
    gain.gain.value = volume;
  },
  close: () => connection.close(),
};

/**
 * @param codec `mimeType` of the sound that is wanted most
 * @param channels that the tone has, each another pitch: 300 Hz, 500 Hz, …
 * @param offerEdits, answerEdits pairs of a pattern and its replacement, for what no API tells Chromium
 */
async function publish({ stream, codec, channels = 1, offerEdits = [], answerEdits = [] }) {
  connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  connection.addTransceiver(picture(), { direction: 'sendonly' });
  const audio = connection.addTransceiver(tone(channels), { direction: 'sendonly' });
  const { codecs } = RTCRtpSender.getCapabilities('audio');
  const isWanted = ({ mimeType }) => mimeType === codec;
  if (codec) audio.setCodecPreferences([...codecs.filter(isWanted)]);
  const offer = edit((await connection.createOffer()).sdp, offerEdits);
  await connection.setLocalDescription({ type: 'offer', sdp: offer });
  const response = await fetch(`/whip/${stream}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: offer,
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${answer}`);
  await connection.setRemoteDescription({ type: 'answer', sdp: edit(answer, answerEdits) });
  while (connection.connectionState !== 'connected') {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { offer, answer };
}

function edit(sdp, edits) {
  return edits.reduce((text, [from, to]) => text.replace(new RegExp(from, 'gm'), to), sdp);
}

function picture() {
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext('2d');
  let frame = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${frame++ % 360} 80% 50%)`;
    context.fillRect(0, 0, 320, 180);
  }, 40);
  return canvas.captureStream(25).getVideoTracks()[0];
}

function tone(channels) {
  const audio = new AudioContext({ sampleRate: 48_000 });
  const destination = audio.createMediaStreamDestination();
  destination.channelCount = channels;
  destination.channelCountMode = 'explicit';
  destination.channelInterpretation = 'discrete';
  gain = audio.createGain();
  gain.channelCount = channels;
  gain.channelCountMode = 'explicit';
  gain.channelInterpretation = 'discrete';
  gain.gain.value = 0.3;
  const merger = audio.createChannelMerger(channels);
  for (let i = 0; i < channels; i++) {
    const oscillator = audio.createOscillator();
    oscillator.frequency.value = 300 + 200 * i;
    oscillator.connect(merger, 0, i);
    oscillator.start();
  }
  merger.connect(gain).connect(destination);
  return destination.stream.getAudioTracks()[0];
}
