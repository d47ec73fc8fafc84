import type {
  ArmedStream,
  PublishAccepted,
  Recorder,
  RecordingStarted,
  StreamStatus,
  ThreadLoad,
} from '../../src/recorder.ts';
import { Refusal } from '../../src/refusal.ts';

/** What the stand-in was asked, in order: the method's name and its arguments. */
export type Call = [method: string, ...args: unknown[]];

/** A recorder without media: remembers what it is asked and answers what RFC 9725 lets it. */
export class RecorderStandIn implements Recorder {
  readonly calls: Call[] = [];
  readonly statuses = new Map<string, StreamStatus>();
  readonly manifests = new Map<string, string>();
  /** Streams that a start waits for. */
  readonly waiting = new Set<string>();
  /** Thrown by the next call, once. */
  failure: Error | undefined;

  async publish(stream: string, offer: string): Promise<PublishAccepted> {
    this.#note('publish', stream, offer);
    if (this.statuses.get(stream)?.sessionId !== undefined) {
      throw new Refusal('published-already', `the stream "${stream}" has a publisher already`);
    }
    this.statuses.set(stream, {
      stream,
      state: 'live',
      publishedAtMs: 1753315199500,
      sessionId: 's 1',
      tracks: [
        {
          kind: 'video',
          codec: 'avc1.42e01f',
          figures: {
            packets_received: 1,
            packets_lost: 2,
            packets_recovered: 3,
            packets_restored: 0,
            packets_dropped: 4,
            access_units: 5,
            access_units_broken: 8,
            keyframes: 6,
            concealed_ms: 10,
            nacks_sent: 11,
            plis_sent: 12,
            bytes: 7,
          },
        },
      ],
    });
    return { sessionId: 's 1', answer: 'v=0\r\nanswer\r\n', etag: 'e1' };
  }

  async trickle(stream: string, sessionId: string, fragment: string, ifMatch: string | undefined) {
    this.#note('trickle', stream, sessionId, fragment, ifMatch);
    if (ifMatch === 'stale') throw new Refusal('stale-entity-tag', 'this ICE session is over');
    return ifMatch === '*' ? { fragment: 'a=ice-ufrag:new\r\n', etag: 'e2' } : undefined;
  }

  async unpublish(stream: string, sessionId: string): Promise<void> {
    this.#note('unpublish', stream, sessionId);
    if (this.statuses.get(stream)?.sessionId !== sessionId) {
      throw new Refusal('no-such-session', 'no such session');
    }
    this.statuses.delete(stream);
  }

  async start(stream: string, baseDir?: string): Promise<RecordingStarted> {
    this.#note('start', stream, baseDir);
    const recordDir = `${baseDir === undefined ? '' : `${baseDir}/`}${stream}/2025/07/24`;
    this.statuses.set(stream, {
      stream,
      state: 'recording',
      recordId: '1753315200',
      recordDir,
      mpdPath: `${recordDir}/manifest.mpd`,
      startedAtUs: 1753315200000000,
      tracks: [],
    });
    return {
      stream,
      recordId: '1753315200',
      recordDir,
      mpdPath: `${recordDir}/manifest.mpd`,
      isWaiting: this.waiting.has(stream),
    };
  }

  async stop(stream: string): Promise<void> {
    this.#note('stop', stream);
    this.statuses.delete(stream);
  }

  onIndexed: ((seconds: number) => void) | undefined;

  /** What {@link workers} says. */
  alive = { alive: 2, of: 2 };

  workers() {
    return this.alive;
  }

  async armed(): Promise<ArmedStream[]> {
    this.#note('armed');
    return [{ stream: 'cam1', armedAtMs: 1753315200000, isWaiting: true }];
  }

  async disarm(beforeMs?: number): Promise<number> {
    this.#note('disarm', beforeMs);
    return 1;
  }

  async status(stream: string): Promise<StreamStatus> {
    this.#note('status', stream);
    return this.statuses.get(stream) ?? { stream, state: 'idle', tracks: [] };
  }

  async streams(): Promise<StreamStatus[]> {
    this.#note('streams');
    return [...this.statuses.values()];
  }

  async loads(): Promise<[number, ThreadLoad][]> {
    this.#note('loads');
    const delays = { delayP50Seconds: 0.001, delayP99Seconds: 0.02, delayMaxSeconds: 0.3 };
    const udpPort = { strangers: 7, dropped: 5 };
    return [[0, { userSeconds: 2, systemSeconds: 1, ...delays, udpPort }]];
  }

  async liveManifest(path: string): Promise<string | undefined> {
    this.#note('liveManifest', path);
    return this.manifests.get(path);
  }

  async close(): Promise<void> {
    this.#note('close');
  }

  #note(...call: Call): void {
    this.calls.push(call);
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }
}
