import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderManifest } from '../src/day-folder/folder-manifest.ts';
import type { Segment } from '../src/facts/segment.ts';
import { writeMpd } from '../src/manifest/mpd.ts';
import { readMpd } from '../src/manifest/mpd-reader.ts';
import type { ManifestTrack, Presentation } from '../src/manifest/presentation.ts';
import { SegmentTimeline } from '../src/manifest/segment-timeline.ts';
import type { TrackKind } from '../src/media/access-unit.ts';
import { hlsMediaPlaylist } from '../src/playback/hls-media-playlist.ts';
import { Presentations } from '../src/playback/presentations.ts';
import { selectRange } from '../src/playback/select-range.ts';
import { SegmentIndex } from '../src/segment-index/segment-index.ts';

const DAY_US = Date.UTC(2025, 6, 1) * 1000;
/** Of segments of two seconds. */
const SEGMENTS = 43_200;
const TURNS = 20;
/** Lengths of live ranges, s. The first of them reads what is new in the manifest. */
const RANGES = [600, 3600, 86_400];
const FOLDER = 'cam1/2025/07/01';

/** Segments of which hardly one is as long as the one before. */
function timelineOf(timescale: number): SegmentTimeline {
  const timeline = new SegmentTimeline();
  let time = (DAY_US / 1e6) * timescale;
  for (let n = 0; n < SEGMENTS; n++) {
    const duration = 2 * timescale + ((n * 7919) % 37);
    timeline.add(time, duration);
    time += duration;
  }
  return timeline;
}

/**
 * Prints what the manifest of a day writes to the disk, what it costs to read the whole, and what a refresh of a live range costs that a
 * player makes every two seconds: the manifest has a segment more each time.
 */
export async function run(): Promise<void> {
  await writeDay();
  readDay();
  const folder = await mkdtemp(join(tmpdir(), 'bench-manifest-'));
  try {
    await refresh(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Bytes that a stream writes as manifests in a day, if no, some or all segments differ from the one before. */
async function writeDay(): Promise<void> {
  const lengths: [string, (n: number) => number][] = [
    ['equal segments', () => 0],
    ['one segment in ten longer', (n) => (n % 10 === 0 ? 100 : 0)],
    ['every segment different', (n) => (n * 7919) % 37],
  ];
  for (const [name, extra] of lengths) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-manifest-'));
    const [video, audio] = [new SegmentTimeline(), new SegmentTimeline()];
    const day = dayOf(video, audio);
    const [period] = day.periods;
    let nowUs = DAY_US;
    const manifest = new FolderManifest({
      ...{ folder, presentation: day, now: () => nowUs, onWritten() {} },
    });
    let bytes = 0;
    let writes = 0;
    for (let n = 0; n < SEGMENTS; n++) {
      for (const track of [period!.video!, period!.audio!]) {
        const { timeline, timescale } = track;
        const start = timeline.count === 0 ? (DAY_US / 1e6) * timescale : timeline.endTicks;
        timeline.add(start, 2 * timescale + extra(n));
        manifest.add(track, '');
      }
      nowUs += 1.25e6;
      manifest.tick();
      if (manifest.isDue()) {
        await manifest.write();
        bytes += manifest.text!.length;
        writes++;
      }
      nowUs += 0.75e6;
    }
    await rm(folder, { recursive: true });
    const [written, length] = [bytes / 1e6, manifest.text!.length / 1e6].map((mb) => mb.toFixed(1));
    console.log(
      `manifests of a day, ${name}: ${written} MB in ${writes} writes, at the end ${length} MB`,
    );
  }
}

function readDay(): void {
  const text = writeMpd(dayOf(timelineOf(90_000), timelineOf(48_000)), { nowUs: DAY_US });
  readMpd(text);
  // Others share the machine: processor time.
  const start = process.threadCpuUsage();
  for (let turn = 0; turn < TURNS; turn++) readMpd(text);
  const { user, system } = process.threadCpuUsage(start);
  const ms = ((user + system) / 1000 / TURNS).toFixed(1);
  console.log(`a manifest of ${(text.length / 1e6).toFixed(2)} MB: ${ms} ms`);
}

function dayOf(video: SegmentTimeline, audio: SegmentTimeline): Presentation {
  const common = { container: 'mp4', startNumber: 1, bytes: 1e9 } as const;
  const picture: ManifestTrack = {
    ...{ ...common, kind: 'video', codecs: 'avc1.42e01f', width: 1280, height: 720 },
    ...{ initialization: 'init.m4s', timescale: 90_000, timeline: video },
  };
  const sound: ManifestTrack = {
    ...{ ...common, kind: 'audio', codecs: 'opus', channels: 2 },
    ...{ initialization: 'audio_init.m4s', timescale: 48_000, timeline: audio },
  };
  const periods = [{ id: '1', ended: false, video: picture, audio: sound }];
  return { dayStartUs: DAY_US, live: true, segmentSeconds: 2, periods };
}

/** @param folder for the index */
async function refresh(folder: string): Promise<void> {
  const log = { warn() {}, info() {}, error() {} };
  const journalPath = join(folder, 'index.journal');
  const index = await SegmentIndex.open({ journalPath, nodeAlias: 'bench', log });
  const timelines = { video: timelineOf(90_000), audio: timelineOf(48_000) };
  const rows: Segment[] = [];
  const rowOf = (kind: TrackKind, number: number, startTicks: number, durationTicks: number) => {
    const us = (ticks: number) => Math.round((ticks / (kind === 'video' ? 90_000 : 48_000)) * 1e6);
    const prefix = kind === 'video' ? '' : 'audio_';
    const startUs = us(startTicks);
    rows.push({
      ...{ stream: 'cam1', kind, startUs, endUs: us(startTicks + durationTicks) },
      path: `${FOLDER}/${prefix}seg_${String(number).padStart(4, '0')}.m4s`,
      initPath: `${FOLDER}/${prefix}init.m4s`,
      ...{ isKeyframe: true, keyframes: kind === 'video' ? [startUs] : [] },
      ...{ codec: kind === 'video' ? 'avc1.42e01f' : 'opus', size: 625_000 },
    });
  };
  for (const kind of ['video', 'audio'] as const) {
    let number = 1;
    for (const each of timelines[kind].segments())
      rowOf(kind, number++, each.startTicks, each.durationTicks);
  }
  const list = () => Promise.all(rows.splice(0).map((row) => index.add(row)));
  await list();
  const day = dayOf(timelines.video, timelines.audio);
  let text = '';
  const presentations = new Presentations({ manifest: async () => ({ text, isAwaited: false }) });
  const figures = new Map(RANGES.map((seconds) => [seconds, { ms: 0, bytes: 0 }]));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const kind of ['video', 'audio'] as const) {
      const timescale = kind === 'video' ? 90_000 : 48_000;
      const start = timelines[kind].endTicks;
      timelines[kind].add(start, 2 * timescale + (turn % 7));
      rowOf(kind, timelines[kind].count, start, 2 * timescale + (turn % 7));
    }
    await list();
    // As it comes from a worker: in one piece.
    text = Buffer.from(writeMpd(day, { nowUs: DAY_US })).toString();
    for (const seconds of RANGES) {
      const startUs = DAY_US + (SEGMENTS * 2 - seconds) * 1e6;
      const start = process.threadCpuUsage();
      const range = await selectRange({ index, presentations }, 'cam1', {
        startUs,
        endUs: undefined,
      });
      const options = { isLive: true, objectRoot: '/api/record/object/', segmentSeconds: 2 };
      const playlist = hlsMediaPlaylist(range, 'video', options);
      const { user, system } = process.threadCpuUsage(start);
      if (turn === 0) continue;
      const figure = figures.get(seconds)!;
      figure.ms += (user + system) / 1000 / (TURNS - 1);
      figure.bytes = playlist.length;
    }
  }
  for (const [seconds, { ms, bytes }] of figures) {
    const size = `a playlist of ${(bytes / 1e3).toFixed(0)} KB`;
    console.log(`a refresh of a live range of ${seconds / 60} min, ${size}: ${ms.toFixed(1)} ms`);
  }
  await index.close();
}

if (import.meta.main) await run();
