/**
 * Kills a recorder again and again at random moments and looks at what it left.
 * `npm run kill-loop -- 200 --codec vp8` by hand, H264 by default, and a short form in the tests.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { recoverAfterCrash } from '../../../src/day-folder/crash-recovery.ts';
import type { Segment } from '../../../src/facts/segment.ts';
import { SegmentIndex } from '../../../src/segment-index/segment-index.ts';
import { recordingFolders } from '../../../src/verification/recording-folders.ts';
import { verifyRecording } from '../../../src/verification/verify-recording.ts';
import { FRAME_RATE } from '../../publisher/clip.ts';
import { type ClipName, encodeCodecClip } from '../every-codec/codec-clips.ts';
import { readMarks } from '../marked-media.ts';
import { writePictures } from './pictures-file.ts';

const NOON_US = Date.UTC(2026, 2, 4, 12) * 1000;
const DAY_US = 86_400e6;
/** A run says some 100 lines a second; it is killed after at most so many, when segments are listed. */
const MOST_LINES = 450;
/** Every so many kills a new day begins, so that folders stay small. */
const KILLS_A_DAY = 10;
const MARKS_A_RUN = 1_000_000;

/** What came out of {@link killLoop}. */
export interface KillLoopResult {
  kills: number;
  /** Segments that were listed. */
  segments: number;
  /** Pictures and packets that were recorded. */
  recorded: number;
  /** The longest end of any track that is missing after any kill, seconds. */
  mostMissingSeconds: number;
  /** All that must not be. */
  faults: string[];
}

/** What the runs said so far. */
interface Told {
  /** `created_at` and hash of each listed file, by path. */
  listed: Map<string, { createdAt: number; hash: string }>;
  /** Units that were sent: by `<run> <stream>`. */
  sent: Map<string, { video: number; audio: number }>;
}

/** Codecs of pictures. */
export type KilledCodec = Extract<ClipName, 'h264' | 'h265' | 'vp8' | 'vp9' | 'av1'>;

/** What a recorder is given to record. */
interface Clip {
  codec: KilledCodec;
  /** Where the pictures are; those of H264 are a fixture. */
  file?: string;
}

/** Kills a recorder so many times. */
export async function killLoop(
  kills: number,
  codec: KilledCodec = 'h264',
): Promise<KillLoopResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kill-loop-'));
  const root = path.join(folder, 'root');
  const clip: Clip = { codec };
  if (codec !== 'h264') {
    clip.file = path.join(folder, 'pictures.json');
    const size = { width: 320, height: 180, frames: 60 };
    writePictures(clip.file, (await encodeCodecClip(folder, codec, size)).frames);
  }
  const told: Told = { listed: new Map(), sent: new Map() };
  const result = { kills, segments: 0, recorded: 0, mostMissingSeconds: 0, faults: [] as string[] };
  await mkdir(path.join(root, '.index'), { recursive: true });
  try {
    let nowUs = NOON_US;
    let firstRun = 1;
    let lastTs = 0;
    for (let run = 1; run <= kills; run++) {
      const isLast = run === kills;
      await runAndKill(root, nowUs, run, told, clip, isLast ? MOST_LINES : undefined);
      nowUs += 60e6;
      // Every other kill is left for the next recorder to find.
      if (run % 2 === 1 && !isLast) continue;
      const isDayOver = run % KILLS_A_DAY === 0 || isLast;
      lastTs = await checkIndex(root, nowUs, told, lastTs, isLast, result);
      await checkFolders(root, nowUs, told, firstRun, run, isDayOver, result);
      if (isDayOver) {
        firstRun = run + 1;
        nowUs += DAY_US;
      }
    }
    return result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param lines after which it is killed; at any moment by default */
async function runAndKill(
  root: string,
  nowUs: number,
  run: number,
  told: Told,
  { codec, file }: Clip,
  lines?: number,
): Promise<void> {
  const program = path.join(import.meta.dirname, 'recorder-to-kill.ts');
  const args = [root, String(nowUs), String(run), codec, ...(file === undefined ? [] : [file])];
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: process.env,
  });
  // Counted in what it says, so that a busy machine only takes longer; some die before they record.
  const isEarly = lines === undefined && Math.random() < 0.15;
  const lastLine = lines ?? Math.floor(Math.random() * MOST_LINES);
  if (isEarly) setTimeout(() => child.kill('SIGKILL'), Math.random() * 500);
  let said = 0;
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const complete = (rest + text).split('\n');
    rest = complete.pop()!;
    for (const line of complete) {
      said++;
      const [word, ...values] = line.split(' ');
      if (word === 'listed') {
        const [createdAt, hash, file] = values as [string, string, string];
        told.listed.set(file, { createdAt: Number(createdAt), hash });
      } else if (word === 'sent') {
        const [stream, video, audio] = values as [string, string, string];
        told.sent.set(`${run} ${stream}`, { video: Number(video), audio: Number(audio) });
      }
    }
    if (said > lastLine) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) => child.on('close', (_code, by) => resolve(by)));
  if (signal !== 'SIGKILL') throw new Error(`run ${run} ended by itself`);
}

/** Starts as a recorder does, and compares the index with the disk and with what was told of it. */
async function checkIndex(
  root: string,
  nowUs: number,
  told: Told,
  lastTs: number,
  isLast: boolean,
  result: KillLoopResult,
): Promise<number> {
  const journalPath = path.join(root, '.index', 'segments.jsonl');
  const index = await SegmentIndex.open({ journalPath, nodeAlias: 'node', log: { warn() {} } });
  try {
    const found: Segment[] = [];
    const silent = { info() {}, warn() {}, error: (fields: object) => fault(result, fields) };
    await recoverAfterCrash({
      root,
      streamOf: () => undefined,
      isKnown: (path) => index.has(path),
      indexedUs: index.lastCreatedAt,
      nowUs,
      onFact: (fact) => {
        if (fact.type === 'segment') found.push(fact.segment);
      },
      log: silent,
    });
    for (const segment of found) if (!index.has(segment.path)) await index.add(segment);
    const rows = new Map<string, number>();
    let cursor = 0;
    for (;;) {
      const page = JSON.parse(index.page({ sinceTs: cursor, limit: 1000 }).toString());
      for (const { path, created_at } of page.segments) {
        if (rows.has(path)) fault(result, `${path} is listed twice`);
        if (created_at <= cursor) fault(result, `the cursor went back at ${path}`);
        cursor = created_at;
        rows.set(path, created_at);
      }
      if (!page.has_more) break;
    }
    if (cursor < lastTs) fault(result, `the cursor went back from ${lastTs} to ${cursor}`);
    for (const [file, { createdAt, hash }] of told.listed) {
      if (rows.get(file) !== createdAt) fault(result, `${file} was listed as ${createdAt}`);
      // Of the days before once more at the end; each time would take longer and longer.
      if (!isLast && !file.includes(dayPath(nowUs))) continue;
      if (hashOf(path.join(root, file)) !== hash) fault(result, `${file} is not what was listed`);
    }
    const files = (await readdir(root, { recursive: true }))
      .filter((file) => /seg_\d+\.(m4s|webm)$/.test(file))
      .map((file) => file.split(path.sep).join('/'));
    for (const file of files) if (!rows.has(file)) fault(result, `${file} is not listed`);
    if (files.length !== rows.size) fault(result, `${rows.size} rows, ${files.length} files`);
    result.segments = rows.size;
    return cursor;
  } finally {
    await index.close();
  }
}

/** Checks the files of the running day, and what is missing in them. */
async function checkFolders(
  root: string,
  nowUs: number,
  told: Told,
  firstRun: number,
  lastRun: number,
  isDayOver: boolean,
  result: KillLoopResult,
): Promise<void> {
  const folders: string[] = [];
  for await (const folder of recordingFolders(root)) {
    if (folder.endsWith(dayPath(nowUs))) folders.push(folder);
  }
  for (const folder of folders) {
    const { findings } = await verifyRecording(folder, { decode: isDayOver });
    for (const { damage, kind, file, message } of findings) {
      if (damage) fault(result, `${folder} ${file ?? ''}: ${kind}: ${message}`);
    }
  }
  for (const stream of ['cam1', 'a/b']) {
    const encoded = encodeURIComponent(stream);
    const ofStream = folders.filter((folder) => folder.split(path.sep).at(-4) === encoded);
    for (const kind of ['video', 'audio'] as const) {
      const marks: number[] = [];
      for (const folder of ofStream) marks.push(...(await readMarks(folder, kind)));
      for (const [i, mark] of marks.entries()) {
        if (i > 0 && mark <= marks[i - 1]!) fault(result, `${stream} ${kind} ${mark} comes again`);
      }
      for (let run = firstRun; run <= lastRun; run++) {
        const sent = told.sent.get(`${run} ${stream}`)?.[kind] ?? 0;
        const ofRun = marks.filter((mark) => Math.floor(mark / MARKS_A_RUN) === run);
        for (const [i, mark] of ofRun.entries()) {
          if (mark % MARKS_A_RUN !== i) fault(result, `${stream} ${kind} ${mark} follows a hole`);
        }
        const missing = (sent - ofRun.length) / (kind === 'video' ? FRAME_RATE : 50);
        result.mostMissingSeconds = Math.max(result.mostMissingSeconds, missing);
        if (isDayOver) result.recorded += ofRun.length;
      }
    }
  }
}

/** `/YYYY/MM/DD` of an instant. */
function dayPath(us: number): string {
  return `/${new Date(us / 1000).toISOString().slice(0, 10).replaceAll('-', '/')}`;
}

function fault(result: KillLoopResult, what: string | object): void {
  result.faults.push(typeof what === 'string' ? what : JSON.stringify(what));
}

function hashOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
}

if (process.argv[1] === import.meta.filename) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { codec: { type: 'string', default: 'h264' } },
  });
  const result = await killLoop(Number(positionals[0] ?? 200), values.codec as KilledCodec);
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  if (result.faults.length > 0 || result.mostMissingSeconds > 1.2) process.exitCode = 1;
}
