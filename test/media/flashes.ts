import { withJoinedFile } from './joined-file.ts';
import { runTool } from './tool.ts';

/**
 * Mean luma (0–255) above which a picture is white: the flash is at 235, the clip between at 122.
 */
const WHITE_LUMA = 200;

/** One decoded picture. */
export interface Picture {
  /** Presentation time as `tfdt` and `trun` say: seconds since the Unix epoch, to the microsecond. */
  time: number;
  /** Mean luma, 0–255. */
  luma: number;
}

/**
 * Decodes video segments picture by picture.
 * @param files paths, the initialization segment first
 * @throws Error when the decoder complains of anything
 */
export function decodePictures(files: string[]): Promise<Picture[]> {
  return withJoinedFile(files, async (path) => {
    const { stdout, stderr } = await runTool('ffmpeg', [
      // Without -copyts ffmpeg moves the first timestamp to zero.
      ...['-v', 'error', '-copyts', '-i', path],
      // In µs, because pts_time is printed with six digits only.
      ...['-vf', 'settb=1/1000000,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-'],
      // In µs here too: in ticks of a mean frame rate two pictures of a camera may get one time.
      ...['-fps_mode', 'passthrough', '-enc_time_base', '1:1000000', '-f', 'null', '-'],
    ]);
    if (stderr !== '') throw new Error(`decoding ${files.join(' ')}:\n${stderr}`);
    const entry = /^frame:\d+ +pts:(\d+) .*\nlavfi\.signalstats\.YAVG=([\d.]+)$/gm;
    return [...stdout.toString().matchAll(entry)].map(([, pts, luma]) => ({
      time: Number(pts) / 1e6,
      luma: Number(luma),
    }));
  });
}

/** Times of the pictures that turned white: each is white and the one before was not. */
export function flashTimes(pictures: Picture[]): number[] {
  return pictures
    .filter(({ luma }, i) => i > 0 && luma > WHITE_LUMA && pictures[i - 1]!.luma <= WHITE_LUMA)
    .map(({ time }) => time);
}

/**
 * When the picture turns white: seconds since the Unix epoch.
 * @param files paths of an initialization segment and its video segments
 * @throws Error when the decoder complains of anything
 */
export async function decodeFlashes(files: string[]): Promise<number[]> {
  return flashTimes(await decodePictures(files));
}
