import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../media/tool.ts';
import { audioPackets } from '../publisher/clip.ts';
import { readOggOpus } from '../publisher/ogg-opus.ts';
import type { SimulatedSound } from './simulated-publisher.ts';

/** The sounds that there are, and what their recordings are. */
export const SOUNDS = [
  { name: 'opus', codecString: 'opus', ffmpegName: 'opus', channels: 2, layout: 'stereo' },
  { name: 'pcmu', codecString: 'flac', ffmpegName: 'flac', channels: 1, layout: undefined },
  { name: 'pcma', codecString: 'flac', ffmpegName: 'flac', channels: 1, layout: undefined },
  { name: 'multiopus', codecString: 'opus', ffmpegName: 'opus', channels: 6, layout: '5.1' },
] as const;

/** Name of a sound. */
export type SoundName = (typeof SOUNDS)[number]['name'];

/** What Chromium says of its encoder for 5.1. */
export const SURROUND = { channel_mapping: '0,4,1,2,3,5', num_streams: '4', coupled_streams: '2' };

/** Encodes two seconds of sound in packets of 20 ms. @param folder an existing one */
export async function encodeSound(folder: string, name: SoundName): Promise<SimulatedSound> {
  if (name === 'opus')
    return { codec: name, clockRate: 48_000, channels: 2, packets: audioPackets() };
  if (name === 'multiopus') return encodeSurround(folder);
  const tone = 'sine=frequency=440:sample_rate=8000:duration=2,volume=0.7';
  const { stdout } = await runTool('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', tone],
    ...['-ac', '1', '-f', name === 'pcmu' ? 'mulaw' : 'alaw', '-'],
  ]);
  const packets: Buffer[] = [];
  for (let at = 0; at + 160 <= stdout.length; at += 160)
    packets.push(stdout.subarray(at, at + 160));
  return { codec: name, clockRate: 8000, packets };
}

/** A tone of another pitch in each of the six channels of 5.1. */
async function encodeSurround(folder: string): Promise<SimulatedSound> {
  const file = join(folder, 'surround.ogg');
  const tones = [300, 500, 700, 60, 1100, 1300].map((hertz) => `0.3*sin(2*PI*${hertz}*t)`);
  await runTool('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i'],
    `aevalsrc='${tones.join('|')}':channel_layout=5.1:sample_rate=48000:duration=2`,
    ...['-c:a', 'libopus', '-b:a', '320k', '-mapping_family', '1', '-frame_duration', '20', file],
  ]);
  const { packets } = readOggOpus(await readFile(file));
  return {
    ...{ codec: 'multiopus', clockRate: 48_000, channels: 6, parameters: SURROUND },
    packets: packets.slice(0, 100),
  };
}
