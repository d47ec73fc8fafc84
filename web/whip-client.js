import { errorOfResponse, RecorderError, send, whipAddress } from './recorder-api.js';

/**
 * ICE servers that a WHIP endpoint names in its `Link` header fields (RFC 9725 §4.6).
 * @param {string | null} header all of them, joined by commas as `Headers.get` does
 * @returns {RTCIceServer[]}
 */
export function iceServersOfLink(header) {
  const servers = [];
  for (const [, urls = '', rest = ''] of (header ?? '').matchAll(
    /<([^>]*)>((?:\s*;[^,"]*(?:"[^"]*")?)*)/g,
  )) {
    const parameter = (/** @type {string} */ name) =>
      new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;,\\s]+))`, 'i').exec(rest);
    const text = (/** @type {string} */ name) => parameter(name)?.[1] ?? parameter(name)?.[2];
    if (text('rel') !== 'ice-server') continue;
    const [username, credential] = [text('username'), text('credential')];
    servers.push({ urls, ...(username && { username }), ...(credential && { credential }) });
  }
  return servers;
}

/**
 * The body of a trickle-ICE request (RFC 8840 §9, RFC 9725 §4.3.2). All media go over the first
 * section's transport, so that its candidates are all there is to tell.
 * @param {string} sdp our offer
 * @param {string[]} candidates `candidate:…` lines, without `a=`
 * @param {boolean} isLast no further candidate will follow
 */
export function trickleFragment(sdp, candidates, isLast) {
  const lines = sdp.split('\r\n');
  const first = (/** @type {string} */ start) => lines.find((line) => line.startsWith(start));
  return [
    first('a=group:BUNDLE'),
    first('m='),
    first('a=mid:'),
    first('a=ice-ufrag:'),
    first('a=ice-pwd:'),
    ...candidates.map((candidate) => `a=${candidate}`),
    isLast ? 'a=end-of-candidates' : undefined,
  ]
    .filter((line) => line !== undefined)
    .map((line) => `${line}\r\n`)
    .join('');
}

/**
 * Puts H264 before the other video codecs: what the recorder writes without transcoding.
 * @param {RTCRtpTransceiver} transceiver
 */
function preferH264(transceiver) {
  const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  // Packetization mode 1 (RFC 6184 §5.4) lets a picture be larger than a packet.
  const rank = (/** @type {RTCRtpCodec} */ { mimeType, sdpFmtpLine = '' }) =>
    mimeType.toLowerCase() !== 'video/h264'
      ? 2
      : sdpFmtpLine.includes('packetization-mode=1')
        ? 0
        : 1;
  if (codecs.some((codec) => rank(codec) < 2)) {
    transceiver.setCodecPreferences([...codecs].sort((a, b) => rank(a) - rank(b)));
  }
}

/**
 * Lets an encoder that is short of bits drop pictures rather than shrink them: each other size is
 * another set of parameters, and so another Period of the recording.
 * @param {RTCRtpSender} sender
 */
async function keepSize(sender) {
  const parameters = sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  await sender.setParameters(parameters);
}

/** One publication over WHIP (RFC 9725). Emits `statechange`. */
export class WhipSession extends EventTarget {
  #connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  /** Address of the session. @type {string | undefined} */
  #resource;
  /** @type {string | null} */
  #etag = null;
  #offer = '';
  /** @type {string[]} */
  #candidates = [];
  #gathered = false;
  #trickling = false;
  #trickleRefused = false;
  #ended = false;

  constructor() {
    super();
    this.#connection.addEventListener('connectionstatechange', () =>
      this.dispatchEvent(new Event('statechange')),
    );
    this.#connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null) this.#gathered = true;
      else if (candidate.candidate !== '') this.#candidates.push(candidate.candidate);
      void this.#trickle();
    });
  }

  /** `new`, `connecting`, `connected`, `disconnected`, `failed` or `closed`. */
  get state() {
    if (this.#ended) return 'closed';
    // To Chromium a peer connection stays connected when the other side has ended DTLS.
    return this.#isClosedByRecorder ? 'failed' : this.#connection.connectionState;
  }

  get #isClosedByRecorder() {
    return this.#connection.getSenders().some(({ transport }) => transport?.state === 'closed');
  }

  /** How the recorder calls the session; nothing before it has answered. */
  get id() {
    const part = this.#resource && new URL(this.#resource).pathname.split('/').at(-1);
    return part && decodeURIComponent(part);
  }

  /**
   * Offers the media and takes the answer; the connection itself comes up after.
   * @param {string} stream name to publish under
   * @param {MediaStream} media
   * @param {number} maxBitrate of the video, bits a second
   * @throws {RecorderError} when the recorder refuses
   */
  async publish(stream, media, maxBitrate) {
    for (const track of media.getTracks()) {
      const transceiver = this.#connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [media],
        sendEncodings: track.kind === 'video' ? [{ maxBitrate }] : [{}],
      });
      if (track.kind !== 'video') continue;
      track.contentHint = 'motion';
      preferH264(transceiver);
      await keepSize(transceiver.sender);
    }
    const endpoint = whipAddress(stream);
    const offer = await this.#connection.createOffer();
    this.#offer = offer.sdp ?? '';
    const response = await send(endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: this.#offer,
    });
    if (response.status !== 201) throw await errorOfResponse(response);
    const location = response.headers.get('location');
    if (location === null) {
      throw new RecorderError(201, 'The recorder did not say where the session is (no Location).');
    }
    this.#resource = new URL(location, response.url).href;
    this.#etag = response.headers.get('etag');
    const answer = await response.text();
    if (this.#ended) return this.#delete();

    // Gathering starts with the local description, so the servers have to be known before.
    const iceServers = iceServersOfLink(response.headers.get('link'));
    this.#connection.setConfiguration({ bundlePolicy: 'max-bundle', iceServers });
    await this.#connection.setLocalDescription(offer);
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer });
    for (const { transport } of this.#connection.getSenders()) {
      transport?.addEventListener('statechange', () =>
        this.dispatchEvent(new Event('statechange')),
      );
    }
  }

  /** Tells the recorder what candidates were found since the last time (RFC 9725 §4.3.2). */
  async #trickle() {
    if (this.#trickling || this.#trickleRefused || this.#ended) return;
    // Gathering begins once there is a session, so there is an address to tell.
    if (this.#resource === undefined) return;
    this.#trickling = true;
    // One turn of the event loop collects what is found at once into one request.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const candidates = this.#candidates.splice(0);
    const wasGathered = this.#gathered;
    if (candidates.length > 0 || wasGathered) {
      const response = await send(this.#resource, {
        method: 'PATCH',
        headers: {
          'Content-Type': 'application/trickle-ice-sdpfrag',
          ...(this.#etag && { 'If-Match': this.#etag }),
        },
        body: trickleFragment(this.#offer, candidates, wasGathered),
      }).catch(() => undefined);
      // An endpoint need not support this; the media path is found from our side too.
      if (!response?.ok) this.#trickleRefused = true;
    }
    this.#trickling = false;
    if (this.#candidates.length > 0 || this.#gathered !== wasGathered) void this.#trickle();
  }

  /** The counters of the peer connection. @returns {Promise<RTCStatsReport>} */
  statistics() {
    return this.#connection.getStats();
  }

  /** Ends the publication; also lets go of one that is still being set up. Never throws. */
  async stop() {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.close();
    this.dispatchEvent(new Event('statechange'));
    await this.#delete();
  }

  // The request outlives the page (keepalive), so that a closed tab still ends its session at once.
  async #delete() {
    if (this.#resource === undefined) return;
    await send(this.#resource, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  }
}
