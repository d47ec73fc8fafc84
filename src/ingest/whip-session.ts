import { randomBytes, randomUUID } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import { RequestError } from '../recorder.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { RtpReceiver, type RtpSink } from '../rtp/rtp-receiver.ts';
import type { SrtpKeys } from '../rtp/srtp-keys.ts';
import { steadyNowUs } from '../steady-clock.ts';
import { writeAnswer } from './answer.ts';
import { IceLiteAgent } from './ice-lite-agent.ts';
import {
  closeIceSockets,
  type HostCandidate,
  type IceSocket,
  openIceSockets,
  resolveIceAddresses,
} from './ice-sockets.ts';
import { type Offer, readOffer } from './offer.ts';
import { readTrickleFragment, writeTrickleFragment } from './trickle-fragment.ts';
import { createDtlsIdentity, type DtlsIdentity, DtlsSrtpServer } from './werift-tap.ts';

/** How often feedback is due and time-outs are looked at, ms. */
const TICK_MS = 20;
/**
 * The most that one tick adds to a time-out, µs. When this thread was held up (or the machine asleep)
 * the timer fires before the sockets are read, and what waits there must count first.
 */
const LONGEST_TICK_US = 100_000;
/** How long after a DTLS alert the publisher may still prove that it was forged, µs. */
const ALERT_GRACE_US = 1_000_000;
/** Packets that arrive this soon after an alert may have been overtaken by it, µs. */
const ALERT_REORDERING_US = 300_000;

/**
 * Why a session ended: the client asked for it; nothing authentic arrived for too long; the client
 * ended DTLS; it never connected; another publisher took its place; we are stopping.
 */
export type CloseReason = 'client' | 'idle' | 'dtls-closed' | 'failed' | 'replaced' | 'shutdown';

/** Receives what a publisher sends. */
export interface PublishSink extends RtpSink {
  /** The publisher is connected; called once, before its first access unit. */
  onConnected(): void;
  /** The session is over; called exactly once, nothing after it. */
  onClosed(reason: CloseReason, error?: Error): void;
}

/** Writes one line of log; what pino's methods take. */
type LogLine = (context: object, message: string) => void;

/** How a session is set up. */
export interface WhipSessionOptions {
  /** `[webrtc] ice_udp_addrs`, see {@link resolveIceAddresses}. */
  iceAddresses: readonly string[];
  /** First and last UDP port for addresses that name none; any free port if absent. */
  icePortRange?: readonly [number, number];
  /** Ends a session from which nothing authentic arrives for this long, ms; 8000 if absent. */
  idleTimeoutMs?: number;
  /** Ends a session that is not connected this long after its offer, ms; 15 000 if absent. */
  connectTimeoutMs?: number;
  log: { debug: LogLine; info: LogLine; warn: LogLine };
}

/** What a session has seen, for operators. */
export interface WhipSessionStatistics {
  connected: boolean;
  srtpProfile?: SrtpKeys['profile'];
  ice: ReturnType<IceLiteAgent['statistics']>;
  rtp?: ReturnType<RtpReceiver['statistics']>;
}

// One a thread: making it costs more than the rest of a session's set-up.
let identity: Promise<DtlsIdentity> | undefined;

/**
 * The server side of one WHIP session (RFC 9725): from the offer to access units. It owns its UDP
 * sockets and one timer, which {@link WhipSession.close} frees.
 */
export class WhipSession {
  readonly id = randomUUID();
  /** SDP answer, complete with all candidates. */
  readonly answer: string;
  /** What is received, one entry a section that was taken. */
  readonly sections: readonly MediaSection[];

  readonly #offer: Offer;
  readonly #sink: PublishSink;
  readonly #log: WhipSessionOptions['log'];
  readonly #idleTimeoutUs: number;
  readonly #connectTimeoutUs: number;
  readonly #sockets: readonly IceSocket[];
  readonly #agent: IceLiteAgent;
  readonly #dtls: DtlsSrtpServer;
  readonly #timer: NodeJS.Timeout;
  #receiver: RtpReceiver | undefined;
  #srtpProfile: SrtpKeys['profile'] | undefined;
  #tickedUs = steadyNowUs();
  /** Time without connection, then without authentic packets, as ticks add it up. */
  #silentUs = 0;
  #heardUs = 0;
  /** When an alert arrived that is not judged yet, 0 for none, and its age as ticks add it up. */
  #alertUs = 0;
  #alertAgeUs = 0;
  #etag = newEntityTag();
  #closed: Promise<void> | undefined;

  /**
   * Accepts an offer. The session waits for the publisher from here on; whether it comes is told to
   * the sink.
   * @throws RequestError 400 or 422 for an offer that cannot be taken, 503 when no UDP port is free
   */
  static async accept(
    offerText: string,
    options: WhipSessionOptions,
    sink: PublishSink,
  ): Promise<WhipSession> {
    const offer = readOffer(offerText);
    identity ??= createDtlsIdentity();
    const ours = await identity;
    let session: WhipSession | undefined;
    const sockets = await openIceSockets(
      resolveIceAddresses(options.iceAddresses),
      options.icePortRange,
      // Nothing of use can arrive before the answer has told where to send it to.
      (datagram, from, socket) => {
        if (session !== undefined) session.#onDatagram(datagram, from, socket);
      },
      (error) => options.log.warn({ err: error }, 'a UDP socket of a publisher reports an error'),
    );
    try {
      session = new WhipSession(offer, options, sink, ours, sockets);
      return session;
    } catch (error) {
      await closeIceSockets(sockets);
      throw error;
    }
  }

  private constructor(
    offer: Offer,
    options: WhipSessionOptions,
    sink: PublishSink,
    ours: DtlsIdentity,
    sockets: readonly IceSocket[],
  ) {
    this.#offer = offer;
    this.#sink = sink;
    this.#log = options.log;
    this.#idleTimeoutUs = (options.idleTimeoutMs ?? 8000) * 1000;
    this.#connectTimeoutUs = (options.connectTimeoutMs ?? 15_000) * 1000;
    this.#sockets = sockets;
    this.sections = offer.sections.flatMap(({ taken }) => (taken === undefined ? [] : [taken]));
    this.#agent = new IceLiteAgent(offer.ice);
    this.#dtls = new DtlsSrtpServer(ours, offer.fingerprints, {
      send: (datagram) => this.#agent.send(datagram),
      onConnected: (keys) => this.#onConnected(keys),
      onFailed: (error) => void this.#end('failed', error),
      onAlert: () => this.#onAlert(),
    });
    this.answer = writeAnswer(offer, {
      ice: this.#agent.local,
      candidates: this.#candidates,
      fingerprint: ours.fingerprint,
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Entity tag of the present ICE session, without quotes (RFC 9725 §4.3.1). */
  get etag(): string {
    return this.#etag;
  }

  /**
   * Takes a trickle-ICE fragment (RFC 8840, RFC 9725 §4.3.2).
   * @throws RequestError 400 for a malformed fragment and for one of another ICE session
   */
  async trickle(fragment: string): Promise<void> {
    const credentials = readTrickleFragment(fragment);
    if (credentials === undefined) return;
    const { remote } = this.#agent;
    if (credentials.ufrag !== remote.ufrag || credentials.password !== remote.password) {
      throw new RequestError(
        400,
        'a=ice-ufrag and a=ice-pwd of the trickle fragment are not those of this ICE session',
      );
    }
  }

  /**
   * True when a fragment asks for an ICE restart: it carries credentials that are not the present
   * ones (RFC 9725 §4.3.3).
   * @throws RequestError 400 for a malformed fragment
   */
  isIceRestart(fragment: string): boolean {
    const credentials = readTrickleFragment(fragment);
    return credentials !== undefined && credentials.ufrag !== this.#agent.remote.ufrag;
  }

  /**
   * Restarts ICE (RFC 9725 §4.3.3, RFC 8445 §9). DTLS, SRTP and the media that is under way go on.
   * @returns the fragment that answers it and the new entity tag
   * @throws RequestError 400 for a malformed fragment or one without new credentials
   */
  async restartIce(fragment: string): Promise<{ fragment: string; etag: string }> {
    const credentials = readTrickleFragment(fragment);
    if (credentials === undefined || credentials.ufrag === this.#agent.remote.ufrag) {
      throw new RequestError(400, 'an ICE restart needs new a=ice-ufrag and a=ice-pwd');
    }
    this.#agent.restart(credentials);
    this.#etag = newEntityTag();
    return {
      fragment: writeTrickleFragment(this.#offer.sections, this.#agent.local, this.#candidates),
      etag: this.#etag,
    };
  }

  /** Asks the publisher for a keyframe of its video; quiet before it is connected. */
  requestKeyframe(): void {
    this.#receiver?.requestKeyframe();
  }

  /**
   * Ends the session; resolves when its sockets are closed. Tells the sink at once. A second call
   * waits for the first.
   */
  close(reason: CloseReason): Promise<void> {
    return this.#end(reason);
  }

  /** What the session has seen so far. */
  statistics(): WhipSessionStatistics {
    return {
      connected: this.#receiver !== undefined && this.#closed === undefined,
      ...(this.#srtpProfile === undefined ? {} : { srtpProfile: this.#srtpProfile }),
      ice: this.#agent.statistics(),
      ...(this.#receiver === undefined ? {} : { rtp: this.#receiver.statistics() }),
    };
  }

  get #candidates(): HostCandidate[] {
    return this.#sockets.map(({ candidate }) => candidate);
  }

  get #lastAuthenticatedUs(): number {
    return Math.max(this.#agent.lastAuthenticatedUs, this.#receiver?.lastAuthenticatedUs ?? 0);
  }

  // RFC 7983 §7: the first byte tells the protocols apart that share a socket.
  #onDatagram(datagram: Buffer, from: RemoteInfo, socket: Socket): void {
    if (this.#closed !== undefined || datagram.length === 0) return;
    const first = datagram[0]!;
    try {
      if (first >= 128 && first <= 191) {
        this.#receiver?.receive(datagram, steadyNowUs());
      } else if (first <= 3) {
        this.#agent.receive(datagram, from, socket, steadyNowUs());
      } else if (first >= 20 && first <= 63 && this.#agent.isVerified(from)) {
        this.#dtls.receive(datagram, (this.#receiver?.lastAuthenticatedUs ?? 0) > 0);
      }
    } catch (error) {
      this.#onFault(error);
    }
  }

  // What throws here is a fault of ours or of the sink. It ends this session, not the thread and
  // with it the sessions of others.
  #onFault(error: unknown): void {
    void this.#end('failed', error instanceof Error ? error : new Error(String(error)));
  }

  #onConnected(keys: SrtpKeys): void {
    this.#silentUs = 0;
    this.#srtpProfile = keys.profile;
    this.#receiver = new RtpReceiver({
      keys,
      sections: [...this.sections],
      sendRtcp: (packet) => this.#sendRtcp(packet),
      sink: this.#sink,
    });
    this.#log.debug({ session: this.id, srtpProfile: keys.profile }, 'publisher connected');
    this.#sink.onConnected();
  }

  #sendRtcp(packet: Buffer): void {
    // The sink may still ask for a keyframe while it is told of the end.
    if (this.#closed !== undefined) return;
    const datagram = this.#dtls.protectRtcp(packet);
    if (datagram !== undefined) this.#agent.send(datagram);
  }

  #onAlert(): void {
    if (this.#alertUs !== 0) return;
    this.#alertUs = steadyNowUs();
    this.#alertAgeUs = 0;
  }

  #tick(): void {
    const nowUs = steadyNowUs();
    const elapsedUs = Math.min(nowUs - this.#tickedUs, LONGEST_TICK_US);
    this.#tickedUs = nowUs;
    this.#silentUs += elapsedUs;
    if (this.#receiver === undefined) {
      if (this.#silentUs > this.#connectTimeoutUs) void this.#end('failed', this.#notConnected());
      return;
    }
    const heardUs = this.#lastAuthenticatedUs;
    if (heardUs !== this.#heardUs) {
      this.#heardUs = heardUs;
      this.#silentUs = 0;
    }
    if (this.#silentUs > this.#idleTimeoutUs) void this.#end('idle');
    else if (this.#alertUs !== 0) this.#judgeAlert(heardUs, elapsedUs);
    if (this.#closed !== undefined) return;
    try {
      this.#receiver.tick(nowUs);
    } catch (error) {
      this.#onFault(error);
    }
  }

  #judgeAlert(heardUs: number, elapsedUs: number): void {
    this.#alertAgeUs += elapsedUs;
    if (this.#alertAgeUs < ALERT_GRACE_US) return;
    if (heardUs - this.#alertUs < ALERT_REORDERING_US) {
      void this.#end('dtls-closed');
    } else {
      this.#log.warn({ session: this.id }, 'ignored a DTLS alert: its sender is still there');
      this.#alertUs = 0;
    }
  }

  #notConnected(): Error {
    const { checks, rejectedChecks } = this.#agent.statistics();
    const seen =
      checks > 0
        ? 'ICE connected but DTLS did not'
        : `no valid ICE check arrived (${rejectedChecks} with a wrong password) at ${this.#candidates
            .map(({ address, port }) => `${address} port ${port}`)
            .join(', ')}`;
    return new Error(`the publisher did not connect in time: ${seen}`);
  }

  #end(reason: CloseReason, error?: Error): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    clearInterval(this.#timer);
    this.#dtls.close();
    this.#closed = closeIceSockets(this.#sockets);
    this.#log.debug({ session: this.id, reason, err: error }, 'publisher session closed');
    this.#sink.onClosed(reason, error);
    return this.#closed;
  }
}

function newEntityTag(): string {
  return randomBytes(9).toString('base64url');
}
