import path from 'node:path';
import t, { type Test } from 'tap';
import type { RecordFacts } from '../../src/facts/record-facts.ts';
import type { Segment } from '../../src/facts/segment.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { Recording } from '../../src/recording/recording.ts';
import { StreamClock } from '../../src/recording/stream-clock.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { videoFrames } from '../publisher/clip.ts';
import { seededRandom } from '../rtp/packets.ts';
import { repeat } from '../thoroughness.ts';
import { markedOpus, markedSei, readMarks } from './marked-media.ts';
import { NOON_US, section } from './simulated-publisher.ts';

const HOUR_US = 3600e6;
const HOURS = 48;
const RECONNECTS = 40;
/** Every other session is a short one with sound and many pictures: what happens, happens there. */
const BUSY_US = repeat(40e6, 20e6);
/** How long before that the slow publisher sends. */
const QUIET_US = repeat(1800e6, 300e6);
/**
 * A record ends at midnight in any case, so that 24 hours could not be told from it; with this, records
 * begin at noon, 22:00, midnight, 10:00, 20:00, midnight and 10:00.
 */
const RECORD_SECONDS = 10 * 3600;
const KINDS = ['video', 'audio'] as const;
/**
 * They decide where the sender's clocks begin: with 21 a picture once began a tick before the end of the
 * one before it. `TWO_DAYS_SEED=1,2,3` is for others.
 */
const SEEDS = process.env.TWO_DAYS_SEED?.split(',').map(Number) ?? repeat([21, 4], [4]);

const [keyframe] = videoFrames('flash-and-beep.h264');
const [, delta] = videoFrames('flash-and-beep.h264');

/** A publisher over its many sessions, whose every unit carries a number of its own. */
class Publisher {
  readonly sent = { video: 0, audio: 0 };
  readonly recording: Recording;
  readonly #random: () => number;
  nowUs: number;
  #connectedUs = 0;
  #pictureUs = 0;
  #packetUs = 0;
  #tickUs: number;
  #sinceKeyframe = 0;
  #isBusy = false;
  /** What the sender takes for the time at which it connected, and where its timestamps begin. */
  #senderUs = 0;
  #timestamps = { video: 0, audio: 0 };
  #driftPpm = 0;

  constructor(seed: number, recording: (now: () => number) => Recording, startUs: number) {
    this.#random = seededRandom(seed);
    this.nowUs = startUs;
    this.#tickUs = startUs;
    this.recording = recording(() => this.nowUs);
  }

  /** @param isBusy 25 pictures a second and sound; else a picture every four seconds */
  connect(isBusy: boolean, driftPpm: number): void {
    this.#isBusy = isBusy;
    this.#driftPpm = driftPpm;
    this.#connectedUs = this.nowUs;
    this.#pictureUs = this.nowUs;
    this.#packetUs = this.nowUs;
    this.#sinceKeyframe = Number.POSITIVE_INFINITY;
    this.#senderUs = this.#random() * 4e15;
    this.#timestamps = { video: this.#random32(), audio: this.#random32() };
    const sections = isBusy ? [section('video'), section('audio')] : [section('video')];
    this.recording.attach(sections, () => {
      this.#sinceKeyframe = Number.POSITIVE_INFINITY;
    });
  }

  disconnect(): void {
    this.recording.detach();
  }

  /** The sender's wall clock goes years ahead, and its timestamps 26 hours. */
  leap(): void {
    this.#senderUs += 3 * 365 * 24 * HOUR_US;
    this.#timestamps.video += 26 * 3600 * 90_000;
    this.#timestamps.audio += 26 * 3600 * 48_000;
  }

  /** Lets time pass while it sends, or while nobody does. */
  async run(untilUs: number, isConnected = true): Promise<void> {
    for (let ticks = 0; ; ) {
      const pictureUs = isConnected ? this.#pictureUs : Number.POSITIVE_INFINITY;
      const packetUs = isConnected && this.#isBusy ? this.#packetUs : Number.POSITIVE_INFINITY;
      const nextUs = Math.min(pictureUs, packetUs, this.#tickUs);
      if (nextUs > untilUs) break;
      this.nowUs = nextUs;
      if (nextUs === this.#tickUs) {
        this.#tickUs += this.#isBusy && isConnected ? 250_000 : 1e6;
        this.recording.tick();
        if (++ticks % 50 === 0) await this.recording.written();
      } else if (nextUs === pictureUs) this.#sendPicture();
      else this.#sendSound();
    }
    this.nowUs = untilUs;
  }

  #sendPicture(): void {
    const isKeyframe = this.#sinceKeyframe >= (this.#isBusy ? 50 : 15);
    const { units } = isKeyframe ? keyframe! : delta!;
    this.#sinceKeyframe = isKeyframe ? 1 : this.#sinceKeyframe + 1;
    const parts = [...units.slice(0, -1), markedSei(this.sent.video++), units.at(-1)!];
    this.#send('video', isKeyframe, parts);
    this.#pictureUs += this.#isBusy ? 40_000 : 4e6;
  }

  #sendSound(): void {
    this.#send('audio', true, [markedOpus(this.sent.audio++)]);
    this.#packetUs += 20_000;
  }

  #send(kind: TrackKind, isKeyframe: boolean, parts: Buffer[]): void {
    const elapsedUs = this.nowUs - this.#connectedUs;
    const rate = (kind === 'video' ? 90_000 : 48_000) * (1 + this.#driftPpm / 1e6);
    const ticks = this.#timestamps[kind] + Math.round((elapsedUs / 1e6) * rate);
    const codec = kind === 'video' ? 'h264' : 'opus';
    const unit = { codec, rtpTimestamp: ticks % 2 ** 32, arrivalUs: this.nowUs };
    this.recording.accept(kind, { ...unit, keyframe: isKeyframe, discontinuity: false, parts });
    const { rtpTimestamp, arrivalUs } = unit;
    this.recording.report(kind, { ntpUs: this.#senderUs + elapsedUs, rtpTimestamp, arrivalUs });
  }

  #random32(): number {
    return Math.floor(this.#random() * 2 ** 32);
  }
}

for (const seed of SEEDS) {
  t.test(`every frame of two days is accounted for, TWO_DAYS_SEED=${seed}`, (t) =>
    account(t, seed),
  );
}

async function account(t: Test, seed: number): Promise<void> {
  const root = path.join(t.testdir({}), 'recordings');
  const segments: Segment[] = [];
  const records: RecordFacts[] = [];
  const log: string[] = [];
  const line = (_fields: object, message: string) => log.push(message);
  const publisher = new Publisher(
    seed,
    (now) =>
      new Recording({
        stream: 'cam1',
        root,
        baseFolder: '',
        segmentSeconds: 60,
        maxRecordingSeconds: RECORD_SECONDS,
        after: Promise.resolve(),
        clock: new StreamClock(),
        notBefore: 0,
        now,
        nextRecordId: () => String(1_772_625_600 + records.length),
        onFact: (fact) => {
          if (fact.type === 'segment') segments.push(fact.segment);
          else if (fact.type === 'record') records.push(fact.record);
        },
        log: { info() {}, warn: line, error: line },
      }),
    NOON_US,
  );
  const { recording } = publisher;
  const endUs = NOON_US + HOURS * HOUR_US;
  // Where something is to happen while sound and many pictures come: rotations, midnights, a leap.
  const events = [10, 12, 22, 30, 32, 36, 46].map((hours) => NOON_US + hours * HOUR_US);
  const leapUs = NOON_US + 30 * HOUR_US;
  const busy = [...events];
  for (let i = 1; busy.length < RECONNECTS / 2; i++) busy.push(NOON_US + i * 3.45 * HOUR_US);
  for (const [i, eventUs] of busy.sort((a, b) => a - b).entries()) {
    const driftPpm = [200, -200, 0][i % 3]!;
    if (i > 0) await publisher.run(Math.max(publisher.nowUs, eventUs - QUIET_US), false);
    publisher.connect(false, driftPpm);
    await publisher.run(eventUs - BUSY_US / 2);
    publisher.disconnect();
    // Some come back at once, some after a while.
    if (i % 2 === 0) await publisher.run(publisher.nowUs + 3e6 * (i % 4), false);
    publisher.connect(true, driftPpm);
    await publisher.run(eventUs);
    if (eventUs === leapUs) publisher.leap();
    await publisher.run(eventUs + BUSY_US / 2);
    publisher.disconnect();
  }
  await publisher.run(Math.max(publisher.nowUs, endUs - QUIET_US), false);
  publisher.connect(false, 0);
  await publisher.run(endUs);
  await recording.close();

  const folders = ['04', '05', '06'].map((day) => path.join(root, 'cam1/2026/03', day));
  for (const folder of folders) {
    const { findings } = await verifyRecording(folder);
    t.same(
      findings.filter(({ damage }) => damage),
      [],
      `${folder.slice(-10)} is whole`,
    );
  }
  for (const kind of KINDS) {
    const marks: number[] = [];
    for (const folder of folders) marks.push(...(await readMarks(folder, kind)));
    t.equal(new Set(marks).size, marks.length, `no ${kind} is recorded twice`);
    t.same(
      marks,
      marks.toSorted((a, b) => a - b),
      'nor out of order',
    );
    publisher.sent[kind] -= marks.length;
  }
  // What a leap costs: pictures up to the next keyframe. What is left over was counted.
  t.equal(publisher.sent.video + publisher.sent.audio, recording.dropped.total, 'all are counted');
  t.ok(recording.dropped.total < 100, `${JSON.stringify(recording.dropped)} dropped`);
  t.equal(recording.timelineRestarts, 2, 'the leap of both tracks');

  for (const kind of KINDS) {
    const ofKind = segments.filter((segment) => segment.kind === kind);
    for (const [i, { startUs, endUs: end, path: file }] of ofKind.entries()) {
      if (i > 0 && startUs < ofKind[i - 1]!.endUs) t.fail(`${file} overlaps the one before`);
      const day = new Date(startUs / 1000).toISOString().slice(0, 10).replaceAll('-', '/');
      if (!file.includes(day)) t.fail(`${file} begins on ${day}`);
      if (end - startUs > 190e6) t.fail(`${file} lasts for ${(end - startUs) / 1e6} s`);
    }
  }
  const lastUs = Math.max(...segments.map((segment) => segment.endUs));
  t.ok(Math.abs(lastUs - endUs) < 4.1e6, `ends ${(lastUs - endUs) / 1e6} s off`);
  const ended = records.filter(({ status }) => status === 'Completed');
  t.same(
    ended.map(({ startUs }) => Math.round(((startUs - NOON_US) / HOUR_US) * 100) / 100),
    [0, 10, 12, 22, 32, 36, 46],
    'a record at each midnight and rotation',
  );
  for (const [i, { startUs }] of ended.entries()) {
    if (i > 0) t.equal(startUs, ended[i - 1]!.endUs, 'without a gap');
  }
  t.same(new Set(log), new Set(['timestamps jump, new Period']));
}
