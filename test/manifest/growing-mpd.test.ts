import t from 'tap';
import { GrowingMpd } from '../../src/manifest/growing-mpd.ts';
import { writeMpd } from '../../src/manifest/mpd.ts';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import type {
  ManifestPeriod,
  ManifestTrack,
  Presentation,
} from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';
import { seededRandom } from '../rtp/packets.ts';

const DAY_US = Date.UTC(2026, 2, 4) * 1000;

/** Everything that a presentation says. */
function said({ periods, ...rest }: Presentation) {
  const track = (track: ManifestTrack | undefined) => {
    if (track === undefined) return undefined;
    const { timeline, ...format } = track;
    const { count, startTicks, endTicks, longestTicks } = timeline;
    const text = timeline.toXml();
    return { ...format, count, startTicks, endTicks, longestTicks, text };
  };
  return {
    ...rest,
    periods: periods.map(({ id, ended, video, audio }) => ({
      ...{ id, ended, video: track(video), audio: track(audio) },
    })),
  };
}

function trackOf(kind: 'video' | 'audio', startNumber: number): ManifestTrack {
  const timescale = kind === 'video' ? 90_000 : 48_000;
  const initialization = kind === 'video' ? 'init.m4s' : 'audio_init.m4s';
  const codecs = kind === 'video' ? 'avc1.42e01f' : 'opus';
  const timeline = new SegmentTimeline();
  return {
    ...{ kind, container: 'mp4', codecs, timescale, initialization, startNumber, timeline },
    bytes: 1e6,
  };
}

/** Adds a segment to each track, mostly as long as the one before. */
function grow({ video, audio }: ManifestPeriod, seconds: number, random: () => number): void {
  for (const track of [video, audio]) {
    if (track === undefined) continue;
    const { timeline, timescale } = track;
    const start = timeline.count > 0 ? timeline.endTicks : (DAY_US / 1e6 + seconds) * timescale;
    timeline.add(start, 2 * timescale + (random() < 0.7 ? 0 : Math.floor(random() * 3) * 480));
  }
}

const write = (periods: ManifestPeriod[], live = true) =>
  writeMpd({ dayStartUs: DAY_US, live, segmentSeconds: 2, periods }, { nowUs: DAY_US });

t.test('a manifest that grows says what one does that is read as a whole', async (t) => {
  const random = seededRandom(7);
  const growing = new GrowingMpd();
  const periods: ManifestPeriod[] = [];
  const numbers = { video: 1, audio: 1 };
  let most = 0;
  let earlier: { presentation: Presentation; said: unknown } | undefined;
  for (let step = 0; step < 1500; step++) {
    const last = periods.at(-1);
    if (last === undefined || random() < 0.01) {
      for (const kind of ['video', 'audio'] as const) {
        numbers[kind] += last?.[kind]?.timeline.count ?? 0;
      }
      const period: ManifestPeriod = { id: `p${step}`, ended: false };
      if (random() < 0.9) period.video = trackOf('video', numbers.video);
      if (random() < 0.9 || !period.video) period.audio = trackOf('audio', numbers.audio);
      periods.push(period);
    }
    grow(periods.at(-1)!, step * 3, random);
    // Old segments leave.
    if (random() < 0.004) periods.shift();
    most = Math.max(most, periods.length);
    if (periods.length === 0 || random() < 0.3) continue;
    const text = write(periods);
    const presentation = growing.read(text);
    const found = said(presentation);
    if (JSON.stringify(found) !== JSON.stringify(said(readMpd(text)))) {
      t.same(found, said(readMpd(text)), `step ${step}`);
      return;
    }
    if (earlier && JSON.stringify(said(earlier.presentation)) !== JSON.stringify(earlier.said)) {
      t.fail(`what was read before step ${step} has changed`);
      return;
    }
    earlier = { presentation, said: found };
  }
  t.ok(most > 5, `${most} Periods at a time`);
  t.same(said(growing.read(write(periods, false))), said(readMpd(write(periods, false))));
});

t.test('a timeline is read from its middle', async (t) => {
  const random = seededRandom(3);
  const period = { id: '1', ended: false, video: trackOf('video', 1) };
  for (let n = 0; n < 3000; n++) {
    if (n % 700 === 0)
      period.video.timeline.add(Math.max(1, period.video.timeline.endTicks) + 90, 9);
    grow(period, 0, random);
  }
  const { timeline } = growingTimeline(period);
  const all = [...period.video.timeline.segments()];
  t.equal(all.length, timeline.count);
  for (const from of [0, 1, 255, 256, 257, 1000, 1500, all.length - 1, all.length]) {
    for (const each of [period.video.timeline, timeline]) {
      const same = JSON.stringify([...each.segments(from)]) === JSON.stringify(all.slice(from));
      t.ok(same, `from ${from}`);
    }
  }
});

function growingTimeline(period: ManifestPeriod): ManifestTrack {
  const growing = new GrowingMpd();
  return growing.read(write([period])).periods[0]!.video!;
}

t.test('what is damaged is an error, and what is whole again is read', async (t) => {
  const random = seededRandom(5);
  const period = { id: '1', ended: false, video: trackOf('video', 1), audio: trackOf('audio', 1) };
  for (let n = 0; n < 20; n++) grow(period, 0, random);
  const growing = new GrowingMpd();
  growing.read(write([period]));
  grow(period, 0, random);
  const text = write([period]);
  for (const damaged of [
    text.slice(0, -20),
    text.replace('</Period>', ''),
    text.replace('</Period>', `</Period><Period id="1" start="PT0S"/>`),
    text.replace('<Period ', '<!-- <Period '),
    text.replace(' d="', ' D="'),
    text.replace('timescale="90000"', 'timescale="0"'),
    text.replace(/(<Period .*<\/Period>)/s, '$1\n$1'),
  ]) {
    t.not(damaged, text);
    const whole = () => readMpd(damaged);
    let message = 'none';
    try {
      whole();
    } catch (error) {
      message = (error as Error).message;
    }
    if (message === 'none') t.same(said(growing.read(damaged)), said(whole()));
    else t.throws(() => growing.read(damaged), { name: 'ManifestError' }, message);
    t.same(said(growing.read(text)), said(readMpd(text)));
  }
});
