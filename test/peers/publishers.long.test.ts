import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { avOffsets } from '../media/av-offset.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { decodeFlashes } from '../media/flashes.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg, runTool } from '../media/tool.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { repeat } from '../thoroughness.ts';

t.setTimeout(300_000);

/** Seconds of media that each sends. */
const SECONDS = repeat(25, 8);
/** Pictures a second of all scripts. */
const RATE = 25;
/** Sound may be this much beside its picture, ms. */
const MOST_OFFSET_MS = 20;

const CONFIGURATION = `[recorder]
auto_streams = ["cam1"]
segment_seconds = 2
[recorder.storage]
type = "fs"
root = "{root}"
[webrtc]
# libnice does not look at loopback.
ice_udp_addrs = ["auto", "127.0.0.1"]
`;

/** A program of others that publishes, driven by a script beside this test. */
interface Program {
  folder: string;
  /** The Python that has what the script imports. */
  python: string;
  imports: string;
  /** How to install them. */
  mend: string;
  options?: readonly string[];
  /** RFC 6381 codecs string of the sound that is recorded, `opus` by default. */
  audioCodec?: string;
  /** What it is itself out of step at most, ms; {@link MOST_OFFSET_MS} by default. */
  mostOffsetMs?: number;
  /** It sends pictures before those that count: GStreamer negotiates once it is fed. */
  isFedEarly?: true;
}

const pip = process.env.PEERS_PYTHON ?? 'python3';
const PROGRAMS: Record<string, Program> = {
  'FFmpeg 8 in its default role, as DTLS server': {
    folder: 'ffmpeg',
    python: pip,
    imports: 'import av, numpy; assert av.library_versions["libavformat"] >= (62,)',
    mend: "pip install 'av>=16' numpy",
  },
  'FFmpeg 8 as DTLS client': {
    folder: 'ffmpeg',
    python: pip,
    imports: 'import av, numpy; assert av.library_versions["libavformat"] >= (62,)',
    mend: "pip install 'av>=16' numpy",
    options: ['whip_flags=dtls_active'],
  },
  aiortc: {
    folder: 'aiortc',
    python: pip,
    imports: 'import aiortc, numpy',
    mend: 'pip install aiortc numpy',
  },
  'aiortc with G.711': {
    folder: 'aiortc',
    python: pip,
    imports: 'import aiortc, numpy',
    mend: 'pip install aiortc numpy',
    options: ['audio/PCMA'],
    audioCodec: 'flac',
    // Its sound is 12 to 16 ms later than the Opus of the same program: it resamples to 8 kHz first.
    mostOffsetMs: 35,
  },
  'GStreamer webrtcbin': {
    folder: 'gstreamer',
    python: '/usr/bin/python3',
    imports: `import gi
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ["webrtcbin", "x264enc", "opusenc", "nicesink", "dtlsenc"]))`,
    isFedEarly: true,
    mend: 'apt-get install python3-gst-1.0 gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly',
  },
};

function isThere(t: Test, { python, imports, mend }: Program): boolean {
  if (spawnSync(python, ['-c', imports], { stdio: 'ignore' }).status === 0) return true;
  if (process.env.CI === 'true') t.fail(mend);
  else t.pass('is installed', { skip: mend });
  return false;
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  t.test(`${name}: all its pictures are recorded, and sound is in step`, async (t) => {
    if (!requireFfmpeg(t) || !isThere(t, program)) return;
    const { url, root, stop } = await startRecorder(t, { configToml: CONFIGURATION });
    const script = join(import.meta.dirname, program.folder, 'publish.py');
    const { stdout } = await runTool(program.python, [
      ...[script, `${url}/whip/cam1`, String(SECONDS)],
      ...(program.options ?? []),
    ]);
    await stop();
    t.equal(Number(stdout), SECONDS * RATE, 'so many pictures were sent');
    const { periods } = await readDayFolder(root, 'cam1');
    t.equal(periods.length, 1, 'one Period');
    const { video, audio } = periods[0]!;
    t.equal(audio!.described.codecs, program.audioCodec ?? 'opus');
    const pictures = await probeSegments([video!.init, ...video!.segments]);
    const { frameCount } = pictures;
    t.ok(frameCount >= SECONDS * RATE, `${frameCount} were recorded`);
    if (!program.isFedEarly) t.equal(frameCount, SECONDS * RATE, 'and none twice');
    const offsets = avOffsets(
      await decodeFlashes([video!.init, ...video!.segments]),
      await decodeBeeps([audio!.init, ...audio!.segments]),
    );
    t.ok(offsets.length >= SECONDS - 2, `${offsets.length} flashes have their beep`);
    const { mostOffsetMs = MOST_OFFSET_MS } = program;
    for (const { offsetMs } of offsets) {
      t.ok(Math.abs(offsetMs) <= mostOffsetMs, `sound ${offsetMs.toFixed(1)} ms after the flash`);
    }
  });
}
