import { steadyNowUs } from '../clock/steady-clock.ts';
import { createDepacketizer, readPictureSize } from '../codecs/registry.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { RtpReceiver, type RtpReceiverOptions } from '../rtp/rtp-receiver.ts';
import { SrtcpSender } from '../rtp/srtcp-sender.ts';
import type { SrtpKeyPair, SrtpProfile } from '../rtp/srtp-keys.ts';
import type { PeerMedia } from './datagram-bursts.ts';
import { isDtls, isMedia } from './datagram-kind.ts';
import { FAREWELL_COPIES, type Farewell, type TransportPath } from './farewell.ts';
import type { IceStatistics } from './ice-lite-agent.ts';
import type { CloseReason, PublishSink, SessionLog } from './publish-sink.ts';
import { beginTicks, endTicks } from './session-ticks.ts';
import type { DtlsEvents, DtlsSrtp } from './werift-tap.ts';

/**
 * Maximum time that one tick adds to a timeout, µs. After this thread was blocked (or the machine
 * asleep), the timer fires before the sockets are read, and the datagrams that wait there must
 * count first.
 */
const LONGEST_TICK_US = 100_000;
/** How long after a DTLS alert the other side may prove that it was forged, µs. */
const ALERT_GRACE_US = 1_000_000;
/** Packets that arrive this soon after an alert may have been sent before it, µs. */
const ALERT_REORDERING_US = 300_000;

/** Counters of a session, for operators. */
export interface SessionStatistics {
  connected: boolean;
  srtpProfile?: SrtpProfile;
  ice: IceStatistics;
  rtp?: ReturnType<RtpReceiver['statistics']>;
}

/**
 * Called with the datagram that ends the session at the other side, in case the session cannot send
 * it itself: once it is connected, each time the path changes, and with `undefined` at its end.
 */
export type FarewellListener = (sessionId: string, farewell: Farewell | undefined) => void;

/** Options of a {@link MediaSession}. */
export interface MediaSessionOptions {
  /** Identifies the session in the log. */
  id: string;
  /** The sections to receive. */
  sections: readonly MediaSection[];
  sink: PublishSink;
  log: SessionLog;
  /** Creates our side of DTLS. */
  createDtls(events: DtlsEvents): DtlsSrtp;
  /** Sends a datagram on the path that ICE selected. */
  send(datagram: Buffer): void;
  /** The path that `send` uses: the same object as long as it does not change. */
  path(): TransportPath | undefined;
  /** See {@link FarewellListener}. */
  onFarewell?: FarewellListener | undefined;
  /** A session that has not connected by then ends as `failed`, ms. */
  connectTimeoutMs: number;
  /** Returns the error for that case. */
  notConnected(): Error;
  /**
   * What counts as silence of the other side, and the reason with which the session ends after too
   * long a silence.
   */
  silence: {
    timeoutMs: number;
    reason: CloseReason;
    /** When the other side was last heard, µs since the Unix epoch on the steady clock. */
    heardUs(receiver: RtpReceiver): number;
  };
  /** The reason with which the session ends if the other side ended DTLS. */
  alertReason: CloseReason;
  /** See {@link RtpReceiverOptions.keepIncomplete}. */
  keepIncomplete: boolean;
  /** Work of the owner every 20 ms. */
  onTick?(): void;
  /** Releases the owner's resources; called once, when the session ends. */
  release(): Promise<void>;
}

/**
 * The common part of sessions with a publisher and with a server once a path to the other side
 * exists: DTLS, everything from the datagram to the access unit, the timeouts, and one way to end.
 */
export class MediaSession implements PeerMedia {
  readonly #options: MediaSessionOptions;
  readonly #dtls: DtlsSrtp;
  readonly #onTick = () => this.#tick();
  #receiver: RtpReceiver | undefined;
  #srtcp: SrtcpSender | undefined;
  #srtpProfile: SrtpProfile | undefined;
  #tickedUs = steadyNowUs();
  /** Time without a connection, later time without a sign of life, in steps of ticks. */
  #silentUs = 0;
  #heardUs = 0;
  /** When a pending alert arrived, 0 if there is none, and its age in steps of ticks. */
  #alertUs = 0;
  #alertAgeUs = 0;
  #closed: Promise<void> | undefined;
  /** The path of the last farewell. */
  #farewellPath: TransportPath | undefined;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.#dtls = options.createDtls({
      send: (datagram) => options.send(datagram),
      onConnected: (keys) => this.#onConnected(keys),
      onFailed: (error) => void this.end('failed', error),
      onAlert: () => this.#onAlert(),
    });
    beginTicks(this.#onTick);
  }

  /** True once the session has ended. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Begins the DTLS handshake if we are the client; call it once the other side can be reached. */
  startDtls(): void {
    if (!this.closed) this.#dtls.start();
  }

  /**
   * Handles a datagram with DTLS or media; ignores others. An exception in our code
   * or in the sink ends this session, not the thread with the sessions of others.
   *
   * @param datagram from the address that ICE selected: datagrams from other addresses are not
   * worth the cryptography. Media is not kept.
   * @returns this session, if it is media and the session goes on
   */
  receive(datagram: Buffer): PeerMedia | undefined {
    if (this.closed) return undefined;
    if (isMedia(datagram)) {
      if (this.#receiver === undefined) return undefined;
      this.receiveMedia(datagram, steadyNowUs());
      return this.closed ? undefined : this;
    }
    try {
      if (isDtls(datagram)) this.#dtls.receive(datagram, this.lastAuthenticatedUs > 0);
    } catch (error) {
      this.#onFault(error);
    }
    return undefined;
  }

  /** Handles media as {@link receive} does. @param arrivalUs µs since the Unix epoch on the steady clock */
  receiveMedia(datagram: Buffer, arrivalUs: number): void {
    if (this.closed) return;
    try {
      this.#receiver?.receive(datagram, arrivalUs);
    } catch (error) {
      this.#onFault(error);
    }
  }

  /**
   * When the last authentic media or RTCP packet arrived, µs on the steady clock; 0 if none has.
   */
  get lastAuthenticatedUs(): number {
    return this.#receiver?.lastAuthenticatedUs ?? 0;
  }

  /** Requests a keyframe of the video; does nothing before the session is connected. */
  requestKeyframe(): void {
    this.#receiver?.requestKeyframe();
  }

  /**
   * Ends the session and tells the sink and the other side at once; resolves when all resources are
   * released. A second call waits for the first.
   */
  end(reason: CloseReason, error?: Error): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    endTicks(this.#onTick);
    const { release, log, sink, id, onFarewell } = this.#options;
    this.#sayFarewell();
    if (this.#farewellPath !== undefined) onFarewell?.(id, undefined);
    this.#dtls.close();
    this.#closed = release();
    try {
      // Media that waits for lost packets is not lost with the session.
      if (reason !== 'failed') this.#receiver?.flush();
    } catch (err) {
      log.warn({ session: id, err }, 'the rest of a session could not be processed');
    }
    this.#receiver?.close();
    this.#srtcp?.close();
    log.debug({ session: id, reason, err: error }, 'session closed');
    sink.onClosed(reason, error);
    return this.#closed;
  }

  /** Number of authentic packets with a payload type, 0–127, that belong to no track. */
  unroutableOf(payloadType: number): number {
    return this.#receiver?.unroutableOf(payloadType) ?? 0;
  }

  /** Counters of everything received so far. */
  statistics(): Omit<SessionStatistics, 'ice'> {
    return {
      connected: this.#receiver !== undefined && !this.closed,
      ...(this.#srtpProfile === undefined ? {} : { srtpProfile: this.#srtpProfile }),
      ...(this.#receiver === undefined ? {} : { rtp: this.#receiver.statistics() }),
    };
  }

  /**
   * Otherwise the other side would wait half a minute for its consent to expire (RFC 7675) before
   * it reconnects.
   */
  #sayFarewell(): void {
    try {
      const datagram = this.#dtls.closeNotify();
      if (datagram === undefined) return;
      for (let sent = 0; sent < FAREWELL_COPIES; sent++) this.#options.send(datagram);
    } catch (err) {
      this.#options.log.warn({ session: this.#options.id, err }, 'could not close DTLS properly');
    }
  }

  #leaveFarewell(): void {
    const { onFarewell, path, id } = this.#options;
    const present = path();
    if (onFarewell === undefined || present === this.#farewellPath) return;
    const datagram = this.#dtls.closeNotify();
    if (present === undefined || datagram === undefined) return;
    this.#farewellPath = present;
    onFarewell(id, { path: present, datagram });
  }

  #onFault(error: unknown): void {
    void this.end('failed', error instanceof Error ? error : new Error(String(error)));
  }

  #onConnected({ receiving, sending }: SrtpKeyPair): void {
    const { sections, sink, log, id } = this.#options;
    this.#silentUs = 0;
    this.#srtpProfile = receiving.profile;
    const srtcp = new SrtcpSender(sending);
    this.#srtcp = srtcp;
    this.#receiver = new RtpReceiver({
      keys: receiving,
      sections: [...sections],
      sendRtcp: (packet) => {
        // The sink may request a keyframe while it handles the end.
        if (!this.closed) this.#options.send(srtcp.seal(packet));
      },
      sink,
      createDepacketizer,
      keepIncomplete: this.#options.keepIncomplete,
      pictureSize: readPictureSize,
    });
    log.debug({ session: id, srtpProfile: receiving.profile }, 'session connected');
    this.#leaveFarewell();
    sink.onConnected();
  }

  #onAlert(): void {
    if (this.#alertUs !== 0) return;
    this.#alertUs = steadyNowUs();
    this.#alertAgeUs = 0;
  }

  /** As in {@link MediaSession.receive}, an exception ends this session alone. */
  #tick(): void {
    try {
      const nowUs = steadyNowUs();
      this.#options.onTick?.();
      this.#judgeSilence(nowUs);
      if (this.#receiver === undefined || this.closed) return;
      this.#leaveFarewell();
      this.#receiver.tick(nowUs);
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** Ends the session if nothing has come of the other side for too long, or it said goodbye. */
  #judgeSilence(nowUs: number): void {
    const elapsedUs = Math.min(nowUs - this.#tickedUs, LONGEST_TICK_US);
    this.#tickedUs = nowUs;
    this.#silentUs += elapsedUs;
    const { silence, connectTimeoutMs, notConnected } = this.#options;
    if (this.#receiver === undefined) {
      if (this.#silentUs > connectTimeoutMs * 1000) void this.end('failed', notConnected());
      return;
    }
    const heardUs = silence.heardUs(this.#receiver);
    if (heardUs !== this.#heardUs) {
      this.#heardUs = heardUs;
      this.#silentUs = 0;
    }
    if (this.#silentUs > silence.timeoutMs * 1000) void this.end(silence.reason);
    else if (this.#alertUs !== 0) this.#judgeAlert(heardUs, elapsedUs);
  }

  #judgeAlert(heardUs: number, elapsedUs: number): void {
    this.#alertAgeUs += elapsedUs;
    if (this.#alertAgeUs < ALERT_GRACE_US) return;
    if (heardUs - this.#alertUs < ALERT_REORDERING_US) {
      void this.end(this.#options.alertReason);
    } else {
      this.#options.log.warn(
        { session: this.#options.id },
        'ignored a DTLS alert: the peer is still sending',
      );
      this.#alertUs = 0;
    }
  }
}
