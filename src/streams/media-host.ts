import { streamFolder } from '../layout/stream-folder.ts';
import { streamMatcher } from '../layout/stream-pattern.ts';
import type { StreamStatus, ThreadLoad, UdpPortFigures } from '../recorder.ts';
import { Refusal } from '../refusal.ts';
import type { PullPlan } from '../sources/pull-plan.ts';
import type { CallHandlers, LeftFolder, OfStream, Reply, Request } from './calls.ts';
import { StreamHost, type StreamHostOptions } from './stream-host.ts';
import { ThreadLoadMeter } from './thread-load.ts';

/** Interval at which recordings check the clock, ms. */
const TICK_MS = 250;
/** A stream that has been idle for this long is forgotten, ms. */
const FORGET_MS = 60_000;

/** What all streams of a worker share. */
export interface MediaHostOptions
  extends Omit<StreamHostOptions, 'stream' | 'automatic' | 'accepts'> {
  /** Figures of the UDP port that all sessions share, if they do. */
  udpPort?(): Promise<UdpPortFigures | undefined>;
}

/** All streams of one worker thread. */
export class MediaHost implements CallHandlers {
  readonly #options: MediaHostOptions;
  #isAutomatic: (stream: string) => boolean;
  readonly #streams = new Map<string, StreamHost>();
  readonly #load = new ThreadLoadMeter();
  readonly #timer: NodeJS.Timeout;
  #accepts = true;
  #closed = false;

  constructor(options: MediaHostOptions) {
    this.#options = options;
    this.#isAutomatic = streamMatcher(options.settings.recorder.autoStreams);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  publish({ stream, offer, right }: Request<'publish'>): Promise<Reply<'publish'>> {
    return this.#host(stream).publish(offer, right);
  }

  async trickle(request: Request<'trickle'>): Promise<Reply<'trickle'>> {
    const { stream, sessionId, fragment, ifMatch } = request;
    return this.#known(stream).trickle(sessionId, fragment, ifMatch);
  }

  async unpublish({ stream, sessionId }: Request<'unpublish'>): Promise<undefined> {
    await this.#known(stream).unpublish(sessionId);
  }

  async start({ stream, baseDir }: Request<'start'>): Promise<Reply<'start'>> {
    return this.#host(stream).start(baseDir);
  }

  async stop({ stream }: OfStream): Promise<undefined> {
    await this.#streams.get(stream)?.stop();
  }

  async pull(plan: PullPlan): Promise<undefined> {
    this.#host(plan.stream).pull(plan);
  }

  async hold({ stream }: OfStream): Promise<undefined> {
    this.#streams.get(stream)?.hold();
  }

  async closeLater({ stream, folder, dayUs }: LeftFolder): Promise<undefined> {
    this.#host(stream).closeLater(folder, dayUs);
  }

  forget({ stream, folder, dayUs, numbers }: Request<'forget'>): Promise<Reply<'forget'>> {
    return this.#host(stream).forget(folder, dayUs, numbers);
  }

  removeFolder({ stream, folder }: LeftFolder): Promise<boolean> {
    return this.#host(stream).removeFolder(folder);
  }

  async release({ stream }: OfStream): Promise<undefined> {
    await this.#streams.get(stream)?.release();
  }

  async status({ stream }: OfStream): Promise<StreamStatus> {
    return this.#streams.get(stream)?.status() ?? { stream, state: 'idle', tracks: [] };
  }

  async streams(): Promise<StreamStatus[]> {
    const statuses = [...this.#streams.values()].map((host) => host.status());
    return statuses.filter(({ state }) => state !== 'idle');
  }

  /** Whether there is, or recently was, anything to do with a stream. */
  get hasStreams(): boolean {
    return this.#streams.size > 0;
  }

  async load(): Promise<ThreadLoad> {
    const udpPort = await this.#options.udpPort?.();
    return { ...this.#load.read(), ...(udpPort && { udpPort }) };
  }

  async liveManifest({ stream, path }: Request<'liveManifest'>): Promise<string | undefined> {
    return this.#streams.get(stream)?.liveManifest(path);
  }

  /** Sets whether new recordings may begin; running recordings continue in any case. */
  setAccepts(accepts: boolean): void {
    this.#accepts = accepts;
  }

  /** Sets the patterns of the streams that are recorded automatically. */
  setAutoStreams(patterns: readonly string[]): void {
    this.#isAutomatic = streamMatcher(patterns);
    for (const [stream, host] of this.#streams) host.setAutomatic(this.#isAutomatic(stream));
  }

  async close(): Promise<undefined> {
    this.#closed = true;
    await Promise.all([...this.#streams.values()].map((host) => host.close()));
    clearInterval(this.#timer);
  }

  #host(stream: string): StreamHost {
    if (this.#closed) throw new Refusal('stopping', 'the recorder is stopping');
    let host = this.#streams.get(stream);
    if (host === undefined) {
      // Refuses an id that cannot be a folder name before anything is created for it.
      streamFolder(stream);
      host = new StreamHost({
        ...this.#options,
        stream,
        automatic: this.#isAutomatic(stream),
        accepts: () => this.#accepts,
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
