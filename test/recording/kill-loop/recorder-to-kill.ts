/**
 * A recorder that is killed: takes up what the one before left, then records streams of marked media
 * in real time, with the index and its journal, as the service does. Arguments: root, day (µs since
 * the Unix epoch; the clock's offset is such that it is this at the start), number of this run, codec of
 * the pictures and, but for H264, the file that has them.
 *
 * Says each line in one write, so that what the pipe holds is what had happened:
 * `recording`, `sent <stream> <pictures> <packets>` and `listed <created_at> <hash> <path>`.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { recoverAfterCrash } from '../../../src/day-folder/crash-recovery.ts';
import type { RecordingFact } from '../../../src/facts/recording-fact.ts';
import type { Segment } from '../../../src/facts/segment.ts';
import { Recording } from '../../../src/recording/recording.ts';
import { StreamClock } from '../../../src/recording/stream-clock.ts';
import type { MediaSection } from '../../../src/rtp/media-section.ts';
import { SegmentIndex } from '../../../src/segment-index/segment-index.ts';
import { JournalFeed } from '../../../src/workers/journal-feed.ts';
import { FRAME_RATE, videoFrames } from '../../publisher/clip.ts';
import { markedOpus, markedPicture } from '../marked-media.ts';
import { readPictures } from './pictures-file.ts';

/** One step of the clock; a machine that is busy makes it go slower, not in leaps. */
const STEP_US = 20_000;
/** After so many steps the clock waits for the disk: a slow one must not look like a loss. */
const STEPS_AHEAD = 5;

const [root, start, run, codec, file] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string?,
];
const say = (line: string) => writeSync(1, `${line}\n`);
const warn = (fields: object, message: string) => {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
};
const log = { info() {}, warn, error: warn };

let nowUs = Number(start);
const index = await SegmentIndex.open({
  journalPath: path.join(root, '.index', 'segments.jsonl'),
  nodeAlias: 'node',
  log: { warn() {} },
});
const feed = new JournalFeed<Segment>({
  put: async (segment) => {
    if (index.has(segment.path)) return;
    const createdAt = await index.add(segment);
    const bytes = readFileSync(path.join(root, segment.path));
    say(`listed ${createdAt} ${createHash('sha256').update(bytes).digest('hex')} ${segment.path}`);
  },
  name: ({ path }) => ({ path }),
  failure: 'a segment could not be added to the index',
  log,
});
const onFact = (fact: RecordingFact) => {
  if (fact.type === 'segment') feed.add(fact.segment);
};
await recoverAfterCrash({
  root,
  streamOf: () => undefined,
  isKnown: (path) => index.has(path),
  indexedUs: index.lastCreatedAt,
  nowUs,
  onFact,
  log,
});
await feed.idle();

const frames = file === undefined ? videoFrames('flash-and-beep.h264') : readPictures(file);
/** Marks are unique over all runs and tracks of a stream. */
const FIRST_MARK = Number(run) * 1_000_000;

class Stream {
  readonly #name: string;
  readonly #recording: Recording;
  readonly #startUs = nowUs;
  readonly #reportUs = Math.random() < 0.5 ? 0 : Number.POSITIVE_INFINITY;
  #pictures = 0;
  #packets = 0;

  constructor(name: string) {
    this.#name = name;
    this.#recording = new Recording({
      stream: name,
      root,
      baseFolder: '',
      segmentSeconds: 1,
      maxRecordingSeconds: 0,
      after: Promise.resolve(),
      clock: new StreamClock(),
      notBefore: 0,
      now: () => nowUs,
      nextRecordId: () => run,
      onFact,
      log,
    });
    this.#recording.attach([section('video'), section('audio')], () => {});
  }

  step(): void {
    while (this.#startUs + (this.#pictures / FRAME_RATE) * 1e6 <= nowUs) this.#sendPicture();
    while (this.#startUs + this.#packets * 20_000 <= nowUs) this.#sendSound();
    this.#recording.tick();
    say(`sent ${this.#name} ${this.#pictures} ${this.#packets}`);
  }

  /** Resolves when all chunks that are complete now are written. */
  written(): Promise<void> {
    return this.#recording.written();
  }

  #sendPicture(): void {
    const captureUs = this.#startUs + (this.#pictures / FRAME_RATE) * 1e6;
    const { keyframe, units } = frames[this.#pictures % frames.length]!;
    const rtpTimestamp = this.#pictures * (90_000 / FRAME_RATE);
    if (nowUs - this.#startUs >= this.#reportUs) {
      this.#recording.report('video', { ntpUs: captureUs, rtpTimestamp, arrivalUs: nowUs });
    }
    const parts = markedPicture(codec, units, FIRST_MARK + this.#pictures++);
    const discontinuity = false;
    const unit = {
      codec,
      rtpTimestamp,
      arrivalUs: nowUs,
      keyframe,
      discontinuity,
      parts,
    };
    this.#recording.accept('video', unit);
  }

  #sendSound(): void {
    const rtpTimestamp = this.#packets * 960;
    if (nowUs - this.#startUs >= this.#reportUs) {
      const ntpUs = this.#startUs + this.#packets * 20_000;
      this.#recording.report('audio', { ntpUs, rtpTimestamp, arrivalUs: nowUs });
    }
    const parts = [markedOpus(FIRST_MARK + this.#packets++)];
    const flags = { codec: 'opus', keyframe: true, discontinuity: false };
    this.#recording.accept('audio', { rtpTimestamp, arrivalUs: nowUs, ...flags, parts });
  }
}

function section(kind: 'video' | 'audio'): MediaSection {
  const name = kind === 'video' ? codec : 'opus';
  const clockRate = kind === 'video' ? 90_000 : 48_000;
  return {
    mid: kind,
    kind,
    formats: [{ payloadType: 96, codec: name, clockRate, parameters: {} }],
    extensions: {},
    ssrcs: [],
    retransmissionSsrcs: [],
    feedback: { nack: true, pli: true, fir: false, transportCc: true, remb: false },
  };
}

const streams = ['cam1', 'a/b'].map((name) => new Stream(name));
say('recording');
for (let step = 1; ; step++) {
  await delay(STEP_US / 1000);
  nowUs += STEP_US;
  for (const stream of streams) stream.step();
  if (step % STEPS_AHEAD === 0) await Promise.all(streams.map((stream) => stream.written()));
}
