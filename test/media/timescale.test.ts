import t from 'tap';
import {
  TICKS_PER_SECOND,
  type Ticks,
  type TrackTicks,
  toTicks,
  toUs,
  type Us,
} from '../../src/media/media-time.ts';
import { Timescale } from '../../src/media/timescale.ts';

/** 2100-01-01: later than anything that is recorded. */
const LATE_SECOND = 4_102_444_800;

t.test('all that tracks count in is whole ticks, for as long as anybody records', async (t) => {
  for (const perSecond of [90_000, 48_000, 16_000, 8_000, 1_000]) {
    const timescale = new Timescale(perSecond);
    for (const own of [0, 1, perSecond - 1, LATE_SECOND * perSecond + 1]) {
      const ticks = timescale.toTicks(own);
      t.ok(Number.isSafeInteger(ticks));
      t.equal(timescale.ofTicks(ticks), own, `${own} of ${perSecond} there and back`);
      t.equal(timescale.round(ticks), ticks);
      t.equal(timescale.ceil(ticks), ticks);
    }
  }
});

t.test('times of one track become the nearest ones that another can express', async (t) => {
  const video = new Timescale(90_000);
  const audio = new Timescale(48_000);
  t.equal(video.ofTicks(audio.toTicks(48_000 * 3)), 90_000 * 3);
  t.equal(video.round(audio.toTicks(1)), video.toTicks(2), '1.875');
  t.equal(video.round(audio.toTicks(3)), video.toTicks(6), '5.625');
  t.equal(audio.round(video.toTicks(1)), audio.toTicks(1), '0.533');
  t.equal(audio.ceil(video.toTicks(2)), audio.toTicks(2), '1.067');
  t.equal(audio.round(video.toTicks(2)), audio.toTicks(1));
});

t.test('instants in µs become the nearest time of a track', async (t) => {
  const sound = new Timescale(8_000);
  t.equal(sound.at(1_000_000), TICKS_PER_SECOND);
  t.equal(sound.at(1_000_062), TICKS_PER_SECOND);
  t.equal(sound.at(1_000_063), TICKS_PER_SECOND + sound.step);
  t.equal(toUs(TICKS_PER_SECOND), 1e6);
  t.equal(toTicks(1e6), TICKS_PER_SECOND);
});

t.test('a timescale that media time cannot express is refused', async (t) => {
  for (const perSecond of [44_100, 0, -1, Number.NaN, 1_440_000]) {
    t.throws(() => new Timescale(perSecond), {
      name: 'RangeError',
      message: `a timescale of ${perSecond} does not divide 720000`,
    });
  }
});

t.test('a time in one unit is not taken for one in another', async (t) => {
  const ticks: Ticks = 5;
  const us: Us = 5;
  const own: TrackTicks = 5;
  const timescale = new Timescale(48_000);
  // Checked by `npm run typecheck`: a line below that did compile would be an error there.
  // @ts-expect-error µs are no ticks
  toUs(us);
  // @ts-expect-error ticks are no µs
  toTicks(ticks);
  // @ts-expect-error nor are the track's own
  toTicks(own);
  // @ts-expect-error µs are no instant of media time
  timescale.round(us);
  // @ts-expect-error ticks are no µs
  timescale.at(ticks);
  // @ts-expect-error ticks of media time are not the track's own
  timescale.toTicks(ticks);
  // @ts-expect-error the track's own are not those of media time
  const mistaken: Ticks = own;
  t.equal(mistaken, 5, 'plain numbers at run time');
});
