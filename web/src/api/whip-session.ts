import { words } from '../words/language.ts';
import { whipAddress } from './address.ts';
import { sendOnly } from './codec-preference.ts';
import { iceServersOfLink } from './ice-servers.ts';
import { errorOfResponse, RecorderError, send } from './request.ts';
import { trickleFragment } from './trickle-fragment.ts';

/**
 * Lets an encoder that is short of bits drop pictures rather than shrink them: each other size is
 * another set of parameters, and so another Period of the recording.
 */
async function keepSize(sender: RTCRtpSender): Promise<void> {
  const parameters = sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  await sender.setParameters(parameters);
}

/** One publication over WHIP (RFC 9725). Emits `statechange`. */
export class WhipSession extends EventTarget {
  readonly #connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  /** Address of the session. */
  #resource: string | undefined;
  #etag: string | null = null;
  #offer = '';
  readonly #candidates: string[] = [];
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
  get state(): RTCPeerConnectionState {
    if (this.#ended) return 'closed';
    // To Chromium a peer connection stays connected when the other side has ended DTLS.
    return this.#isClosedByRecorder ? 'failed' : this.#connection.connectionState;
  }

  get #isClosedByRecorder(): boolean {
    return this.#connection.getSenders().some(({ transport }) => transport?.state === 'closed');
  }

  /** How the recorder calls the session; nothing before it has answered. */
  get id(): string | undefined {
    const part = this.#resource && new URL(this.#resource).pathname.split('/').at(-1);
    return part && decodeURIComponent(part);
  }

  /**
   * Offers the media and takes the answer; the connection itself comes up after.
   * @param stream name to publish under
   * @param maxBitrate of the video, bits a second
   * @param codec of the video, as the recorder calls it; empty: the recorder chooses
   * @throws RecorderError when the recorder refuses
   */
  async publish(
    stream: string,
    media: MediaStream,
    maxBitrate: number,
    codec: string,
  ): Promise<void> {
    for (const track of media.getTracks()) {
      const transceiver = this.#connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [media],
        sendEncodings: track.kind === 'video' ? [{ maxBitrate }] : [{}],
      });
      if (track.kind !== 'video') continue;
      track.contentHint = 'motion';
      if (codec !== '') sendOnly(transceiver, codec);
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
      throw new RecorderError(201, words.peek().noLocation);
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
  async #trickle(): Promise<void> {
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

  /** The counters of the peer connection. */
  statistics(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  /** Ends the publication; also lets go of one that is still being set up. Never throws. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.close();
    this.dispatchEvent(new Event('statechange'));
    await this.#delete();
  }

  // The request outlives the page (keepalive), so that a closed tab still ends its session at once.
  async #delete(): Promise<void> {
    if (this.#resource === undefined) return;
    await send(this.#resource, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  }
}
