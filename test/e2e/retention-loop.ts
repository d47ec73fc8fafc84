import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import type { s3Storage } from '../server/bucket-storage.ts';
import { type SegmentRow, segmentPage } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { OldestSegmentsPlayer } from './oldest-segments-player.ts';

/** Least `grace_seconds`. */
const GRACE_SECONDS = 5;
/** Frames of each stream that a run of the recorder sees before it is killed, at least. */
const RUN_FRAMES = 40;
/** How long the recorder, its streams and its deletions may take on a busy machine, ms. */
const PATIENCE_MS = 240_000;
/** A start finishes what was interrupted within so long, ms. */
const START_WORK_MS = 400;

/** `[recorder.retention]` without `grace_seconds`. */
export interface LoopRules {
  max_age?: string;
  max_size?: string;
  min_free?: string;
  streams?: { match: string; max_age?: string; max_size?: string }[];
}

/** Options of a {@link RetentionLoop}. */
export interface RetentionLoopOptions {
  streams: number;
  kills: number;
  /** Each of them is in effect for an equal part of the kills. */
  rules: LoopRules[];
  /** A bucket; the disk by default. */
  storage?: ReturnType<typeof s3Storage>;
}

/** What was deleted of a stream by a rule, as the API tells it. */
interface Deleted {
  stream: string;
  reason: string;
  end_ts: number;
  segments: number;
}

/**
 * A recorder that is killed, its publishers and its players.
 *
 * Every other kill comes while all streams are recorded, at a random point of the marking of rows and
 * the rewriting of manifests, or of the deletion of files; the ones between come while the next start
 * finishes what was interrupted.
 */
export class RetentionLoop {
  readonly #t: Test;
  readonly #options: RetentionLoopOptions;
  #recorder!: RecorderProcess;
  #isDown = true;
  #starts = 0;
  /** Starts that found something half deleted. */
  #resumed = 0;
  #protected: string[] = [];
  readonly #deleted = new Map<string, number>();
  /** How long the latest request of each kind took, ms. */
  readonly #tookMs = { mark: 200, files: 200 };

  constructor(t: Test, options: RetentionLoopOptions) {
    this.#t = t;
    this.#options = options;
  }

  /** @returns the last recorder, in which nothing is being recorded or deleted any more */
  async run(): Promise<RecorderProcess> {
    const t = this.#t;
    const startedMs = performance.now();
    const stop = new AbortController();
    // Also when it fails: players would go on for ever.
    t.teardown(() => stop.abort());
    await this.#start(0);
    const players = ['cam0', 'cam1'].map((stream) => {
      const url = () => (this.#isDown ? undefined : this.#recorder.url);
      return new OldestSegmentsPlayer({ stream, url, validMs: GRACE_SECONDS * 1000 });
    });
    const playing = Promise.all(players.map((player) => player.play(stop.signal)));
    const { kills } = this.#options;
    for (let kill = 0; kill < kills; kill++) {
      if (kill % 2 === 0) await this.#killRecording(kill);
      else {
        await delay(Math.random() * START_WORK_MS);
        await this.#kill();
      }
      await this.#start(kill + 1);
      if (kill % 10 === 9) t.comment(`${kill + 1} kills, ${this.#summary(startedMs, players)}`);
    }
    const publishers = await this.#publishAll();
    await this.#sweep();
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    let gone = 0;
    await until(
      'something is deleted, and a dry run named something',
      async () => {
        gone += await this.#sweep();
        // A segment may become old enough just after the dry run, or the recorder be the first to delete it.
        return gone > 0 && this.#deleted.size > 0;
      },
      PATIENCE_MS,
    );
    stop.abort();
    await playing;
    await until(
      'nothing is being deleted',
      async () => (await this.#json('/api/retention')).leaving_segments === 0,
      PATIENCE_MS,
    );
    t.comment(`${kills} kills, ${this.#summary(startedMs, players)}`);
    for (const { missing, fetched, failures } of players) {
      t.same(missing, [], 'no player asked in vain');
      t.same(failures, [], 'and each reached the recorder');
      t.ok(fetched > 10, `it fetched ${fetched} segments`);
    }
    t.ok(this.#deleted.size > 0, 'dry runs named something');
    const left = new Set((await this.rows()).map((row) => row.path));
    for (const file of this.#protected) t.ok(left.has(file), `${file} is protected`);
    return this.#recorder;
  }

  /** All rows of the index. */
  async rows(): Promise<SegmentRow[]> {
    const rows: SegmentRow[] = [];
    for (let since = 0; ; ) {
      const page = await segmentPage(this.#recorder.url, { limit: 1000, since_ts: since });
      rows.push(...page.segments);
      if (!page.has_more) return rows;
      since = page.last_ts;
    }
  }

  async #start(kill: number): Promise<void> {
    const { storage, rules, kills } = this.#options;
    const at = Math.min(Math.floor((kill * rules.length) / kills), rules.length - 1);
    const root = this.#recorder?.root;
    this.#recorder = await startRecorder(this.#t, {
      segmentSeconds: 1,
      retention: { ...rules[at], grace_seconds: GRACE_SECONDS },
      startTimeoutMs: PATIENCE_MS,
      ...(storage && { storage }),
      ...(root !== undefined && { root }),
    });
    this.#isDown = false;
    this.#starts++;
    const { leaving_segments } = await this.#json('/api/retention');
    if (leaving_segments > 0) this.#resumed++;
  }

  async #kill(): Promise<void> {
    this.#isDown = true;
    await this.#recorder.kill();
  }

  /** Kills while all streams are recorded, in a phase of deletion that the number of the kill chooses. */
  async #killRecording(kill: number): Promise<void> {
    const publishers = await this.#publishAll();
    if (kill === 0) await this.#protect();
    const phase = kill % 4 === 0 ? 'mark' : 'files';
    if (phase === 'files') {
      await this.#sweep();
      await delay(GRACE_SECONDS * 1000);
    } else if (kill % 8 === 0) await this.#sweep();
    const startedMs = performance.now();
    const request = this.#json('/api/retention/sweep', 'POST').then(
      () => {
        this.#tookMs[phase] = performance.now() - startedMs;
      },
      (error: unknown) => {
        if (!this.#isDown) throw error;
      },
    );
    await delay(Math.random() * this.#tookMs[phase] * 1.2);
    await this.#kill();
    for (const publisher of publishers) publisher.vanish();
    await request;
  }

  async #publishAll(): Promise<WhipPublisher[]> {
    const publishers: WhipPublisher[] = [];
    for (let number = 0; number < this.#options.streams; number++) {
      const whipUrl = `${this.#recorder.url}/whip/cam${number}`;
      const publisher = await WhipPublisher.connect({ whipUrl });
      this.#t.teardown(() => publisher.vanish());
      publisher.start();
      publishers.push(publisher);
    }
    await until(
      'all streams are sent',
      () => publishers.every((publisher) => publisher.sent.videoFrames >= RUN_FRAMES),
      PATIENCE_MS,
    );
    return publishers;
  }

  async #protect(): Promise<void> {
    const [first] = await until('a segment', async () => {
      const rows = (await this.rows()).filter(({ stream }) => stream === 'cam0');
      return rows.length > 1 && rows;
    });
    const { start_ts, end_ts } = first!;
    const body = JSON.stringify({ stream: 'cam0', start_ts, end_ts, note: 'kept' });
    const headers = { 'Content-Type': 'application/json' };
    const reply = await fetch(`${this.#recorder.url}/api/protections`, {
      ...{ method: 'POST', headers, body },
    });
    this.#t.equal(reply.status, 201);
    this.#protected = [first!.path];
  }

  /** What a sweep deletes is what its dry run named. @returns the number of segments */
  async #sweep(): Promise<number> {
    let before: SegmentRow[];
    let named: Deleted[];
    let isUnchanged: boolean;
    do {
      // The recorder sweeps by itself too: what it deletes meanwhile cannot be told apart.
      before = await this.rows();
      named = (await this.#json('/api/retention/sweep?dry_run=true', 'POST')).deleted;
      const now = new Set((await this.rows()).map((row) => row.path));
      isUnchanged = before.every((row) => now.has(row.path));
    } while (!isUnchanged);
    await this.#json('/api/retention/sweep', 'POST');
    const after = new Set((await this.rows()).map((row) => row.path));
    const gone = before.filter((row) => !after.has(row.path));
    for (const { stream, end_ts, segments } of summed(named)) {
      // Time passes after the dry run, so later ones may be gone too.
      const own = gone.filter((row) => row.stream === stream && row.end_ts <= end_ts);
      if (own.length !== segments) {
        this.#t.equal(own.length, segments, `${stream}: ${segments} segments`);
      }
    }
    for (const { reason, segments } of named) {
      this.#deleted.set(reason, (this.#deleted.get(reason) ?? 0) + segments);
    }
    return gone.length;
  }

  // biome-ignore lint/suspicious/noExplicitAny: replies are checked where they are used
  async #json(address: string, method = 'GET'): Promise<any> {
    const reply = await fetch(this.#recorder.url + address, { method });
    if (reply.status !== 200) throw new Error(`${address}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  }

  #summary(startedMs: number, players: readonly OldestSegmentsPlayer[]): string {
    const deleted = [...this.#deleted].map(([reason, segments]) => `${segments} by ${reason}`);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    const fetched = sum(players.map((player) => player.fetched));
    const missing = sum(players.map((player) => player.missing.length));
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    return `${this.#starts} starts, ${this.#resumed} with deletions to finish, deleted ${deleted.join(', ')}; ${fetched} fetched, ${missing} missing; ${seconds} s`;
  }
}

/** The number of segments of each stream, and the end of the latest, over all reasons. */
function summed(deleted: readonly Deleted[]): Pick<Deleted, 'stream' | 'end_ts' | 'segments'>[] {
  return [...Map.groupBy(deleted, ({ stream }) => stream)].map(([stream, own]) => ({
    stream,
    end_ts: Math.max(...own.map(({ end_ts }) => end_ts)),
    segments: own.reduce((sum, { segments }) => sum + segments, 0),
  }));
}
