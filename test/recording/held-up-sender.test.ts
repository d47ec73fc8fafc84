import t, { type Test } from 'tap';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { FRAME_RATE } from '../publisher/clip.ts';
import { seededRandom } from '../rtp/packets.ts';
import { type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

/** Units a second. */
const RATES = { video: FRAME_RATE, audio: 50 };
/** What is sent tells at most so much of the future: the last picture, which lasts until the next, µs. */
const MOST_AHEAD_US = 100_000;

/** A sender is held up for so long, and then sends so much faster than in real time until it has caught up. */
interface HeldUp {
  at: number;
  seconds: number;
  speed: number;
}

/** When media is sent, s since the start. @param captured the same of its capture */
function sentAt(captured: number, times: readonly HeldUp[]): number {
  let sent = captured;
  for (const { at, seconds, speed } of times) {
    if (captured >= at) sent = Math.max(sent, at + seconds + (captured - at) / speed);
  }
  return sent;
}

/** Sends for some time; RTP timestamps are true, and reports tell when media was sent. */
async function send(
  t: Test,
  sentUs: (kind: TrackKind, index: number) => number,
  seconds: number,
  options: SimulatedOptions = {},
) {
  let most = Number.NEGATIVE_INFINITY;
  const publisher: SimulatedPublisher = new SimulatedPublisher(t, {
    ...{ videoReportUs: 300_000, audioReportUs: 500_000 },
    audioCaptureUs: (index) => sentUs('audio', index),
    videoCaptureUs: (index) => sentUs('video', index),
    ...options,
    recording: {
      onFact(fact) {
        if (fact.type !== 'segment') return;
        most = Math.max(most, fact.segment.endUs - publisher.nowUs);
      },
    },
  });
  await publisher.run(seconds);
  await publisher.recording.close();
  const lags = (['video', 'audio'] as const)
    .filter((kind) => options[kind] !== false)
    .map((kind) => publisher.nowUs - publisher.of(kind).at(-1)!.endUs);
  return { publisher, aheadUs: most, lags };
}

for (const [what, times] of Object.entries({
  'for 3 s, and catches up at twice the speed': [{ at: 5, seconds: 3, speed: 2 }],
  'for 3 s, four times': [5, 15, 25, 35].map((at) => ({ at, seconds: 3, speed: 2 })),
  'for 8 s, and catches up at ten times the speed': [{ at: 5, seconds: 8, speed: 10 }],
  'for 13 s, and catches up at twice the speed': [{ at: 5, seconds: 13, speed: 2 }],
  'for 3 s when it begins': [{ at: 0.2, seconds: 3, speed: 10 }],
})) {
  for (const kinds of ['video and audio', 'video', 'audio']) {
    t.test(`a sender of ${kinds} that is held up ${what}`, async (t) => {
      const { at, seconds, speed } = times.at(-1)!;
      const end = at + (seconds * speed) / (speed - 1) + 6;
      const { publisher, aheadUs, lags } = await send(
        t,
        (kind, index) => sentAt(index / RATES[kind], times) * 1e6,
        end,
        { video: kinds !== 'audio', audio: kinds !== 'video' },
      );
      t.ok(aheadUs < MOST_AHEAD_US, `no segment ends in the future: ${aheadUs} µs`);
      for (const lagUs of lags) {
        t.ok(Math.abs(lagUs) < MOST_AHEAD_US, `in time again: ${lagUs} µs late`);
      }
      t.equal(publisher.recording.dropped.late, 0, 'nothing comes too late');
    });
  }
}

t.test('a sender that gets a moment of its processor now and then', async (t) => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = seededRandom(seed);
    const moments = [{ from: 0, to: 5 }];
    for (let s = 5; s < 35; ) {
      s += random() < 0.1 ? random() * 13 : random() * 0.8;
      moments.push({ from: s, to: s + 0.01 + random() * 0.4 });
      s = moments.at(-1)!.to;
    }
    const over = moments.at(-1)!.to;
    moments.push({ from: over, to: Number.POSITIVE_INFINITY });
    const free = { video: 0, audio: 0 };
    const sent = { video: [] as number[], audio: [] as number[] };
    const { aheadUs, lags } = await send(
      t,
      (kind, index) => {
        for (let next = sent[kind].length; next <= index; next++) {
          const due = Math.max(next / RATES[kind], free[kind]);
          const moment = moments.find(({ to }) => due < to)!;
          const s = Math.max(due, moment.from);
          sent[kind].push(s * 1e6);
          // It sends at most four times faster than in real time.
          free[kind] = s + 0.25 / RATES[kind];
        }
        return sent[kind][index]!;
      },
      over + 15,
    );
    t.ok(aheadUs < 1e6, `no segment ends far in the future: ${aheadUs} µs`);
    t.ok(Math.abs(lags[0]! - lags[1]!) < MOST_AHEAD_US, `in step: ${lags}`);
  }
});

t.test('timestamps of both tracks that stood still for longer than a Period lives', async (t) => {
  const { aheadUs, lags } = await send(
    t,
    (kind, index) => {
      const s = index / RATES[kind];
      return (s < 5 ? s : s + 8) * 1e6;
    },
    25,
  );
  t.ok(aheadUs < MOST_AHEAD_US, `no segment ends in the future: ${aheadUs} µs`);
  for (const lagUs of lags) {
    t.ok(
      Math.abs(lagUs) < MOST_AHEAD_US,
      `what comes after it is placed where it came: ${lagUs} µs`,
    );
  }
});
