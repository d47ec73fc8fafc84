import { steadyNowUs } from '../clock/steady-clock.ts';
import { createDepacketizer, readPictureSize } from '../codecs/registry.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { RtpReceiver, type RtpReceiverOptions } from '../rtp/rtp-receiver.ts';
import type { SrtpKeys } from '../rtp/srtp-keys.ts';
import { FAREWELL_COPIES, type Farewell, type TransportPath } from './farewell.ts';
import type { IceStatistics } from './ice-lite-agent.ts';
import type { CloseReason, PublishSink, SessionLog } from './publish-sink.ts';
import type { DtlsEvents, DtlsSrtp } from './werift-tap.ts';

/** How often feedback is due and time-outs are looked at, ms. */
const TICK_MS = 20;
/**
 * The most that one tick adds to a time-out, µs. When this thread was held up (or the machine asleep)
 * the timer fires before the sockets are read, and what waits there must count first.
 */
const LONGEST_TICK_US = 100_000;
/** How long after a DTLS alert the other side may still prove that it was forged, µs. */
const ALERT_GRACE_US = 1_000_000;
/** Packets that arrive this soon after an alert may have been overtaken by it, µs. */
const ALERT_REORDERING_US = 300_000;

/** What a session has seen, for operators. */
export interface SessionStatistics {
  connected: boolean;
  srtpProfile?: SrtpKeys['profile'];
  ice: IceStatistics;
  rtp?: ReturnType<RtpReceiver['statistics']>;
}

/**
 * Told how to tell the other side of the end where the session cannot do so itself: once it is
 * connected, each time that the way there changes, and with `undefined` at its end.
 */
export type FarewellListener = (sessionId: string, farewell: Farewell | undefined) => void;

/** What a {@link MediaSession} needs of the session that it is a part of. */
export interface MediaSessionOptions {
  /** Names the session in the log. */
  id: string;
  /** What is received. */
  sections: readonly MediaSection[];
  sink: PublishSink;
  log: SessionLog;
  /** Our side of DTLS. */
  createDtls(events: DtlsEvents): DtlsSrtp;
  /** Sends a datagram to where ICE says. */
  send(datagram: Buffer): void;
  /** The way that `send` takes: the same object for as long as it is the same. */
  path(): TransportPath | undefined;
  /** See {@link FarewellListener}. */
  onFarewell?: FarewellListener | undefined;
  /** A session that is not connected after this ends as `failed`, ms. */
  connectTimeoutMs: number;
  /** What to tell when that happens. */
  notConnected(): Error;
  /** What counts as silence of the other side, and what a session ends with after too much of it. */
  silence: {
    timeoutMs: number;
    reason: CloseReason;
    /** When the other side was last heard: µs since the Unix epoch on our steady clock. */
    heardUs(receiver: RtpReceiver): number;
  };
  /** What a session ends with when the other side ended DTLS. */
  alertReason: CloseReason;
  /** See {@link RtpReceiverOptions.keepIncomplete}. */
  keepIncomplete: boolean;
  /** What the owner has to do every 20 ms. */
  onTick?(): void;
  /** Frees what the owner holds; called once, when the session ends. */
  release(): Promise<void>;
}

/**
 * What sessions with a publisher and with a server have in common, once there is a way to the other
 * side: DTLS, everything from the datagram to the access unit, the time-outs, and one way of ending.
 * It has one timer, which ends with it.
 */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #dtls: DtlsSrtp;
  readonly #timer: NodeJS.Timeout;
  #receiver: RtpReceiver | undefined;
  #srtpProfile: SrtpKeys['profile'] | undefined;
  #tickedUs = steadyNowUs();
  /** Time without connection, then without a sign of life, as ticks add it up. */
  #silentUs = 0;
  #heardUs = 0;
  /** When an alert arrived that is not judged yet, 0 for none, and its age as ticks add it up. */
  #alertUs = 0;
  #alertAgeUs = 0;
  #closed: Promise<void> | undefined;
  /** The way that was told with the last farewell. */
  #farewellPath: TransportPath | undefined;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.#dtls = options.createDtls({
      send: (datagram) => options.send(datagram),
      onConnected: (keys) => this.#onConnected(keys),
      onFailed: (error) => void this.end('failed', error),
      onAlert: () => this.#onAlert(),
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** True from the moment that it ended. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Begins the DTLS handshake if that is our part; to be called once the other side can be reached. */
  startDtls(): void {
    if (!this.closed) this.#dtls.start();
  }

  /**
   * Takes a datagram that is DTLS or media; others are ignored (RFC 7983 §7). A fault of ours or of
   * the sink ends this session, not the thread and with it the sessions of others.
   * @param datagram from where ICE found the other side: what others send is not worth its cryptography
   */
  receive(datagram: Buffer): void {
    if (this.closed || datagram.length === 0) return;
    const first = datagram[0]!;
    try {
      if (first >= 128 && first <= 191) {
        this.#receiver?.receive(datagram, steadyNowUs());
      } else if (first >= 20 && first <= 63) {
        this.#dtls.receive(datagram, this.lastAuthenticatedUs > 0);
      }
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** When the last packet of media or RTCP arrived that was authentic: steady clock µs; 0 for never. */
  get lastAuthenticatedUs(): number {
    return this.#receiver?.lastAuthenticatedUs ?? 0;
  }

  /** Asks for a keyframe of the video; quiet before it is connected. */
  requestKeyframe(): void {
    this.#receiver?.requestKeyframe();
  }

  /**
   * Ends the session and tells sink and other side at once; resolves when all is freed. A second call
   * waits for the first.
   */
  end(reason: CloseReason, error?: Error): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    clearInterval(this.#timer);
    const { release, log, sink, id, onFarewell } = this.#options;
    this.#sayFarewell();
    if (this.#farewellPath !== undefined) onFarewell?.(id, undefined);
    this.#dtls.close();
    this.#closed = release();
    try {
      // Media that waits for packets that cannot come any more is not lost with the session.
      if (reason !== 'failed') this.#receiver?.flush();
    } catch (err) {
      log.warn({ session: id, err }, 'the rest of a session could not be processed');
    }
    log.debug({ session: id, reason, err: error }, 'session closed');
    sink.onClosed(reason, error);
    return this.#closed;
  }

  /** Authentic packets of no track that have a payload type, 0–127. */
  unroutableOf(payloadType: number): number {
    return this.#receiver?.unroutableOf(payloadType) ?? 0;
  }

  /** What was received so far. */
  statistics(): Omit<SessionStatistics, 'ice'> {
    return {
      connected: this.#receiver !== undefined && !this.closed,
      ...(this.#srtpProfile === undefined ? {} : { srtpProfile: this.#srtpProfile }),
      ...(this.#receiver === undefined ? {} : { rtp: this.#receiver.statistics() }),
    };
  }

  /** Else the other side waits for its consent to expire (RFC 7675), half a minute, before it comes back. */
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

  #onConnected(keys: SrtpKeys): void {
    const { sections, sink, log, id } = this.#options;
    this.#silentUs = 0;
    this.#srtpProfile = keys.profile;
    this.#receiver = new RtpReceiver({
      keys,
      sections: [...sections],
      sendRtcp: (packet) => this.#sendRtcp(packet),
      sink,
      createDepacketizer,
      keepIncomplete: this.#options.keepIncomplete,
      pictureSize: readPictureSize,
    });
    log.debug({ session: id, srtpProfile: keys.profile }, 'session connected');
    this.#leaveFarewell();
    sink.onConnected();
  }

  #sendRtcp(packet: Buffer): void {
    // The sink may still ask for a keyframe while it is told of the end.
    if (this.closed) return;
    const datagram = this.#dtls.protectRtcp(packet);
    if (datagram !== undefined) this.#options.send(datagram);
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
    this.#options.onTick?.();
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
    if (this.closed) return;
    try {
      this.#leaveFarewell();
      this.#receiver.tick(nowUs);
    } catch (error) {
      this.#onFault(error);
    }
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
