import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FolderManifest } from '../../src/day-folder/folder-manifest.ts';
import type { ManifestTrack } from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';

const START_US = Date.UTC(2026, 2, 4) * 1000;
const DAY_SECONDS = 86_400;

function track(kind: 'video' | 'audio', timescale: number): ManifestTrack {
  const isVideo = kind === 'video';
  return {
    ...{ container: 'mp4', startNumber: 1, bytes: 1e9, kind, timescale },
    ...{ timeline: new SegmentTimeline(), codecs: isVideo ? 'avc1.42e01f' : 'opus' },
    ...(isVideo ? { width: 1280, height: 720 } : { channels: 2 }),
    initialization: isVideo ? 'init.m4s' : 'audio_init.m4s',
  };
}

/**
 * Lists segments of two seconds of both tracks for some time, and writes the manifest whenever it is due.
 * @param extra what the nth segment is longer, s
 */
async function record(t: Test, seconds: number, extra: (n: number) => number) {
  const folder = t.testdir({});
  const tracks = [track('video', 90_000), track('audio', 48_000)] as const;
  let nowUs = START_US;
  const listedUs = new Map<string, number>();
  let longestUs = 0;
  const manifest = new FolderManifest({
    folder,
    presentation: {
      ...{ dayStartUs: START_US, live: true, segmentSeconds: 2 },
      periods: [{ id: '1', ended: false, video: tracks[0], audio: tracks[1] }],
    },
    now: () => nowUs,
    onWritten: (paths) => {
      for (const path of paths) {
        longestUs = Math.max(longestUs, nowUs - listedUs.get(path)!);
        listedUs.delete(path);
      }
    },
  });
  let bytes = 0;
  for (let n = 0; n * 2 < seconds; n++) {
    for (const each of tracks) {
      const { timeline, timescale } = each;
      const start = timeline.count === 0 ? (START_US / 1e6) * timescale : timeline.endTicks;
      timeline.add(start, Math.round((2 + extra(n)) * timescale));
      listedUs.set(`${each.kind} ${n}`, nowUs);
      manifest.add(each, `${each.kind} ${n}`);
    }
    for (let quarter = 0; quarter < 8; quarter++) {
      nowUs += 250_000;
      manifest.tick();
      if (!manifest.isDue()) continue;
      await manifest.write();
      bytes += manifest.text!.length;
    }
  }
  const text = await readFile(join(folder, 'manifest.mpd'), 'utf8');
  return { bytes, text, longestUs };
}

t.test('equal segments cost less than 20 MB a day, and are soon in the file', async (t) => {
  const { bytes, longestUs } = await record(t, 900, () => 0);
  t.ok((bytes * DAY_SECONDS) / 900 < 20e6, `${bytes} bytes in a quarter of an hour`);
  t.ok(longestUs <= 10e6, `named after ${longestUs} µs, while players stay 12 s behind`);
});

t.test('a long text is written rarely, and not later than after five minutes', async (t) => {
  const seconds = 8000;
  const { bytes, text, longestUs } = await record(t, seconds, (n) => (n % 2) * 0.01);
  t.ok(text.length > 100_000, `${text.length} bytes of text`);
  t.ok((bytes * DAY_SECONDS) / seconds < 25e6, `${bytes} bytes in ${seconds} s`);
  t.ok(longestUs <= 303e6, `named after ${longestUs} µs`);
});

t.test('the end of a Period is soon in the file, as far as its size allows', async (t) => {
  const folder = t.testdir({});
  const video = track('video', 90_000);
  let nowUs = START_US;
  const manifest = new FolderManifest({
    folder,
    presentation: {
      ...{ dayStartUs: START_US, live: true, segmentSeconds: 2 },
      periods: [{ id: '1', ended: false, video }],
    },
    now: () => nowUs,
    onWritten() {},
  });
  const list = (count: number) => {
    for (; count > 0; count--) {
      const { timeline } = video;
      const start = timeline.count === 0 ? (START_US / 1e6) * 90_000 : timeline.endTicks;
      timeline.add(start, 180_000 + (count % 7));
      manifest.add(video, '');
    }
  };
  /** Seconds until it is due. */
  const due = () => {
    const fromUs = nowUs;
    for (; !manifest.isDue(); nowUs += 250_000) manifest.tick();
    return (nowUs - fromUs) / 1e6;
  };
  list(2000);
  due();
  await manifest.write();
  list(1);
  t.ok(due() > 100, 'while it goes on, the file may wait');
  await manifest.write();
  list(1);
  manifest.expedite();
  const { length } = manifest.text!;
  t.ok(due() <= length / 3000 + 2, `${length} bytes`);
  await manifest.write();
  t.equal(await readFile(join(folder, 'manifest.mpd'), 'utf8'), manifest.text);
  list(1);
  t.ok(due() > 100, 'the next Period waits again');
});
