import { steadyNowUs } from '../clock/steady-clock.ts';
import { codecsNamed } from '../codecs/registry.ts';
import { AbandonedFolder } from '../day-folder/crash-recovery.ts';
import type { FolderOwners } from '../day-folder/folder-owners.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { RemoteFolders } from '../day-folder/remote-folder.ts';
import { UnclosedFolders } from '../day-folder/unclosed-folders.ts';
import type { FactListener } from '../facts/recording-fact.ts';
import type { FarewellListener } from '../ingest/media-session.ts';
import type { CloseReason, PublishSink } from '../ingest/publish-sink.ts';
import { WhepSession } from '../ingest/whep-session.ts';
import { WhipSession } from '../ingest/whip-session.ts';
import { MANIFEST_NAME } from '../layout/file-names.ts';
import { objectPath } from '../layout/object-path.ts';
import { baseFolder, dayFolder } from '../layout/stream-folder.ts';
import type { AccessUnit } from '../media/access-unit.ts';
import type { Ticks } from '../media/media-time.ts';
import type {
  PublishAccepted,
  PublishRight,
  RecordingStarted,
  StreamState,
  StreamStatus,
} from '../recorder.ts';
import { Recording } from '../recording/recording.ts';
import { StreamClock } from '../recording/stream-clock.ts';
import { Refusal } from '../refusal.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { SenderReport } from '../rtp/rtp-receiver.ts';
import type { PullPlan, PullTarget } from '../sources/pull-plan.ts';
import { Pull } from './pull.ts';
import { RateMeter } from './rate-meter.ts';
import { RecordIds } from './record-ids.ts';
import { sessionStatus } from './session-status.ts';
import type { WorkerSettings } from './worker-settings.ts';

/**
 * A publisher that was not heard for this long does not keep another one away, µs. It may be the same
 * one after a break of its network, for which the time-out of the lost session would be too long.
 */
const LOST_US = 4_000_000;
/** Ends of a session with a server that are its fault. */
const LOST_BECAUSE: Partial<Record<CloseReason, string>> = {
  'no-media': 'it was connected but sent nothing for some seconds',
  'server-gone': 'it ended the session or is gone',
};
/** A server that may send either of two codecs has this long to begin, µs. */
const CODEC_WAIT_US = 1_000_000;
const NOT_ACCEPTED =
  'too much waits for upload: recording begins as soon as the store has taken some of it';

/** What a stream's host needs of the thread it lives in. */
export interface StreamHostOptions {
  stream: string;
  settings: WorkerSettings;
  /** True when the stream is recorded as soon as somebody publishes it. */
  automatic: boolean;
  /** False while no recording may begin, because too much waits for the store. */
  accepts(): boolean;
  log: RecordingLog & { debug(fields: object, message: string): void };
  /** Told what its recordings tell. */
  onFact: FactListener;
  onFarewell: FarewellListener;
  /** Present where files leave this disk for a store. */
  remote?: RemoteFolders;
  /** Keeps recorders apart that share the root. */
  owners?: FolderOwners;
}

/**
 * One stream of this worker: its publisher or the node it is pulled from, if there is one, and its
 * recording, if there is one.
 * The recording of a publisher that was lost waits for it to come back; that of one that left is
 * closed, and the next publisher's follows in the same folder.
 */
export class StreamHost {
  readonly #options: StreamHostOptions;
  readonly #rates = new RateMeter();
  #session: WhipSession | WhepSession | undefined;
  /** Keeps it connected to a node, where that is where it comes from. */
  #pull: Pull | undefined;
  #accepting = false;
  /** Of the publisher whose session it is. */
  #right: PublishRight = 'all';
  /** How many sections of the session the recording takes. */
  #attached = 0;
  #connected = false;
  #publishedAtMs = 0;
  /** When it connected, µs since the Unix epoch on the steady clock. */
  #connectedUs = 0;
  /** A recording was asked for by name. */
  #armed = false;
  /** That was before anybody published: it holds for every publisher to come, until it is stopped. */
  #isStanding = false;
  /** A recording was stopped by name: it does not begin by itself while this publisher stays. */
  #disarmed = false;
  #toldUnrecorded = false;
  #baseFolder = '';
  #recording: Recording | undefined;
  /** Ends the record of a publisher that was lost and does not come back. */
  #grace: NodeJS.Timeout | undefined;
  readonly #recordIds = new RecordIds();
  #startedAtUs = 0;
  #failure: string | undefined;
  readonly #clock = new StreamClock();
  readonly #unclosed: UnclosedFolders;
  /** It would be recorded if recordings might begin. */
  #isPutOff = false;
  /** Media time at which the last recording ended; the next one begins no earlier. */
  #end: Ticks = 0;
  #closing: Promise<void> = Promise.resolve();
  #idleSinceMs = Date.now();

  constructor(options: StreamHostOptions) {
    this.#options = options;
    const { stream, log } = options;
    this.#unclosed = new UnclosedFolders({
      stream,
      log,
      now: steadyNowUs,
      onNoneLeft: () => {
        if (this.#failure !== NOT_ACCEPTED) this.#failure = undefined;
      },
    });
  }

  /** Takes a publisher's offer. @throws Refusal of the offer, `published-already`, `no-free-port` */
  async publish(offer: string, right: PublishRight): Promise<PublishAccepted> {
    if (this.#accepting || !this.#mayReplace(this.#session, right)) {
      throw new Refusal(
        'published-already',
        `stream "${this.#options.stream}" has a publisher already`,
      );
    }
    this.#accepting = true;
    try {
      await this.#session?.close('replaced');
      const { webrtc, recorder } = this.#options.settings;
      const { iceUdpAddrs: iceAddresses, icePortRange } = webrtc;
      const keepIncomplete = recorder.onLoss === 'keep';
      const codecs = codecsNamed(recorder.codecs);
      const { log, onFarewell } = this.#options;
      const session = await WhipSession.accept(
        offer,
        {
          iceAddresses,
          ...(icePortRange && { icePortRange }),
          codecs,
          keepIncomplete,
          onFarewell,
          log,
        },
        this.#sink(),
      );
      this.#session = session;
      this.#right = right;
      this.#disarmed = false;
      return { sessionId: session.id, answer: session.answer, etag: session.etag };
    } finally {
      this.#accepting = false;
    }
  }

  /** Records it from one of the nodes that have it, for as long as it is not released. */
  pull(plan: PullPlan): void {
    if (this.#pull !== undefined) {
      if (this.#pull.update(plan)) void this.#session?.close('replaced');
      return;
    }
    const { stream, log } = this.#options;
    this.#disarmed = false;
    this.#pull = new Pull(plan, {
      connect: (target, signal) => this.#subscribe(target, signal),
      onFailure: (err, node, retryMs) =>
        log.warn({ stream, node, err, retry_ms: retryMs }, 'cannot pull from the node'),
    });
  }

  /** No node has it at present: its record stays open, and nothing is tried. */
  hold(): void {
    this.#pull?.hold();
  }

  /** It is live no more on any node; resolves when its record is closed. */
  async release(): Promise<void> {
    const pull = this.#pull;
    if (pull === undefined) return;
    this.#pull = undefined;
    pull.stop();
    await this.#session?.close('client');
    this.#stopRecording();
    await this.#closing;
  }

  /** See {@link import('../recorder.ts').Recorder.trickle}. */
  async trickle(sessionId: string, fragment: string, ifMatch: string | undefined) {
    const session = this.#sessionOf(sessionId);
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== session.etag) {
      throw new Refusal(
        'stale-entity-tag',
        'If-Match: not the entity tag of the present ICE session',
      );
    }
    if (session.isIceRestart(fragment)) return session.restartIce(fragment);
    await session.trickle(fragment);
    return undefined;
  }

  /**
   * Ends the publisher's session, and with the stream what was asked for by name while it was there:
   * as on a Live777 node, where Liveman asks again once the stream is back and would else not hear of
   * its new record.
   * @throws Refusal `no-such-session`
   */
  async unpublish(sessionId: string): Promise<void> {
    const session = this.#sessionOf(sessionId);
    await session.drain();
    // A publisher that never came is none that leaves.
    if (this.#connected && !this.#isStanding) this.#armed = false;
    await session.close('client');
    if (!this.#armed) this.#baseFolder = '';
    await this.#closing;
  }

  /** See {@link import('../recorder.ts').Recorder.start}. */
  start(baseDir: string | undefined): RecordingStarted {
    if (this.#recording === undefined) {
      if (!this.#armed) {
        const { stream } = this.#options;
        this.#baseFolder = baseDir === undefined ? '' : baseFolder(baseDir, stream);
      }
      this.#recordIds.tell();
    }
    if (!this.#armed) this.#isStanding = !this.#connected && this.#recording === undefined;
    this.#armed = true;
    this.#disarmed = false;
    if (this.#connected && this.#recording === undefined) this.#startRecording();
    return {
      stream: this.#options.stream,
      recordId: this.#recordIds.current,
      ...this.#place(),
      isWaiting: this.#recording === undefined,
    };
  }

  /** See {@link import('./calls.ts').Calls.closeLater}. */
  closeLater(folder: string, dayUs: number): void {
    // A recording that writes into it takes up what is there, and closes it itself.
    if (folder === this.#recording?.folder) return;
    const { stream, settings, onFact, remote, owners } = this.#options;
    const abandoned = new AbandonedFolder(folder, dayUs, {
      root: settings.root,
      stream,
      nowUs: steadyNowUs(),
      // The index is told of all, and passes over what it has.
      isKnown: () => false,
      onFact,
      ...(remote && { remote }),
      ...(owners && { owners }),
    });
    this.#unclosed.add(abandoned, 'a recording that was left open cannot be closed yet');
  }

  /** Stops or disarms; resolves when all is durable. */
  async stop(): Promise<void> {
    this.#armed = false;
    this.#disarmed = true;
    this.#isPutOff = false;
    this.#failure = undefined;
    await this.release();
    this.#stopRecording();
    this.#baseFolder = '';
    await this.#closing;
  }

  /** What operators see. */
  status(): StreamStatus {
    const state = this.#state();
    const error = this.#error() ?? this.#pull?.error;
    const isRecorded = this.#recording !== undefined || this.#armed;
    return {
      stream: this.#options.stream,
      state,
      ...sessionStatus(this.#session, this.#recording, this.#rates),
      ...(this.#connected && { publishedAtMs: this.#publishedAtMs }),
      ...(this.#session && { sessionId: this.#session.id }),
      ...(this.#pull?.node !== undefined && { source: this.#pull.node }),
      ...(this.#pull && { pull: this.#pull.status() }),
      ...(isRecorded && { recordId: this.#recordIds.current, ...this.#place() }),
      ...(this.#recording && recordingStatus(this.#recording, this.#startedAtUs)),
      ...(error !== undefined && { error }),
      ...(this.#armed && { isArmed: true }),
    };
  }

  /** Text of the manifest being written at an object path, if it is this stream's. */
  liveManifest(path: string): string | undefined {
    return this.#recording?.manifest(path);
  }

  /** What time brings: call about four times a second. */
  tick(): void {
    this.#rates.note(this.#session);
    this.#recording?.tick();
    this.#unclosed.tick();
    if (this.#isPutOff && this.#options.accepts()) this.#startRecording();
    if (this.#recording === undefined) return;
    this.#followCodecs(this.#recording);
    const silentMs = (steadyNowUs() - this.#recording.lastArrivalUs) / 1000;
    if (this.#pull?.isOutdated(silentMs)) void this.#session?.close('replaced');
  }

  /** True when nothing is known here that anyone would miss. @param forMs how long already */
  isIdle(forMs: number): boolean {
    const idle = !this.#accepting && this.#state() === 'idle' && this.#unclosed.size === 0;
    if (!idle) this.#idleSinceMs = Date.now();
    return idle && Date.now() - this.#idleSinceMs >= forMs;
  }

  /** Ends session and recording; resolves when all is durable. */
  async close(): Promise<void> {
    this.#armed = false;
    this.#disarmed = true;
    this.#pull?.stop();
    await this.#session?.close('shutdown');
    this.#stopRecording();
    await this.#closing;
    await this.#unclosed.idle();
  }

  /**
   * Whether another publisher may take its place: one that was lost, as far as can be told, or that has
   * only claimed the name and given no sign of itself since. That one had to be allowed no more.
   */
  #mayReplace(session: WhipSession | WhepSession | undefined, right: PublishRight): boolean {
    if (session === undefined) return true;
    if (!(session instanceof WhipSession)) return false;
    if (this.#connected) return steadyNowUs() - session.heardUs > LOST_US;
    return session.heardUs === 0 && (right === 'all' || this.#right === 'stream');
  }

  async #subscribe({ url, token }: PullTarget, signal: AbortSignal): Promise<void> {
    const { settings, log, onFarewell } = this.#options;
    const { iceServers, webrtc, recorder } = settings;
    const { iceUdpAddrs: iceAddresses, icePortRange } = webrtc;
    const keepIncomplete = recorder.onLoss === 'keep';
    if (this.#session !== undefined) throw new Error('it is published here');
    const session = await WhepSession.connect(
      { url, ...(token !== undefined && { token }) },
      {
        iceServers,
        iceAddresses,
        ...(icePortRange && { icePortRange }),
        codecs: codecsNamed(recorder.codecs),
        keepIncomplete,
        onFarewell,
        log,
      },
      this.#sink(),
      signal,
    );
    this.#session = session;
  }

  #sink(): PublishSink {
    return {
      onConnected: () => this.#onConnected(),
      onClosed: (reason, error) => this.#onClosed(reason, error),
      onAccessUnit: (section: MediaSection, unit: AccessUnit) =>
        this.#recording?.accept(section.kind, unit),
      onSenderReport: (section: MediaSection, report: SenderReport) =>
        this.#recording?.report(section.kind, report),
      onTrackRestart: (section: MediaSection) => this.#recording?.restartTrack(section.kind),
      // A goodbye says that a source stops, not that the publisher leaves; the idle timer knows that.
      onGoodbye: (section: MediaSection) => this.#recording?.goodbye(section.kind),
    };
  }

  #onConnected(): void {
    const { stream, automatic, log } = this.#options;
    this.#connected = true;
    this.#publishedAtMs = Date.now();
    this.#connectedUs = steadyNowUs();
    this.#pull?.connected();
    log.info({ stream, ...(this.#pull && { node: this.#pull.node }) }, 'publisher connected');
    const isWanted = this.#armed || this.#pull !== undefined || automatic;
    if (isWanted && !this.#disarmed) this.#startRecording();
    else if (!this.#disarmed) this.#tellUnrecorded();
  }

  /** Once, not each time that its publisher comes back. */
  #tellUnrecorded(): void {
    if (this.#toldUnrecorded) return;
    this.#toldUnrecorded = true;
    const { stream, log } = this.#options;
    log.info({ stream }, 'published but not recorded: no pattern of auto_streams matches');
  }

  #onClosed(reason: CloseReason, error: Error | undefined): void {
    const { stream, log } = this.#options;
    this.#session = undefined;
    this.#connected = false;
    if (error) log.warn({ stream, reason, err: error }, 'publisher lost');
    else log.info({ stream, reason }, 'publisher left');
    if (reason === 'client' || reason === 'shutdown') this.#stopRecording();
    else this.#interrupt();
    this.#pull?.lost(error?.message ?? LOST_BECAUSE[reason]);
  }

  /** Keeps the record open for a publisher that was lost and may come back. */
  #interrupt(): void {
    const { settings } = this.#options;
    this.#recording?.detach();
    clearTimeout(this.#grace);
    this.#grace = setTimeout(
      () => this.#stopRecording(),
      settings.recorder.resumeGraceSeconds * 1000,
    );
  }

  #startRecording(): void {
    const session = this.#session;
    if (session === undefined) return;
    clearTimeout(this.#grace);
    this.#isPutOff = this.#recording === undefined && !this.#options.accepts();
    if (this.#isPutOff) {
      if (this.#failure !== NOT_ACCEPTED) {
        this.#options.log.error({ stream: this.#options.stream }, NOT_ACCEPTED);
      }
      this.#failure = NOT_ACCEPTED;
      return;
    }
    this.#recording ??= this.#newRecording();
    this.#attached = 0;
    this.#followCodecs(this.#recording);
  }

  /** Gives the recording the tracks of the session as soon as it is known which can be recorded. */
  #followCodecs(recording: Recording): void {
    const session = this.#session;
    if (session === undefined || !this.#connected) return;
    const sections = this.#recordableSections(session);
    if (sections === undefined || sections.length === this.#attached) return;
    this.#attached = sections.length;
    recording.attach(sections, () => session.requestKeyframe());
  }

  /**
   * The tracks to record. One of which only what cannot be recorded has come is none: silence would
   * pass for its sound.
   * @returns undefined while a server that agreed on both has sent neither, for a second: a Period
   * with a track that never comes would be left at once
   */
  #recordableSections(session: WhipSession | WhepSession): readonly MediaSection[] | undefined {
    if (!(session instanceof WhepSession)) return session.sections;
    const doubtful = session.sections.filter(({ kind }) => session.mayBeUnrecordable(kind));
    if (doubtful.length === 0) return session.sections;
    const others = session.unrecordable();
    const { tracks } = session.statistics().rtp ?? {};
    const left = doubtful.filter(({ mid }) => (tracks?.get(mid)?.accessUnits ?? 0) === 0);
    const isKnown = left.every(({ kind }) => others.some((other) => other.kind === kind));
    if (!isKnown) {
      const isEarly = steadyNowUs() - this.#connectedUs < CODEC_WAIT_US;
      return isEarly ? undefined : session.sections;
    }
    return session.sections.filter((section) => !left.includes(section));
  }

  #unrecordable(session: WhipSession | WhepSession | undefined) {
    return session instanceof WhepSession ? session.unrecordable() : [];
  }

  #newRecording(): Recording {
    const { stream, settings, log, onFact, remote, owners } = this.#options;
    this.#failure = undefined;
    this.#startedAtUs = steadyNowUs();
    this.#recordIds.tell();
    const left = this.#unclosed.leave(dayFolder(stream, this.#startedAtUs, this.#baseFolder));
    const recording = new Recording({
      stream,
      root: settings.root,
      baseFolder: this.#baseFolder,
      segmentSeconds: settings.recorder.segmentSeconds,
      onLoss: settings.recorder.onLoss,
      maxRecordingSeconds: settings.recorder.maxRecordingSeconds,
      after: Promise.all([this.#closing, left]).then(() => undefined),
      clock: this.#clock,
      notBefore: this.#end,
      now: steadyNowUs,
      nextRecordId: () => this.#recordIds.take(),
      onFact,
      onUnclosed: (folder, error) => {
        if (folder.path !== this.#recording?.folder) this.#unclosed.add(folder, error.message);
      },
      ...(remote && { remote }),
      ...(owners && { owners }),
      log,
    });
    log.info({ stream, folder: recording.folder }, 'recording');
    return recording;
  }

  #stopRecording(): void {
    const recording = this.#recording;
    clearTimeout(this.#grace);
    if (this.#failure === NOT_ACCEPTED) this.#failure = undefined;
    this.#isPutOff = false;
    if (recording === undefined) return;
    const { stream, log } = this.#options;
    this.#recording = undefined;
    const closed = recording.close().then(() => {
      this.#failure = recording.error;
      log.info({ stream, folder: recording.folder }, 'recording ended');
    });
    this.#end = recording.end;
    this.#closing = Promise.all([this.#closing, closed]).then(() => undefined);
    if (this.#armed) this.#recordIds.foresee();
  }

  #state(): StreamState {
    const recording = this.#recording;
    if (this.#error() !== undefined) return 'failed';
    if (recording !== undefined) {
      if (!this.#connected) return 'interrupted';
      const isWhole =
        recording.missing().length === 0 && this.#unrecordable(this.#session).length === 0;
      return isWhole ? 'recording' : 'degraded';
    }
    if (this.#connected) return 'live';
    if (this.#pull !== undefined) return 'connecting';
    return this.#armed ? 'waiting' : 'idle';
  }

  /** Why something cannot be written. */
  #error(): string | undefined {
    if (this.#recording !== undefined) return this.#recording.error ?? this.#failure;
    return this.#failure ?? this.#unclosed.error;
  }

  #place(): { recordDir: string; mpdPath: string } {
    const { stream } = this.#options;
    const recordDir = this.#recording?.folder ?? dayFolder(stream, steadyNowUs(), this.#baseFolder);
    return { recordDir, mpdPath: objectPath(recordDir, MANIFEST_NAME) };
  }

  #sessionOf(sessionId: string): WhipSession {
    const session = this.#session;
    if (session instanceof WhipSession && session.id === sessionId) return session;
    throw new Refusal('no-such-session', `no such session of stream "${this.#options.stream}"`);
  }
}

function recordingStatus(recording: Recording, startedAtUs: number) {
  const { timelineRestarts, dropped, latestPeriod, periods } = recording;
  const isPlayable = recording.manifest(recording.manifestPath) !== undefined;
  return {
    startedAtUs,
    isPlayable,
    timelineRestarts,
    ...(latestPeriod && { period: latestPeriod }),
    periods: { ...periods },
    droppedUnits: { ...dropped },
  };
}
