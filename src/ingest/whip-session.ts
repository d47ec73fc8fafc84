import { randomBytes, randomUUID } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { steadyNowUs } from '../clock/steady-clock.ts';
import type { Codec } from '../codecs/codec.ts';
import { Refusal } from '../refusal.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { writeAnswer } from './answer.ts';
import type { PeerMedia } from './datagram-bursts.ts';
import { isStun } from './datagram-kind.ts';
import { IceLiteAgent } from './ice-lite-agent.ts';
import { openOwnSockets, resolveIceAddresses } from './ice-sockets.ts';
import { type FarewellListener, MediaSession, type SessionStatistics } from './media-session.ts';
import { type Offer, readOffer } from './offer.ts';
import type { CloseReason, PublishSink, SessionLog } from './publish-sink.ts';
import type { DatagramListener, SessionSocket, SessionSockets } from './session-socket.ts';
import type { SharedPort } from './shared-port.ts';
import { readTrickleFragment, writeTrickleFragment } from './trickle-fragment.ts';
import { type DtlsIdentity, dtlsIdentity } from './werift-identity.ts';
import { DtlsSrtpClient, DtlsSrtpServer, PUBLISHER } from './werift-tap.ts';

/** Maximum number of turns, for a publisher that continues to send after its DELETE. */
const MOST_DRAIN_TURNS = 50;
/** Maximum number of further turns in which a shared port is read, for a flood. */
const MOST_BACKLOG_TURNS = 100;
/** Maximum number of datagrams that libuv reads from a socket in a turn. */
const READ_PER_TURN = 32;

export type { CloseReason, PublishSink } from './publish-sink.ts';

/** Options of a session. */
export interface WhipSessionOptions {
  /** `[webrtc] ice_udp_addrs`, see {@link resolveIceAddresses}. */
  iceAddresses: readonly string[];
  /** First and last UDP port for addresses without a port; any free port if absent. */
  icePortRange?: readonly [number, number];
  /** Receives for all sessions of the thread; absent if each has sockets of its own. */
  sharedPort?: SharedPort | undefined;
  /** A session without authentic datagrams for this long ends, ms; 8000 by default. */
  idleTimeoutMs?: number;
  /** A session that is not connected this long after its offer ends, ms; 15,000 by default. */
  connectTimeoutMs?: number;
  /** The wanted codecs in order of preference; everything that can be recorded by default. */
  codecs?: readonly Codec[];
  /** Also deliver access units with missing parts. */
  keepIncomplete?: boolean;
  onFarewell?: FarewellListener;
  log: SessionLog;
}

/**
 * The server side of a WHIP session (RFC 9725): from the offer to access units. It owns its UDP
 * sockets, or its place on the shared port, and one timer; {@link WhipSession.close} releases them.
 */
export class WhipSession {
  readonly id = randomUUID();
  /** SDP answer with all candidates. */
  readonly answer: string;
  /** What is received, one entry per accepted section. */
  readonly sections: readonly MediaSection[];

  readonly #offer: Offer;
  readonly #sockets: SessionSockets;
  readonly #agent: IceLiteAgent;
  readonly #media: MediaSession;
  #etag = newEntityTag();
  #dtlsStarted = false;

  /**
   * Accepts an offer. The session then waits for the publisher; its connection is reported to the
   * sink.
   * @throws Refusal `bad-sdp` or `unacceptable-offer` for an offer that cannot be accepted,
   * `no-free-port` if no UDP port is free
   */
  static async accept(
    offerText: string,
    options: WhipSessionOptions,
    sink: PublishSink,
  ): Promise<WhipSession> {
    const offer = readOffer(offerText, options.codecs);
    const ours = await dtlsIdentity();
    let session: WhipSession | undefined;
    // Nothing useful can arrive before the answer has told the publisher where to send.
    const onDatagram: DatagramListener = (datagram, from, socket) =>
      session === undefined ? undefined : session.#onDatagram(datagram, from, socket);
    const sockets = await (options.sharedPort?.join(onDatagram) ??
      openOwnSockets(
        resolveIceAddresses(options.iceAddresses),
        options.icePortRange,
        onDatagram,
        (error) => options.log.warn({ err: error }, 'error on the UDP socket of a publisher'),
      ));
    try {
      session = new WhipSession(offer, options, sink, ours, sockets);
      return session;
    } catch (error) {
      await sockets.close();
      throw error;
    }
  }

  private constructor(
    offer: Offer,
    options: WhipSessionOptions,
    sink: PublishSink,
    ours: DtlsIdentity,
    sockets: SessionSockets,
  ) {
    this.#offer = offer;
    this.#sockets = sockets;
    this.sections = offer.sections.flatMap(({ taken }) => (taken === undefined ? [] : [taken]));
    this.#agent = new IceLiteAgent(offer.ice);
    sockets.answerTo(this.#agent.ufrags);
    this.answer = writeAnswer(offer, {
      ice: this.#agent.local,
      candidates: sockets.candidates,
      fingerprint: ours.fingerprint,
    });
    const Dtls = offer.dtlsRole === 'client' ? DtlsSrtpClient : DtlsSrtpServer;
    this.#media = new MediaSession({
      id: this.id,
      sections: this.sections,
      sink,
      log: options.log,
      keepIncomplete: options.keepIncomplete ?? false,
      createDtls: (events) => new Dtls(ours, offer.fingerprints, events, PUBLISHER),
      send: (datagram) => this.#agent.send(datagram),
      path: () => this.#agent.path,
      onFarewell: options.onFarewell,
      connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
      notConnected: () => this.#notConnected(),
      silence: {
        timeoutMs: options.idleTimeoutMs ?? 8000,
        reason: 'idle',
        heardUs: () => this.heardUs,
      },
      alertReason: 'dtls-closed',
      onTick: () => this.#agent.tick(),
      release: () => sockets.close(),
    });
  }

  /**
   * When anything authentic from the publisher last arrived, µs since the Unix epoch; 0 if nothing
   * has.
   */
  get heardUs(): number {
    return Math.max(this.#agent.lastAuthenticatedUs, this.#media.lastAuthenticatedUs);
  }

  /** Entity tag of the current ICE session, without quotes (RFC 9725 §4.3.1). */
  get etag(): string {
    return this.#etag;
  }

  /**
   * Handles a trickle ICE fragment (RFC 8840, RFC 9725 §4.3.2).
   * @throws Refusal `bad-sdp` if it is malformed or belongs to another ICE session
   */
  async trickle(fragment: string): Promise<void> {
    const credentials = readTrickleFragment(fragment);
    if (credentials === undefined) return;
    const { remote } = this.#agent;
    if (credentials.ufrag !== remote.ufrag || credentials.password !== remote.password) {
      throw new Refusal(
        'bad-sdp',
        'a=ice-ufrag and a=ice-pwd of the trickle fragment are not those of this ICE session',
      );
    }
  }

  /**
   * True if a fragment requests an ICE restart: its credentials differ from the current ones (RFC
   * 9725 §4.3.3).
   * @throws Refusal `bad-sdp` if it is malformed
   */
  isIceRestart(fragment: string): boolean {
    const credentials = readTrickleFragment(fragment);
    return credentials !== undefined && credentials.ufrag !== this.#agent.remote.ufrag;
  }

  /**
   * Restarts ICE (RFC 9725 §4.3.3, RFC 8445 §9). DTLS, SRTP and media continue.
   * @returns the fragment for the reply and the new entity tag
   * @throws Refusal `bad-sdp` if the fragment is malformed or has no new credentials
   */
  async restartIce(fragment: string): Promise<{ fragment: string; etag: string }> {
    const credentials = readTrickleFragment(fragment);
    if (credentials === undefined || credentials.ufrag === this.#agent.remote.ufrag) {
      throw new Refusal('bad-sdp', 'an ICE restart needs new a=ice-ufrag and a=ice-pwd');
    }
    this.#agent.restart(credentials);
    this.#sockets.answerTo(this.#agent.ufrags);
    this.#etag = newEntityTag();
    return {
      fragment: writeTrickleFragment(
        this.#offer.sections,
        this.#agent.local,
        this.#sockets.candidates,
      ),
      etag: this.#etag,
    };
  }

  /** Requests a keyframe of the video; does nothing before the session is connected. */
  requestKeyframe(): void {
    this.#media.requestKeyframe();
  }

  /**
   * Resolves once the datagrams that have already arrived are processed: on a busy machine, media
   * that was sent before the DELETE may still wait in the sockets.
   */
  async drain(): Promise<void> {
    // A turn of the event loop reads the sockets at most once, and the current turn may be half
    // over.
    let turns = 0;
    let backlogTurns = 0;
    for (let quiet = 0; turns < MOST_DRAIN_TURNS && quiet < 2; ) {
      const before = this.heardUs;
      const received = this.#sockets.received;
      await nextTurn();
      const mayHaveMore = this.#sockets.received - received >= READ_PER_TURN;
      if (!mayHaveMore || backlogTurns++ >= MOST_BACKLOG_TURNS) turns++;
      quiet = this.heardUs === before && !mayHaveMore ? quiet + 1 : 0;
    }
  }

  /**
   * Ends the session; resolves when its sockets are closed. Tells the sink at once. A second call
   * waits for the first.
   */
  close(reason: CloseReason): Promise<void> {
    return this.#media.end(reason);
  }

  /** Counters of the session. */
  statistics(): SessionStatistics {
    return { ...this.#media.statistics(), ice: this.#agent.statistics() };
  }

  #onDatagram(datagram: Buffer, from: RemoteInfo, socket: SessionSocket): PeerMedia | undefined {
    if (this.#media.closed || datagram.length === 0) return undefined;
    if (isStun(datagram)) this.#check(datagram, from, socket);
    else if (this.#agent.accepts(from)) return this.#media.receive(datagram);
    return undefined;
  }

  /** An exception in our code ends this session, not the thread with the sessions of others. */
  #check(datagram: Buffer, from: RemoteInfo, socket: SessionSocket): void {
    try {
      this.#agent.receive(datagram, from, socket, steadyNowUs());
      if (this.#dtlsStarted || !this.#agent.isReachable) return;
      this.#dtlsStarted = true;
      this.#media.startDtls();
    } catch (error) {
      void this.#media.end('failed', error instanceof Error ? error : new Error(String(error)));
    }
  }

  #notConnected(): Error {
    const { checks, rejectedChecks } = this.#agent.statistics();
    const seen =
      checks > 0
        ? 'ICE connected but DTLS did not'
        : `no valid ICE check arrived (${rejectedChecks} with a wrong password) at ${this.#sockets.candidates
            .map(({ address, port }) => `${address} port ${port}`)
            .join(', ')}`;
    return new Error(`the publisher did not connect in time: ${seen}`);
  }
}

function newEntityTag(): string {
  return randomBytes(9).toString('base64url');
}
