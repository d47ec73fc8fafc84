import { withJoinedFile } from './joined-file.ts';
import { runTool } from './tool.ts';

/** The tone's amplitude is 0.5; what the codec lets ring before it stays below 0.06. */
const LOUD = 0.1;
/** This long it must have been quiet for a tone to be a new one, seconds. */
const QUIET_SECONDS = 0.05;

/** A run of samples that were decoded from one packet. */
interface DecodedFrame {
  /** Presentation time of its first sample, samples since the Unix epoch. */
  start: number;
  samples: number;
}

/**
 * When a tone begins: seconds since the Unix epoch, exact to a few samples. The time of a sample is that of its
 * packet (`tfdt` and `trun`) and its place in the packet; so the initialization segment must say that
 * there is no pre-skip, as a recording of WebRTC does.
 * @param files paths of an initialization segment and its segments of sound
 * @throws Error when the decoder complains of anything
 */
export function decodeBeeps(files: string[]): Promise<number[]> {
  return withJoinedFile(files, async (path) => {
    const { stdout, stderr } = await runTool('ffmpeg', [
      // Without -copyts ffmpeg moves the first timestamp to zero.
      ...['-nostats', '-v', 'level+info', '-copyts', '-i', path],
      ...['-af', 'ashowinfo', '-ac', '1', '-f', 'f32le', '-'],
    ]);
    const complaints = stderr.split('\n').filter((line) => /\[(warning|error|fatal)\]/.test(line));
    if (complaints.length > 0) {
      throw new Error(`decoding ${files.join(' ')}:\n${complaints.join('\n')}`);
    }
    let rate = 0;
    const frames = [...stderr.matchAll(/ n:\d+ pts:(\d+) .* rate:(\d+) nb_samples:(\d+) /g)].map(
      ([, start, own, samples]): DecodedFrame => {
        if (rate > 0 && Number(own) !== rate) throw new Error(`decoded at ${rate} and ${own} Hz`);
        rate = Number(own);
        return { start: Number(start), samples: Number(samples) };
      },
    );
    return onsets(frames, new Float32Array(new Uint8Array(stdout).buffer), rate);
  });
}

/** @param rate of the samples, and of the frames' times, Hz */
function onsets(frames: DecodedFrame[], samples: Float32Array, rate: number): number[] {
  const total = frames.reduce((sum, frame) => sum + frame.samples, 0);
  if (total !== samples.length) {
    throw new Error(`frames of ${total} samples, but ${samples.length} samples were decoded`);
  }
  const times: number[] = [];
  let lastLoud = Number.NEGATIVE_INFINITY;
  let offset = 0;
  for (const frame of frames) {
    for (let i = 0; i < frame.samples; i++) {
      if (Math.abs(samples[offset + i]!) <= LOUD) continue;
      const at = frame.start + i;
      if (at - lastLoud > QUIET_SECONDS * rate) times.push(at / rate);
      lastLoud = at;
    }
    offset += frame.samples;
  }
  return times;
}
