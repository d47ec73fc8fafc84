import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { steadyNowUs } from './clock/steady-clock.ts';
import type { Config } from './config/config.ts';
import { urlHost } from './config/listen-address.ts';
import { ConfigReload } from './config-reload.ts';
import { deletionEvent } from './events/deletion-events.ts';
import { diskEvent } from './events/disk-events.ts';
import { EventLog, eventJournalPath } from './events/event-log.ts';
import { StorageEvents } from './events/storage-events.ts';
import { FreeSpaceWatch, freeSpace } from './files/free-space.ts';
import type { JournalLock } from './files/process-lock.ts';
import { SpaceReserve } from './files/space-reserve.ts';
import { lockForRecorder } from './files/storage-root-lock.ts';
import type { RequestTracing } from './http/request-tracing.ts';
import { IndexLife } from './index-rebuild/index-life.ts';
import { ownPath } from './layout/own-folder.ts';
import type { Recorder } from './recorder.ts';
import { filesOnDisk } from './retention/deletable-files.ts';
import { filesInBucket } from './retention/files-in-bucket.ts';
import { MediaRetention } from './retention/media-retention.ts';
import { MissingObjects } from './retention/missing-objects.ts';
import { Protections } from './retention/protections.ts';
import { deletesAnything } from './retention/retention-rules.ts';
import { type ObjectStore, openFolder } from './storage/object-store.ts';
import { folderReader, joinedReader, storeReader } from './storage/recordings-reader.ts';
import { markSpool } from './storage/spool-mark.ts';
import { SpooledStore } from './storage/spooled-store.ts';
import { Webhooks, webhookFolder } from './webhooks/webhooks.ts';
import { createRecorder } from './workers/create-recorder.ts';

/** How long open replies may take when the service stops, ms. */
const REPLY_GRACE_MS = 3000;
/** How long a deletion in progress may take, ms. */
const RETENTION_GRACE_MS = 1000;
/** How long the index may take to close, ms. */
const INDEX_GRACE_MS = 1000;

/** Options of {@link Service.start}. */
export interface ServiceOptions {
  /** Lets requests reach the application; listens as configured by default. */
  serve?: (app: FastifyInstance) => Promise<void>;
  /** Reads the configuration again. @throws ConfigError */
  load?: () => Promise<Config>;
  /** Follows requests; absent if they are not traced. */
  tracing?: RequestTracing | undefined;
  /** Gives up the start when it is aborted: what was opened by then is closed. */
  signal?: AbortSignal;
}

/** The parts of a running service. */
interface Parts {
  app: FastifyInstance;
  recorder: Recorder;
  indexLife: IndexLife;
  store: ObjectStore;
  rootLock: JournalLock;
  space: FreeSpaceWatch;
  events: EventLog;
  webhooks: Webhooks;
  storageEvents: StorageEvents | undefined;
  retention: MediaRetention;
  configReload: ConfigReload | undefined;
  missing: MissingObjects | undefined;
}

/** The whole program except its command line: starts every part, and stops it. */
export class Service {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Starts recording and listening.
   * @throws Error that says why it cannot start, or the reason why it was aborted; then nothing is left
   * running
   */
  static async start(
    config: Config,
    log: FastifyBaseLogger,
    { serve = (app) => listen(app, config.http), load, tracing, signal }: ServiceOptions = {},
  ): Promise<Service> {
    signal?.throwIfAborted();
    const store = await openStorage(config, log);
    const closers = [async () => store.bucket?.close()];
    try {
      signal?.throwIfAborted();
      const { indexPath, nodeAlias, indexRetentionDays, resumeGraceSeconds } = config.recorder;
      const hasRules = deletesAnything(config.recorder.retention);
      const indexLife = await IndexLife.open({
        indexPath,
        nodeAlias,
        retentionDays: indexRetentionDays,
        isForDeletion: hasRules,
        resumeGraceSeconds,
        log,
      });
      closers.unshift(() => indexLife.close());
      signal?.throwIfAborted();
      // Recorders with separate indexes can share a folder, but not a spool.
      const lockedFor = store.bucket === undefined ? indexPath : store.root;
      const rootLock = await lockForRecorder(store.root, lockedFor, log);
      closers.unshift(() => rootLock.release());
      if (store.bucket) await markSpool(store.root, store.bucket.store.name);
      const events = await EventLog.open({
        path: eventJournalPath(indexPath),
        node: nodeAlias,
        log,
      });
      closers.unshift(() => events.close());
      const webhooks = await Webhooks.open({
        webhooks: config.recorder.webhooks,
        folder: webhookFolder(indexPath),
        node: nodeAlias,
        log,
      });
      closers.unshift(() => webhooks.close());
      events.listen(webhooks.take);
      const eventsWritten = async () => {
        await Promise.all([events.written(), webhooks.written()]);
      };
      const { diskWarnings } = config.recorder;
      const space = new FreeSpaceWatch(store.root, log, undefined, undefined, diskWarnings);
      closers.unshift(async () => space.stop());
      const disk = store.bucket === undefined ? 'recordings' : 'spool';
      space.onChange = (change) => diskEvent(events.emit, disk, change);
      await space.start();
      const onDisk = folderReader(store.root);
      await indexLife.prepare(onDisk);
      signal?.throwIfAborted();
      const { index: segmentIndex, catalogue: recordCatalogue } = indexLife;
      const { recorder, sources, folders, apply } = await createRecorder(
        config,
        segmentIndex,
        recordCatalogue,
        log,
        store.bucket,
        rootLock.name,
        {
          emit: events.emit,
          written: eventsWritten,
        },
        () => import('./app.ts'),
      );
      closers.unshift(() => recorder.close());
      signal?.throwIfAborted();
      const { bucket } = store;
      const retention = new MediaRetention({
        index: segmentIndex,
        catalogue: recordCatalogue,
        protections: await Protections.open(indexPath),
        rules: config.recorder.retention,
        editor: folders,
        files: bucket ? filesInBucket(bucket) : filesOnDisk(store.root),
        freeSpace: () => freeSpace(store.root),
        reserve: new SpaceReserve(ownPath(store.root, 'reserve')),
        ...(!hasRules && {
          completeIndex: () => indexLife.keepRows(),
        }),
        segmentSeconds: config.recorder.segmentSeconds,
        onDeleted: (report) => deletionEvent(events.emit, report),
        reported: eventsWritten,
        now: steadyNowUs,
        log,
      });
      closers.unshift(() => retention.stop());
      const configReload =
        load &&
        new ConfigReload({
          live: config,
          load,
          log,
          apply: async (next) => {
            // The only one that can fail goes first.
            await webhooks.apply(next.recorder.webhooks);
            apply(next.recorder);
            retention.apply(next.recorder.retention);
            space.setMarks(next.recorder.diskWarnings);
            log.level = next.log.level;
            // Clients come back, with tokens that are valid now.
            if (!isDeepStrictEqual(next.auth, config.auth)) app.eventStreams.endAll();
          },
        });
      const missing = bucket && missingFrom(bucket, indexLife, retention, log);
      closers.unshift(async () => missing?.stop());
      const { buildApp } = await import('./app.ts');
      const app = await buildApp({
        config,
        recorder,
        retention,
        sources,
        segmentIndex,
        recordCatalogue,
        store,
        events,
        webhooks,
        disk: space,
        indexState: indexLife,
        ...(configReload && { reloadConfig: () => configReload.run() }),
        tracing,
        log,
      });
      closers.unshift(() => app.close());
      signal?.throwIfAborted();
      await serve(app);
      indexLife.start({
        reader: bucket ? joinedReader(onDisk, storeReader(bucket.store)) : onDisk,
        isWaiting: (path) => bucket?.uploaded(path) === false,
      });
      const storageEvents =
        bucket && new StorageEvents(bucket.store.name, () => bucket.state(), events.emit);
      storageEvents?.start();
      void startRetention(retention, indexLife, hasRules, log);
      missing?.start();
      return new Service({
        app,
        recorder,
        indexLife,
        store,
        rootLock,
        space,
        events,
        webhooks,
        storageEvents,
        retention,
        configReload,
        missing,
      });
    } catch (error) {
      for (const close of closers) await close();
      throw error;
    }
  }

  /** The port on which the service listens. */
  get port(): number {
    const address = this.#parts.app.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /**
   * Reads the configuration again.
   * @throws Refusal `bad-configuration`: then nothing has changed, and it is logged
   */
  async reloadConfig(): Promise<void> {
    await this.#parts.configReload?.run();
  }

  /**
   * Refuses further requests, closes all recordings, uploads as much as possible within a few
   * seconds, then closes the index and the catalogue.
   * @throws AggregateError with all errors, after every part was stopped
   */
  async stop(): Promise<void> {
    const { recorder, indexLife, store, rootLock, space, events, webhooks } = this.#parts;
    space.stop();
    this.#parts.storageEvents?.stop();
    // Before the workers, which change manifests for it; a store that does not respond is not waited
    // for, because what is half done is finished at the next start.
    const { retention, missing } = this.#parts;
    const retired = Promise.all([retention.stop(), missing?.stop()]);
    await Promise.race([retired, delay(RETENTION_GRACE_MS)]);
    const results = await Promise.allSettled([this.#closeApp(), recorder.close()]);
    results.push(...(await Promise.allSettled([store.bucket?.close()])));
    // Closed last, because the recorder adds its last segments and records while it closes. The
    // content of the journals is durable in any case, so a bucket that does not respond to the
    // index is not waited for.
    const closed = Promise.allSettled([indexLife.close(), webhooks.close(), events.close()]);
    results.push(...(await Promise.race([closed, delay(INDEX_GRACE_MS, [])])));
    results.push(...(await Promise.allSettled([rootLock.release()])));
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as Error] : [],
    );
    if (errors.length > 0) throw new AggregateError(errors, 'the service did not stop cleanly');
  }

  async #closeApp(): Promise<void> {
    const timer = setTimeout(() => this.#parts.app.server.closeAllConnections(), REPLY_GRACE_MS);
    try {
      await this.#parts.app.close();
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Finds what something else deletes from a bucket. */
function missingFrom(
  bucket: SpooledStore,
  { index }: IndexLife,
  retention: MediaRetention,
  log: FastifyBaseLogger,
): MissingObjects {
  return new MissingObjects({
    ...{ index, store: bucket.store, log },
    isUploaded: (path) => bucket.uploaded(path) !== false,
    remove: (some) => retention.deleteMissing(some),
  });
}

/** Deletes nothing by rules before the index knows all recordings: the oldest have to go first. */
async function startRetention(
  retention: MediaRetention,
  indexLife: IndexLife,
  hasRules: boolean,
  log: FastifyBaseLogger,
): Promise<void> {
  await retention.work();
  // The first rules of a reload wait for the index by themselves.
  if ((await indexLife.completed) || !hasRules) retention.start();
  else if (indexLife.isOpen) {
    log.error({}, 'no recordings are deleted by rules, because the index lacks some of them');
  }
}

async function openStorage(config: Config, log: FastifyBaseLogger): Promise<ObjectStore> {
  const { storage, offline } = config.recorder;
  if (storage.type === 'fs') return openFolder(storage, log);
  const bucket = await SpooledStore.open({ config: storage, offline, log });
  return { root: bucket.root, bucket };
}

async function listen(app: FastifyInstance, { host, port }: Config['http']): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` });
  } catch (error) {
    const address = `${urlHost(host)}:${port}`;
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EADDRINUSE':
        throw new Error(`${address} is in use by another program; choose with --listen HOST:PORT`);
      case 'EACCES':
        throw new Error(`this user may not listen on ${address}; choose another port`);
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new Error(`${address} is not an address of this machine; see --listen HOST:PORT`);
      default:
        throw error;
    }
  }
}
