import type { ForgottenSegments, SegmentNumbers } from '../day-folder/forgotten-segments.ts';
import type { CloseReason, PublishSink } from '../ingest/publish-sink.ts';
import type { PublishAccepted, PublishRight, RecordingStarted, StreamStatus } from '../recorder.ts';
import type { Recording } from '../recording/recording.ts';
import { Refusal } from '../refusal.ts';
import type { PullPlan, PullTarget } from '../sources/pull-plan.ts';
import { Pull } from './pull.ts';
import { RateMeter } from './rate-meter.ts';
import { recordingSink } from './recording-sink.ts';
import { sessionStatus } from './session-status.ts';
import {
  NEW_LIFE,
  nextLife,
  type StreamEvent,
  type StreamLife,
  streamState,
} from './stream-life.ts';
import { StreamRecordings, type StreamRecordingsOptions } from './stream-recordings.ts';
import {
  FAULTS,
  mayReplace,
  type PublishedSession,
  recordableSections,
  type SessionOpener,
  type StreamSession,
  trickle,
  unrecordableOf,
} from './stream-session.ts';

/** Options of a {@link StreamHost}. */
export interface StreamHostOptions extends StreamRecordingsOptions {
  /** True if the stream is recorded as soon as somebody publishes it. */
  automatic: boolean;
  /** False while no recording may begin because too much data waits for upload. */
  accepts(): boolean;
  sessions: SessionOpener;
}

/**
 * One stream of this worker, with its session (a publisher, or the node it is pulled from) and its
 * recording, either of which may be absent. {@link nextLife} decides what follows from an event. If
 * the publisher is lost, its recording stays open for it to come back. If the publisher leaves, the
 * recording is closed; that of the next publisher continues in the same folder.
 */
export class StreamHost {
  readonly #options: StreamHostOptions;
  readonly #recordings: StreamRecordings;
  readonly #sink: PublishSink;
  readonly #rates: RateMeter;
  #life: StreamLife = NEW_LIFE;
  #session: StreamSession | undefined;
  /** Present if the stream is pulled from another node. */
  #pull: Pull | undefined;
  /** See {@link StreamHostOptions.automatic}. */
  #isAutomatic: boolean;
  #accepting = false;
  /** Number of media sections of the session that the recording uses. */
  #attached = 0;
  /** When the session connected, µs since the Unix epoch. */
  #connectedUs = 0;
  #cancelGrace = () => {};
  #idleSinceUs: number;

  constructor(options: StreamHostOptions) {
    this.#options = options;
    this.#isAutomatic = options.automatic;
    this.#recordings = new StreamRecordings(options);
    this.#sink = recordingSink(this.#recordings, {
      onConnected: () => this.#onConnected(),
      onClosed: (reason, error) => this.#onClosed(reason, error),
    });
    this.#rates = new RateMeter(() => options.clock.nowUs());
    this.#idleSinceUs = options.clock.nowUs();
  }

  /**
   * Sets whether the stream is recorded as soon as somebody publishes it. A recording that only this
   * was the reason for begins or ends.
   */
  setAutomatic(isAutomatic: boolean): void {
    if (isAutomatic === this.#isAutomatic) return;
    this.#isAutomatic = isAutomatic;
    this.#happens('rules-changed');
  }

  /** Takes a publisher's offer. @throws Refusal of the offer, `published-already`, `no-free-port` */
  async publish(offer: string, right: PublishRight): Promise<PublishAccepted> {
    const { stream, clock, sessions } = this.#options;
    const { isConnected } = this.#life;
    if (this.#accepting || !mayReplace(this.#session, isConnected, right, clock.nowUs())) {
      throw new Refusal('published-already', `stream "${stream}" has a publisher already`);
    }
    this.#accepting = true;
    try {
      await this.#session?.session.close('replaced');
      const session = await sessions.accept(offer, this.#sink);
      this.#session = { origin: 'published', session, right };
      this.#happens('offered');
      return { sessionId: session.id, answer: session.answer, etag: session.etag };
    } finally {
      this.#accepting = false;
    }
  }

  /** Records the stream from one of the nodes that have it, until {@link StreamHost.release}. */
  pull(plan: PullPlan): void {
    if (this.#pull !== undefined) {
      if (this.#pull.update(plan)) void this.#session?.session.close('replaced');
      return;
    }
    const { stream, log, clock } = this.#options;
    this.#happens('pulled');
    this.#pull = new Pull(plan, {
      connect: (target, signal) => this.#subscribe(target, signal),
      onFailure: (err, node, retryMs) =>
        log.warn({ stream, node, err, retry_ms: retryMs }, 'cannot pull from the node'),
      clock,
    });
  }

  /** No node has the stream at present: its record stays open and no connection is tried. */
  hold(): void {
    this.#pull?.hold();
  }

  /** The stream is no longer live on any node; resolves when its record is closed. */
  async release(): Promise<void> {
    const pull = this.#pull;
    if (pull === undefined) return;
    this.#pull = undefined;
    pull.stop();
    await this.#session?.session.close('client');
    this.#happens('released');
    await this.#recordings.closed;
  }

  /** See {@link import('../recorder.ts').Recorder.trickle}. */
  async trickle(sessionId: string, fragment: string, ifMatch: string | undefined) {
    return trickle(this.#published(sessionId), fragment, ifMatch);
  }

  /**
   * Ends the publisher's session. A recording that was requested during the session is no longer
   * requested then, as on a Live777 node: when the stream is back, Liveman requests it again, and
   * learns of the new record only that way.
   * @throws Refusal `no-such-session`
   */
  async unpublish(sessionId: string): Promise<void> {
    const session = this.#published(sessionId);
    await session.drain();
    this.#happens('unpublished');
    await session.close('client');
    if (this.#life.arm === 'no') this.#recordings.goBelow(undefined);
    await this.#recordings.closed;
  }

  /** See {@link import('../recorder.ts').Recorder.start}. */
  start(baseDir: string | undefined): RecordingStarted {
    if (this.#recordings.current === undefined) {
      if (this.#life.arm === 'no') this.#recordings.goBelow(baseDir);
      this.#recordings.tellId();
    }
    this.#happens('asked');
    return {
      stream: this.#options.stream,
      ...this.#recordings.place(),
      isWaiting: this.#recordings.current === undefined,
    };
  }

  /** See {@link import('./calls.ts').Calls.closeLater}. */
  closeLater(folder: string, dayUs: number): void {
    this.#recordings.closeLater(folder, dayUs);
  }

  /** See {@link import('./calls.ts').Calls.forget}. */
  forget(folder: string, dayUs: number, numbers: SegmentNumbers): Promise<ForgottenSegments> {
    return this.#recordings.forget(folder, dayUs, numbers);
  }

  /** See {@link import('./calls.ts').Calls.removeFolder}. */
  removeFolder(folder: string): Promise<boolean> {
    return this.#recordings.removeFolder(folder);
  }

  /** Stops the recording, or cancels the request for one; resolves when all data is durable. */
  async stop(): Promise<void> {
    this.#happens('stopped');
    this.#recordings.forgetFailure();
    await this.release();
    this.#happens('released');
    this.#recordings.goBelow(undefined);
    await this.#recordings.closed;
  }

  /** The state shown to operators. */
  status(): StreamStatus {
    const recording = this.#recordings.current;
    const error = this.#recordings.error ?? this.#pull?.error;
    const isRecorded = recording !== undefined || this.#life.arm !== 'no';
    return {
      stream: this.#options.stream,
      state: this.#state(),
      ...sessionStatus(this.#session, recording, this.#rates),
      ...(this.#life.isConnected && { publishedAtMs: Math.floor(this.#connectedUs / 1000) }),
      ...(this.#session && { sessionId: this.#session.session.id }),
      ...(this.#pull?.node !== undefined && { source: this.#pull.node }),
      ...(this.#pull && { pull: this.#pull.status() }),
      ...(isRecorded && this.#recordings.place()),
      ...this.#recordings.status(),
      ...(error !== undefined && { error }),
      ...(this.#life.arm !== 'no' && { isArmed: true }),
    };
  }

  /** Text of the manifest at an object path, if this stream is writing it now, see {@link Recording.manifest}. */
  liveManifest(path: string): string | undefined {
    return this.#recordings.current?.manifest(path);
  }

  /** Does what is due; call about four times a second. */
  tick(): void {
    this.#rates.note(this.#session?.session);
    this.#recordings.tick();
    if (this.#options.accepts()) this.#happens('room');
    const recording = this.#recordings.current;
    if (recording === undefined) return;
    this.#followCodecs(recording);
    const silentMs = (this.#options.clock.nowUs() - recording.lastArrivalUs) / 1000;
    if (this.#pull?.isOutdated(silentMs)) void this.#session?.session.close('replaced');
  }

  /**
   * True if this object holds nothing worth keeping. @param forMs minimum time it has been so, ms
   */
  isIdle(forMs: number): boolean {
    const nowUs = this.#options.clock.nowUs();
    const idle = !this.#accepting && this.#state() === 'idle' && this.#recordings.isClosed;
    if (!idle) this.#idleSinceUs = nowUs;
    return idle && nowUs - this.#idleSinceUs >= forMs * 1000;
  }

  /** Ends session and recording; resolves when all data is durable. */
  async close(): Promise<void> {
    this.#happens('stopped');
    this.#pull?.stop();
    await this.#session?.session.close('shutdown');
    this.#happens('released');
    await this.#recordings.idle();
  }

  async #subscribe(target: PullTarget, signal: AbortSignal): Promise<void> {
    if (this.#session !== undefined) throw new Error('it is published here');
    const session = await this.#options.sessions.subscribe(target, this.#sink, signal);
    this.#session = { origin: 'pulled', session };
  }

  #onConnected(): void {
    const { stream, clock, log } = this.#options;
    this.#connectedUs = clock.nowUs();
    this.#pull?.connected();
    log.info({ stream, ...(this.#pull && { node: this.#pull.node }) }, 'publisher connected');
    this.#cancelGrace();
    this.#happens('connected');
    const { recording, isStopped } = this.#life;
    if (recording === 'none' && !isStopped) this.#recordings.tellUnwanted();
  }

  #onClosed(reason: CloseReason, error: Error | undefined): void {
    const { stream, log, clock, settings } = this.#options;
    this.#session = undefined;
    if (error) log.warn({ stream, reason, err: error }, 'publisher lost');
    else log.info({ stream, reason }, 'publisher left');
    this.#cancelGrace();
    this.#happens(reason === 'client' || reason === 'shutdown' ? 'left' : 'lost');
    if (this.#life.recording !== 'none') {
      // The publisher was lost and may come back.
      const graceMs = settings.recorder.resumeGraceSeconds * 1000;
      this.#cancelGrace = clock.after(graceMs, () => this.#happens('grace-over'));
    }
    this.#pull?.lost(error?.message ?? FAULTS[reason]);
  }

  /** Applies an event to the stream's life and carries out the change. */
  #happens(event: StreamEvent): void {
    const { accepts } = this.#options;
    const before = this.#life.recording;
    this.#life = nextLife(this.#life, event, {
      isAutomatic: this.#isAutomatic,
      accepts: accepts(),
    });
    const { recording, arm } = this.#life;
    if (recording === before) return;
    if (recording === 'running') {
      this.#cancelGrace();
      this.#attached = 0;
      this.#followCodecs(this.#recordings.begin());
    } else if (recording === 'put-off') this.#recordings.putOff();
    else if (recording === 'interrupted') this.#recordings.current?.detach();
    else {
      this.#cancelGrace();
      this.#recordings.end(arm !== 'no');
    }
  }

  /** Attaches the tracks of the session as soon as it is known which of them can be recorded. */
  #followCodecs(recording: Recording): void {
    const current = this.#session;
    if (current === undefined || !this.#life.isConnected) return;
    const sections = recordableSections(current, this.#options.clock.nowUs() - this.#connectedUs);
    if (sections === undefined || sections.length === this.#attached) return;
    this.#attached = sections.length;
    recording.attach(sections, () => current.session.requestKeyframe());
  }

  #state(): StreamStatus['state'] {
    const isFailing = this.#recordings.error !== undefined;
    const isWhole =
      this.#recordings.current?.missing().length === 0 &&
      unrecordableOf(this.#session).length === 0;
    return streamState(this.#life, isFailing, isWhole);
  }

  #published(sessionId: string): PublishedSession {
    const current = this.#session;
    if (current?.origin === 'published' && current.session.id === sessionId) return current.session;
    throw new Refusal('no-such-session', `no such session of stream "${this.#options.stream}"`);
  }
}
