import { streamFolder } from '../layout/stream-folder.ts';
import { streamMatcher } from '../layout/stream-pattern.ts';
import type {
  PublishAccepted,
  PublishRight,
  Recorder,
  RecordingStarted,
  StreamStatus,
} from '../recorder.ts';
import { Refusal } from '../refusal.ts';
import type { PullPlan } from '../sources/pull-plan.ts';
import type { WorkerSettings } from '../workers/settings.ts';
import { StreamHost, type StreamHostOptions } from './stream-host.ts';

/** How often recordings look at the clock, ms. */
const TICK_MS = 250;
/** A stream about which nothing is left to say is forgotten after this, ms. */
const FORGET_MS = 60_000;

/** What a worker tells of its recordings. */
export type MediaEvents = Pick<StreamHostOptions, 'onFact' | 'onFarewell' | 'remote' | 'owners'>;

/** What a worker can be asked for: all that a recorder can, and to follow what other nodes have. */
export interface MediaCalls extends Omit<Recorder, 'armed' | 'disarm'> {
  /** Records a stream from one of the nodes that have it, or from others than before. */
  pull(plan: PullPlan): Promise<void>;
  /** No node has the stream at present, but it may come back. */
  hold(stream: string): Promise<void>;
  /**
   * Closes a day folder of the stream as soon as the disk takes that: one that its recorder left open
   * and that could not be closed so far.
   * @param dayUs any instant of its UTC day, µs since the Unix epoch
   */
  closeLater(stream: string, folder: string, dayUs: number): Promise<void>;
  /** The stream is not live any more; resolves when its record is closed. */
  release(stream: string): Promise<void>;
}

/** All streams of one worker thread. */
export class MediaHost implements MediaCalls {
  readonly #settings: WorkerSettings;
  readonly #log: StreamHostOptions['log'];
  readonly #events: MediaEvents;
  readonly #isAutomatic: (stream: string) => boolean;
  readonly #streams = new Map<string, StreamHost>();
  readonly #timer: NodeJS.Timeout;
  #accepts = true;
  #closed = false;

  constructor(settings: WorkerSettings, log: StreamHostOptions['log'], events: MediaEvents) {
    this.#settings = settings;
    this.#log = log;
    this.#events = events;
    this.#isAutomatic = streamMatcher(settings.autoStreams);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  publish(stream: string, offer: string, right: PublishRight = 'all'): Promise<PublishAccepted> {
    return this.#host(stream).publish(offer, right);
  }

  async trickle(
    stream: string,
    sessionId: string,
    fragment: string,
    ifMatch: string | undefined,
  ): Promise<{ fragment: string; etag: string } | undefined> {
    return this.#known(stream).trickle(sessionId, fragment, ifMatch);
  }

  async unpublish(stream: string, sessionId: string): Promise<void> {
    await this.#known(stream).unpublish(sessionId);
  }

  async start(stream: string, baseDir?: string): Promise<RecordingStarted> {
    return this.#host(stream).start(baseDir);
  }

  async stop(stream: string): Promise<void> {
    await this.#streams.get(stream)?.stop();
  }

  async pull(plan: PullPlan): Promise<void> {
    this.#host(plan.stream).pull(plan);
  }

  async hold(stream: string): Promise<void> {
    this.#streams.get(stream)?.hold();
  }

  async closeLater(stream: string, folder: string, dayUs: number): Promise<void> {
    this.#host(stream).closeLater(folder, dayUs);
  }

  async release(stream: string): Promise<void> {
    await this.#streams.get(stream)?.release();
  }

  async status(stream: string): Promise<StreamStatus> {
    return this.#streams.get(stream)?.status() ?? { stream, state: 'idle', tracks: [] };
  }

  async streams(): Promise<StreamStatus[]> {
    const statuses = [...this.#streams.values()].map((host) => host.status());
    return statuses.filter(({ state }) => state !== 'idle');
  }

  async liveManifest(path: string): Promise<string | undefined> {
    for (const host of this.#streams.values()) {
      const text = host.liveManifest(path);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  /** Whether recordings may begin: those that run go on in any case. */
  setAccepts(accepts: boolean): void {
    this.#accepts = accepts;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#streams.values()].map((host) => host.close()));
    clearInterval(this.#timer);
  }

  #host(stream: string): StreamHost {
    if (this.#closed) throw new Refusal('stopping', 'the recorder is stopping');
    let host = this.#streams.get(stream);
    if (host === undefined) {
      // Refuses ids that cannot be a folder before anything is set up for them.
      streamFolder(stream);
      host = new StreamHost({
        stream,
        settings: this.#settings,
        automatic: this.#isAutomatic(stream),
        accepts: () => this.#accepts,
        log: this.#log,
        ...this.#events,
      });
      this.#streams.set(stream, host);
    }
    return host;
  }

  #known(stream: string): StreamHost {
    const host = this.#streams.get(stream);
    if (host === undefined) throw new Refusal('no-such-stream', `no such stream "${stream}"`);
    return host;
  }

  #tick(): void {
    for (const [stream, host] of this.#streams) {
      host.tick();
      if (host.isIdle(FORGET_MS)) this.#streams.delete(stream);
    }
  }
}
