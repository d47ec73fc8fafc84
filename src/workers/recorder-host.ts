import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { steadyNowUs } from '../clock/steady-clock.ts';
import type { Config } from '../config/config.ts';
import { closeAbandoned, recoverAfterCrash } from '../day-folder/crash-recovery.ts';
import { FolderOwners } from '../day-folder/folder-owners.ts';
import type { RecordFacts } from '../facts/record-facts.ts';
import { folderEnds } from '../index-rebuild/folder-ends.ts';
import { streamFolder } from '../layout/stream-folder.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type {
  ArmedStream,
  PublishAccepted,
  PublishRight,
  Recorder,
  RecordingStarted,
  StreamStatus,
} from '../recorder.ts';
import { Refusal } from '../refusal.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { PullPlan } from '../sources/pull-plan.ts';
import { Sources, type SourcesEvents } from '../sources/sources.ts';
import type { SpooledStore } from '../storage/spooled-store.ts';
import { ArmedStreams, type ArmState } from './armed-streams.ts';
import { FactSink } from './fact-sink.ts';
import { Farewells } from './farewells.ts';
import { LostStreams } from './lost-streams.ts';
import type { LogMessage } from './messages.ts';
import type { WorkerSettings } from './settings.ts';
import { SpareWorker } from './spare-worker.ts';
import { Uploads } from './uploads.ts';
import { WorkerLink } from './worker-link.ts';

/** A worker that died is replaced after this, so that one that cannot live takes no whole core, ms. */
const RESTART_MS = 500;

/** A worker that is to replace one that dies is started after this, ms. */
const SPARE_MS = 5000;

/** Logging as pino does it. */
export type HostLog = Record<LogMessage['level'], (fields: object, message: string) => void>;

/**
 * Closes what a crash left open, starts the media workers and returns the recorder that spreads
 * streams over them, and what it knows of other nodes.
 * @param bucket where recordings leave this disk for a store; its uploads are begun here, after what
 * a crash left was taken up and before anything is recorded
 * @param lock file name of this recorder's lock on the storage root
 * @throws what a worker died of; the file system's error
 */
export async function createRecorder(
  config: Config,
  index: SegmentIndex,
  catalogue: RecordCatalogue,
  log: HostLog,
  bucket?: SpooledStore,
  lock?: string,
): Promise<{ recorder: Recorder; sources: Sources }> {
  const { storage, segmentSeconds, maxRecordingSeconds, autoStreams, workers } = config.recorder;
  const { resumeGraceSeconds, onLoss, shard } = config.recorder;
  const root = storage.type === 'fs' ? storage.root : storage.spool.folder;
  const settings: WorkerSettings = {
    root,
    lock,
    isRemote: bucket !== undefined,
    segmentSeconds,
    onLoss,
    iceAddresses: config.webrtc.iceUdpAddrs,
    icePortRange: config.webrtc.icePortRange,
    autoStreams,
    maxRecordingSeconds,
    resumeGraceSeconds,
    iceServers: config.iceServers,
  };
  const remote = bucket && new Uploads(bucket, index, log);
  const facts = new FactSink(index, catalogue, remote, log);
  const streams = new Map(index.folders().map(({ folder, stream }) => [folder, stream]));
  const unclosed: [stream: string, folder: string, dayUs: number][] = [];
  await recoverAfterCrash({
    root,
    streamOf: (folder) => streams.get(folder),
    isKnown: (path) => index.has(path),
    indexedUs: index.lastCreatedAt,
    nowUs: steadyNowUs(),
    onFact: (fact) => facts.take(fact),
    onUnclosed: (...folder) => unclosed.push(folder),
    ...(remote && { remote }),
    ...(lock !== undefined && { owners: new FolderOwners(root, lock) }),
    log,
  });
  await facts.idle();
  await remote?.start();
  // Now that the index knows how far they came.
  const abandoned = await catalogue.completeAbandoned(folderEnds(index.folders()));
  if (abandoned > 0) log.warn({ records: abandoned }, 'ended the records that a crash left open');
  const { maxArmedStreams } = config.recorder;
  const host = new RecorderHost(settings, workers, index, facts, log, remote, maxArmedStreams);
  await host.ready();
  for (const [stream, folder, dayUs] of unclosed) host.closeLater(stream, folder, dayUs);
  const sources = new Sources({
    sources: config.recorder.sources,
    autoStreams,
    ...(shard && { shard }),
    resumeGraceMs: resumeGraceSeconds * 1000,
    log,
    events: host,
  });
  host.follow(sources);
  return { recorder: host, sources };
}

/**
 * The recorder of the main thread. A stream lives whole in one worker, so that media never crosses
 * threads: it stays with the worker that saw it first, for as long as that worker knows it.
 */
class RecorderHost implements Recorder, SourcesEvents {
  readonly #settings: WorkerSettings;
  readonly #log: HostLog;
  readonly #index: Pick<SegmentIndex, 'has'>;
  readonly #facts: FactSink;
  readonly #uploads: Uploads | undefined;
  readonly #links: WorkerLink[] = [];
  /** What was asked for by name; told again to a worker that had to be replaced. */
  readonly #armed: ArmedStreams;
  readonly #spare = new SpareWorker(() => this.#startWorker(), SPARE_MS);
  /** Worker number of each stream. */
  readonly #placed = new Map<string, number>();
  /** Records that go on, by stream. */
  readonly #active = new Map<string, RecordFacts>();
  /** What is pulled from other nodes; told again to a worker that had to be replaced. */
  readonly #plans = new Map<string, PullPlan>();
  /** Those of them that no node has at present; asking for one would make a node create it. */
  readonly #held = new Set<string>();
  /** Streams whose worker died, until what it had open is closed. */
  readonly #mending = new Map<string, Promise<void>>();
  readonly #lost = new LostStreams();
  #sources: Sources | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    settings: WorkerSettings,
    workers: number,
    index: Pick<SegmentIndex, 'has'>,
    facts: FactSink,
    log: HostLog,
    uploads: Uploads | undefined,
    maxArmedStreams: number,
  ) {
    this.#armed = new ArmedStreams(maxArmedStreams, () => this.#armStates());
    this.#uploads = uploads;
    this.#settings = settings;
    this.#log = log;
    this.#index = index;
    this.#facts = facts;
    for (let number = 0; number < workers; number++) this.#links.push(this.#startWorker());
    if (uploads) {
      uploads.onAccepts = (accepts) => {
        for (const link of this.#links) link.setAccepts(accepts);
      };
    }
  }

  /** Resolves when all workers take calls. @throws what one of them died of before that */
  async ready(): Promise<void> {
    try {
      await Promise.all(this.#links.map((link) => link.ready));
      this.#spare.prepare();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** See {@link import('../streams/media-host.ts').MediaCalls.closeLater}. */
  closeLater(stream: string, folder: string, dayUs: number): void {
    this.#call(stream, 'closeLater', stream, folder, dayUs).catch((err: unknown) => {
      this.#log.error({ err, stream, folder }, 'a recording stays open until the next start');
    });
  }

  /** Begins to record what other nodes have. */
  follow(sources: Sources): void {
    this.#sources = sources;
    sources.start();
  }

  onPull(plan: PullPlan): void {
    this.#held.delete(plan.stream);
    this.#plans.set(plan.stream, plan);
    this.#tell(plan.stream, 'pull', plan);
  }

  onHold(stream: string): void {
    this.#held.add(stream);
    this.#tell(stream, 'hold', stream);
  }

  onRelease(stream: string): void {
    this.#held.delete(stream);
    this.#plans.delete(stream);
    this.#tell(stream, 'release', stream);
  }

  publish(stream: string, offer: string, right: PublishRight = 'all'): Promise<PublishAccepted> {
    return this.#call(stream, 'publish', stream, offer, right) as Promise<PublishAccepted>;
  }

  trickle(
    stream: string,
    sessionId: string,
    fragment: string,
    ifMatch: string | undefined,
  ): Promise<{ fragment: string; etag: string } | undefined> {
    return this.#call(stream, 'trickle', stream, sessionId, fragment, ifMatch) as Promise<
      { fragment: string; etag: string } | undefined
    >;
  }

  async unpublish(stream: string, sessionId: string): Promise<void> {
    await this.#call(stream, 'unpublish', stream, sessionId);
    await this.#facts.idle();
  }

  async start(stream: string, baseDir?: string): Promise<RecordingStarted> {
    if (this.#uploads?.accepts === false && !(await this.#isRecording(stream))) {
      throw new Refusal(
        'spool-full',
        'too much waits for upload: nothing new is recorded until the store has taken some of it, see GET /api/storage',
      );
    }
    const started = await this.#armed.add(
      stream,
      baseDir,
      () => this.#isLive(stream),
      () => this.#call(stream, 'start', stream, baseDir),
    );
    this.#sources?.want(stream);
    return started as RecordingStarted;
  }

  async stop(stream: string): Promise<void> {
    this.#armed.delete(stream);
    this.#sources?.unwant(stream);
    this.#plans.delete(stream);
    this.#lost.delete(stream);
    if (!this.#placed.has(stream)) return;
    await this.#call(stream, 'stop', stream);
    await this.#facts.idle();
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
    const number = this.#placed.get(stream);
    if (number === undefined) return this.#lost.correct({ stream, state: 'idle', tracks: [] });
    if (!this.#links[number]!.isAlive) return this.#lost.interrupted(stream);
    return this.#lost.correct((await this.#call(stream, 'status', stream)) as StreamStatus);
  }

  async streams(): Promise<StreamStatus[]> {
    const all = await this.#askAll('streams');
    const statuses = this.#lost.complete((all as StreamStatus[][]).flat());
    const known = new Set(statuses.map(({ stream }) => stream));
    // Ids are the callers' choice: without this the map would grow for as long as we run.
    if (this.#placed.size > 2 * known.size + 1000) this.#forgetAllBut(known);
    return statuses.sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  async liveManifest(path: string): Promise<string | undefined> {
    const texts = await this.#askAll('liveManifest', path);
    return texts.find((text) => text !== undefined) as string | undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    await this.#sources?.close();
    await Promise.all([this.#spare.close(), ...this.#links.map((link) => link.close())]);
    await this.#facts.close();
  }

  /** A call that nobody waits for. */
  #tell(stream: string, ...call: Parameters<WorkerLink['call']>): void {
    this.#call(stream, ...call).catch((err: unknown) => {
      // A worker that died is told again; a name that cannot be a folder never can be.
      this.#log.warn({ err, stream }, 'a stream of another node cannot be followed');
    });
  }

  #call(stream: string, ...call: Parameters<WorkerLink['call']>): Promise<unknown> {
    const mending = this.#mending.get(stream);
    if (mending !== undefined) return mending.then(() => this.#call(stream, ...call));
    let number = this.#placed.get(stream);
    if (number === undefined) {
      try {
        streamFolder(stream);
      } catch (error) {
        return Promise.reject(error);
      }
      number = this.#leastLoaded();
      this.#placed.set(stream, number);
    }
    return this.#links[number]!.call(...call);
  }

  /** Answers of all workers but those that are being started anew, whose streams are gone. */
  #askAll(...call: Parameters<WorkerLink['call']>): Promise<unknown[]> {
    const links = this.#links.filter((link) => link.isAlive);
    return Promise.all(links.map((link) => link.call(...call)));
  }

  async #isRecording(stream: string): Promise<boolean> {
    return (await this.status(stream)).recordId !== undefined;
  }

  async #armStates(): Promise<(stream: string) => ArmState> {
    const statuses = new Map((await this.streams()).map((status) => [status.stream, status]));
    return (stream) => {
      // Told again as soon as its new worker lives.
      if (this.#mending.has(stream)) return 'recorded';
      const status = statuses.get(stream);
      if (!status?.isArmed) return 'over';
      const { publishedAtMs, startedAtUs, source } = status;
      const isIdle =
        publishedAtMs === undefined && startedAtUs === undefined && source === undefined;
      return isIdle ? 'waiting' : 'recorded';
    };
  }

  async #isLive(stream: string): Promise<boolean> {
    if (this.#sources?.has(stream)) return true;
    return (await this.status(stream)).publishedAtMs !== undefined;
  }

  #leastLoaded(): number {
    const load = this.#links.map((link) => (link.isAlive ? 0 : Number.POSITIVE_INFINITY));
    for (const number of this.#placed.values()) load[number]!++;
    return load.indexOf(Math.min(...load));
  }

  #forgetAllBut(streams: Set<string>): void {
    for (const stream of this.#placed.keys()) {
      if (!streams.has(stream)) this.#placed.delete(stream);
    }
  }

  #noteActive(record: RecordFacts): void {
    if (record.status === 'Active') this.#active.set(record.stream, record);
    else this.#active.delete(record.stream);
  }

  #startWorker(): WorkerLink {
    const uploads = this.#uploads;
    const farewells = new Farewells();
    const link = new WorkerLink(this.#settings, {
      onFact: (fact) => {
        if (fact.type === 'record') this.#noteActive(fact.record);
        this.#facts.take(fact);
      },
      onAskStored: async ({ folder, hasManifest }) => uploads?.stored(folder, hasManifest),
      onLog: ({ level, fields, message }) => this.#log[level](fields, message),
      onFarewell: ({ sessionId, farewell }) => farewells.note(sessionId, farewell),
      onDeath: (error) => {
        const told = this.#sayFarewells(farewells);
        const number = this.#links.indexOf(link);
        this.#log.error({ err: error, worker: number }, 'media worker died, starting another');
        if (number < 0) this.#spare.take();
        else if (this.#closing === undefined) void this.#replaceWorker(number, told);
      },
    });
    if (uploads?.accepts === false) link.setAccepts(false);
    return link;
  }

  /**
   * Closes what a worker that died had open, and starts another in its place meanwhile. Until then its
   * streams stay where they are and wait, so that nobody else writes into the same folders. All are
   * closed at once: with fifty of them one after another would take seconds.
   * @param told until then the ports of its sessions may be taken
   */
  async #replaceWorker(number: number, told: Promise<void>): Promise<void> {
    const streams = [...this.#placed].filter(([, at]) => at === number).map(([stream]) => stream);
    const replaced = this.#startAgain(number);
    for (const stream of streams) {
      const mended = Promise.all([this.#closeAbandoned(stream), replaced, told]).then(
        ([unclosed]) => {
          this.#mending.delete(stream);
          this.#placed.delete(stream);
          if (unclosed !== undefined) this.closeLater(...unclosed);
        },
      );
      this.#mending.set(stream, mended);
    }
    await Promise.all(
      streams.flatMap((stream) => [this.#pullAgain(stream), this.#armAgain(stream)]),
    );
  }

  /** Else publishers would go on sending to nobody until their ICE gives up. */
  async #sayFarewells(farewells: Farewells): Promise<void> {
    const sessions = farewells.size;
    if (sessions === 0) return;
    const told = await farewells.say();
    this.#log.warn({ sessions, told }, 'told the other sides of the sessions of a dead worker');
  }

  async #startAgain(number: number): Promise<void> {
    const spare = this.#spare.take();
    if (spare === undefined) await delay(RESTART_MS, undefined, { ref: false });
    if (this.#closing !== undefined) return void (await spare?.close());
    this.#links[number] = spare ?? this.#startWorker();
    if (this.#uploads) this.#links[number].setAccepts(this.#uploads.accepts);
  }

  /** What a worker was told of armed streams went with it. */
  async #armAgain(stream: string): Promise<void> {
    await this.#mending.get(stream);
    const arm = this.#armed.get(stream);
    if (arm === undefined || this.#closing !== undefined) return;
    this.#tell(stream, 'start', stream, arm.baseDir);
  }

  async #pullAgain(stream: string): Promise<void> {
    await this.#mending.get(stream);
    const plan = this.#plans.get(stream);
    if (plan === undefined || this.#held.has(stream) || this.#closing !== undefined) return;
    this.#tell(stream, 'pull', plan);
  }

  /** @returns what to call {@link RecorderHost.closeLater} with where it cannot be closed now */
  async #closeAbandoned(stream: string) {
    const record = this.#active.get(stream);
    if (record === undefined) return undefined;
    this.#active.delete(stream);
    this.#lost.add(stream);
    let unclosed: Parameters<RecorderHost['closeLater']> | undefined;
    let endUs = record.startUs;
    const { root, lock } = this.#settings;
    await closeAbandoned(path.posix.dirname(record.mpdPath), record.startUs, {
      root,
      streamOf: () => stream,
      isKnown: (path) => this.#index.has(path),
      indexedUs: 0,
      nowUs: steadyNowUs(),
      onFact: (fact) => {
        if (fact.type === 'segment') endUs = Math.max(endUs, fact.segment.endUs);
        this.#facts.take(fact);
      },
      onUnclosed: (...folder) => {
        unclosed = folder;
      },
      ...(this.#uploads && { remote: this.#uploads }),
      ...(lock !== undefined && { owners: new FolderOwners(root, lock) }),
      log: this.#log,
    });
    this.#facts.take({ type: 'record', record: { ...record, endUs, status: 'Failed' } });
    return unclosed;
  }
}
