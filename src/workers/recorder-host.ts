import type { Config } from '../config/config.ts';
import { FolderOwners } from '../day-folder/folder-owners.ts';
import type { ForgottenSegments } from '../day-folder/forgotten-segments.ts';
import type {
  ArmedStream,
  PublishAccepted,
  PublishRight,
  Recorder,
  RecordingStarted,
  StreamStatus,
  ThreadLoad,
} from '../recorder.ts';
import { Refusal } from '../refusal.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { Sources, SourcesEvents } from '../sources/sources.ts';
import type { LeftFolder, Request, StreamCallName } from '../streams/calls.ts';
import type { ThreadLog } from '../streams/messages.ts';
import type { WorkerSettings } from '../streams/worker-settings.ts';
import { ArmedStreams, type ArmState } from './armed-streams.ts';
import type { FactSink } from './fact-sink.ts';
import { LostStreams } from './lost-streams.ts';
import { closeLeftRecord, OpenRecords } from './open-records.ts';
import { PulledStreams } from './pulled-streams.ts';
import type { Uploads } from './uploads.ts';
import { WorkerLink } from './worker-link.ts';
import { WorkerPool } from './worker-pool.ts';

/** Options of a {@link RecorderHost}. */
export interface RecorderHostOptions {
  settings: WorkerSettings;
  index: Pick<SegmentIndex, 'has'>;
  /** Receives the facts of all recordings. */
  facts: FactSink;
  /** Present if files are moved from this disk to a store. */
  uploads: Uploads | undefined;
  log: ThreadLog;
}

/**
 * The recorder, in the main thread: distributes streams over the workers and keeps what must
 * survive the death of a worker.
 */
export class RecorderHost implements Recorder {
  onIndexed: ((seconds: number) => void) | undefined;
  readonly #options: RecorderHostOptions;
  readonly #workers: WorkerPool;
  /** Streams requested by name; sent again to a replacement worker. */
  readonly #armed: ArmedStreams;
  readonly #pulled: PulledStreams;
  readonly #records = new OpenRecords();
  /** Folders, by stream, that a dead worker left open and that cannot be closed yet. */
  readonly #unclosed = new Map<string, LeftFolder>();
  readonly #lost = new LostStreams();
  #sources: Sources | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RecorderHostOptions) {
    this.#options = options;
    const { settings, uploads, log, facts } = options;
    facts.onIndexed = (seconds) => this.onIndexed?.(seconds);
    const { workers, maxArmedStreams } = settings.recorder;
    this.#armed = new ArmedStreams(maxArmedStreams, () => this.#armStates());
    this.#pulled = new PulledStreams({
      pull: (plan) => this.#tell('pull', plan),
      hold: (stream) => this.#tell('hold', { stream }),
      release: (stream) => this.#tell('release', { stream }),
    });
    this.#workers = new WorkerPool({
      workers,
      start: (events) =>
        new WorkerLink(settings, {
          onFact: (fact) => {
            this.#records.take(fact);
            facts.take(fact);
          },
          onAskStored: async ({ folder, hasManifest }) => uploads?.stored(folder, hasManifest),
          onLog: ({ level, fields, message }) => log[level](fields, message),
          ...events,
        }),
      closeAbandoned: (stream) => this.#closeAbandoned(stream),
      onMended: (stream) => this.#resume(stream),
      log,
    });
    if (uploads) {
      this.#workers.setAccepts(uploads.accepts);
      uploads.onAccepts = (accepts) => this.#workers.setAccepts(accepts);
    }
  }

  /**
   * Resolves when all workers are ready for calls. @throws the error that ended a worker before
   * that
   */
  ready(): Promise<void> {
    return this.#workers.ready();
  }

  /** Receives the events of other nodes. */
  get pulls(): SourcesEvents {
    return this.#pulled;
  }

  /** Begins to record the streams of other nodes. */
  follow(sources: Sources): void {
    this.#sources = sources;
    sources.start();
  }

  /** Changes which streams are recorded automatically, and the nodes that they are pulled from. */
  apply({ autoStreams, sources }: Pick<Config['recorder'], 'autoStreams' | 'sources'>): void {
    this.#workers.setAutoStreams(autoStreams);
    this.#sources?.apply({ autoStreams, sources });
  }

  /** See {@link import('../streams/calls.ts').Calls.closeLater}. */
  closeLater(left: LeftFolder): void {
    this.#workers.call('closeLater', left).catch((err: unknown) => {
      const { stream, folder } = left;
      this.#options.log.error(
        { err, stream, folder },
        'a recording stays open until the next start',
      );
    });
  }

  /** See {@link import('../streams/calls.ts').Calls.forget}. */
  forget(request: Request<'forget'>): Promise<ForgottenSegments> {
    return this.#workers.call('forget', request);
  }

  /** See {@link import('../streams/calls.ts').Calls.removeFolder}. */
  removeFolder(request: LeftFolder): Promise<boolean> {
    return this.#workers.call('removeFolder', request);
  }

  publish(stream: string, offer: string, right: PublishRight = 'all'): Promise<PublishAccepted> {
    return this.#workers.call('publish', { stream, offer, right });
  }

  trickle(
    stream: string,
    sessionId: string,
    fragment: string,
    ifMatch: string | undefined,
  ): Promise<{ fragment: string; etag: string } | undefined> {
    return this.#workers.call('trickle', { stream, sessionId, fragment, ifMatch });
  }

  async unpublish(stream: string, sessionId: string): Promise<void> {
    await this.#workers.call('unpublish', { stream, sessionId });
    await this.#options.facts.idle();
  }

  async start(stream: string, baseDir?: string): Promise<RecordingStarted> {
    const { uploads } = this.#options;
    if (uploads?.accepts === false && !(await this.#isRecording(stream))) {
      throw new Refusal(
        'spool-full',
        'too much data waits for upload: no recording begins until the store has accepted some of it, see GET /api/storage',
      );
    }
    const started = await this.#armed.add(
      stream,
      baseDir,
      () => this.#isLive(stream),
      () => this.#workers.call('start', { stream, baseDir }),
    );
    this.#sources?.want(stream);
    return started;
  }

  async stop(stream: string): Promise<void> {
    this.#armed.delete(stream);
    this.#sources?.unwant(stream);
    this.#pulled.delete(stream);
    this.#lost.delete(stream);
    if (this.#workers.whereIs(stream) === 'none') return;
    await this.#workers.call('stop', { stream });
    await this.#options.facts.idle();
  }

  async armed(): Promise<ArmedStream[]> {
    return this.#armed.list();
  }

  async disarm(beforeMs = Number.POSITIVE_INFINITY): Promise<number> {
    const armed = await this.#armed.list();
    const waiting = armed.filter((each) => each.isWaiting && each.armedAtMs < beforeMs);
    await Promise.all(waiting.map(({ stream }) => this.stop(stream)));
    return waiting.length;
  }

  async status(stream: string): Promise<StreamStatus> {
    switch (this.#workers.whereIs(stream)) {
      case 'none':
        return this.#lost.correct({ stream, state: 'idle', tracks: [] });
      case 'lost':
        return this.#lost.interrupted(stream);
      case 'placed':
        return this.#lost.correct(await this.#workers.call('status', { stream }));
    }
  }

  async streams(): Promise<StreamStatus[]> {
    const all = await this.#workers.askAll('streams', {});
    const statuses = this.#lost.complete(all.flat());
    this.#workers.forgetAllBut(new Set(statuses.map(({ stream }) => stream)));
    return statuses.sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  workers(): { alive: number; of: number } {
    return this.#workers.alive;
  }

  loads(): Promise<[number, ThreadLoad][]> {
    return this.#workers.loads();
  }

  async liveManifest(path: string): Promise<string | undefined> {
    const stream = this.#records.streamOf(path);
    if (stream === undefined) return undefined;
    try {
      return await this.#workers.call('liveManifest', { stream, path });
    } catch (error) {
      // Its folder is being closed, so the file is as recent as a manifest can be.
      if (error instanceof Refusal && error.reason === 'worker-lost') return undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    await this.#sources?.close();
    await this.#workers.close();
    await this.#options.facts.close();
  }

  /** Makes a call without awaiting its result. */
  #tell<N extends StreamCallName>(name: N, request: Request<N>): void {
    this.#workers.call(name, request).catch((err: unknown) => {
      const { stream } = request;
      // A replacement worker is told again; only an id that can never be a folder name is worth a
      // warning.
      this.#options.log.warn({ err, stream }, 'cannot pull a stream of another node');
    });
  }

  async #isRecording(stream: string): Promise<boolean> {
    return (await this.status(stream)).recordId !== undefined;
  }

  async #isLive(stream: string): Promise<boolean> {
    if (this.#sources?.has(stream)) return true;
    return (await this.status(stream)).publishedAtMs !== undefined;
  }

  async #armStates(): Promise<(stream: string) => ArmState> {
    const statuses = new Map((await this.streams()).map((status) => [status.stream, status]));
    return (stream) => {
      // The request is sent again when the replacement worker is ready.
      if (this.#workers.isMending(stream)) return 'recorded';
      const status = statuses.get(stream);
      if (!status?.isArmed) return 'over';
      const { publishedAtMs, startedAtUs, source } = status;
      const isIdle =
        publishedAtMs === undefined && startedAtUs === undefined && source === undefined;
      return isIdle ? 'waiting' : 'recorded';
    };
  }

  async #closeAbandoned(stream: string): Promise<void> {
    const open = this.#records.remove(stream);
    if (open === undefined) return;
    this.#lost.add(stream);
    const { settings, index, facts, uploads, log } = this.#options;
    const { root, lock } = settings;
    const unclosed = await closeLeftRecord(
      open,
      {
        root,
        isKnown: (path) => index.has(path),
        ...(uploads && { remote: uploads }),
        ...(lock !== undefined && { owners: new FolderOwners(root, lock) }),
        log,
      },
      (fact) => facts.take(fact),
    );
    if (unclosed) this.#unclosed.set(stream, unclosed);
  }

  /** A replacement worker must be told everything about the stream again. */
  #resume(stream: string): void {
    const unclosed = this.#unclosed.get(stream);
    this.#unclosed.delete(stream);
    if (unclosed) this.closeLater(unclosed);
    if (this.#closing !== undefined) return;
    this.#pulled.repeat(stream);
    const arm = this.#armed.get(stream);
    if (arm) this.#tell('start', { stream, baseDir: arm.baseDir });
  }
}
