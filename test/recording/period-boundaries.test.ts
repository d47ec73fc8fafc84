import t, { type Test } from 'tap';
import { videoCodec } from '../../src/codecs/registry.ts';
import { toTicks } from '../../src/media/media-time.ts';
import { Timescale } from '../../src/media/timescale.ts';
import { StreamClock, TrackWallClock } from '../../src/recording/stream-clock.ts';
import { seededRandom } from '../rtp/packets.ts';
import { repeat } from '../thoroughness.ts';
import { NOON_US, type SimulatedFrame, SimulatedPublisher } from './simulated-publisher.ts';

const BEFORE_MIDNIGHT_US = NOON_US + 12 * 3600e6 - 4e6;

/** No segment begins on the wall clock before the end of the one before. */
function checkOrder(t: Test, publisher: SimulatedPublisher): void {
  for (const kind of ['video', 'audio'] as const) {
    const segments = publisher.of(kind);
    const early = segments.slice(1).filter(({ startUs }, i) => startUs < segments[i]!.endUs);
    t.same(early, [], `${kind} in order`);
  }
}

t.test(
  'black pictures end before the picture begins that comes after a loss of sound',
  async (t) => {
    const random = seededRandom(5);
    for (let i = 0; i < repeat(20, 4); i++) {
      const startUs = NOON_US + Math.floor(random() * 1e6);
      const publisher = new SimulatedPublisher(t, { startUs, videoReportUs: 0, audioReportUs: 0 });
      await publisher.run(3);
      await publisher.run(8 + random(), (kind) => kind === 'video' && 'never sent');
      await publisher.run(0.3 + random(), () => 'never sent');
      await publisher.run(0.2, (kind) => kind === 'audio');
      await publisher.run(2.5);
      await publisher.recording.close();
      t.equal(publisher.recording.periods['picture-started'], 1);
      checkOrder(t, publisher);
    }
  },
);

t.test('late reports do not move a picture into the black ones before it', async (t) => {
  const publisher = new SimulatedPublisher(t, {
    videoReportUs: 15e6,
    audioReportUs: 0,
    videoDelayUs: 300_000,
  });
  await publisher.run(5);
  publisher.recording.restartTrack('video');
  await publisher.run(6.4, (kind) => kind === 'video' && 'never sent');
  await publisher.run(8);
  await publisher.recording.close();
  t.equal(publisher.recording.periods['picture-started'], 1);
  checkOrder(t, publisher);
});

t.test('WebM of one day ends where that of the next begins', async (t) => {
  const parts = videoCodec('vp8').blank(undefined)!.parts(0);
  const frames: SimulatedFrame[] = [{ keyframe: true, units: [...parts], codec: 'vp8' }];
  const random = seededRandom(7);
  for (let i = 0; i < repeat(30, 15); i++) {
    const startUs = BEFORE_MIDNIGHT_US + Math.floor(random() * 1e6);
    const clock = steered(startUs, random() * 0.4e6);
    const publisher = new SimulatedPublisher(t, {
      startUs,
      frames,
      audio: false,
      recording: { clock },
    });
    await publisher.run(6);
    await publisher.recording.close();
    t.equal(publisher.recording.periods.midnight, 1);
    checkOrder(t, publisher);
  }
});

t.test('an instant is the same one in the files of each folder', async (t) => {
  const random = seededRandom(9);
  for (let i = 0; i < repeat(5000, 500); i++) {
    const us = NOON_US + Math.floor(random() * 1e9);
    const clock = steered(us, random() * 1e6);
    const rebases = ['04', '05'].map((day) => clock.enter(day, toTicks(us + random() * 1e6)));
    for (const perSecond of [90_000, 48_000, 8000, 1000]) {
      const timescale = new Timescale(perSecond);
      const time = timescale.at(us);
      const places = rebases.map((rebase) => {
        return new TrackWallClock(clock, timescale, rebase).us(timescale.ofTicks(time + rebase));
      });
      if (places[0] !== places[1]) t.same(places[0], places[1], `${perSecond} a second`);
    }
  }
});

/** A clock that is being corrected. @param errorUs wall clock minus media time */
function steered(nowUs: number, errorUs: number): StreamClock {
  const clock = new StreamClock();
  for (let us = nowUs - 600e6; us <= nowUs; us += 10e6) clock.steer(us, errorUs);
  return clock;
}
