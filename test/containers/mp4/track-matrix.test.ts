import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { readTrackMatrix } from '../../../src/containers/mp4/track-matrix.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import { ORIENTATIONS, type PictureOrientation } from '../../../src/media/picture-orientation.ts';
import { decodedPictures } from '../../codecs/decoded-pictures.ts';
import { encodeH264, probe, requireFfmpeg, segment, videoSamples } from './encoded-media.ts';

const WIDTH = 64;
const HEIGHT = 48;

t.test('pictures are shown turned and mirrored as a track says', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const folder = t.testdir();
  const options = { width: WIDTH, height: HEIGHT, frames: 1, keyframeInterval: 1 };
  const { units } = await encodeH264(folder, options);
  const sets = new H264ParameterSets();
  const media = segment('video', videoSamples(units, 0, sets), 1);
  const upright = await decodedPictures('mp4', file(undefined), 'gray');
  for (const orientation of ORIENTATIONS) {
    const { clockwise, isMirrored } = orientation;
    await t.test(`${clockwise}°${isMirrored ? ', mirrored' : ''}`, async (t) => {
      const bytes = file(orientation);
      const name = path.join(folder, 'turned.mp4');
      await writeFile(name, bytes);
      const { stream } = await probe(name);
      t.match(stream, { width: WIDTH, height: HEIGHT }, 'ffprobe has what is coded');
      const [matrix] = (stream.side_data_list ?? []) as unknown as { rotation: number }[];
      if (clockwise % 180 !== 0) t.equal(Math.abs(matrix!.rotation), 90);
      else if (clockwise === 0 && !isMirrored) t.equal(matrix, undefined);
      else t.ok(matrix);
      t.same(await decodedPictures('mp4', bytes, 'gray'), turned(upright, orientation));
      const facts = mp4.readInitialization(bytes);
      const shown = clockwise % 180 === 0 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
      t.same([facts?.width, facts?.height], shown);
      const isPlain = clockwise === 0 && !isMirrored;
      t.equal(facts?.orientation, isPlain ? undefined : orientation);
    });
  }

  function file(orientation: PictureOrientation | undefined): Buffer {
    const track = trackFormat(mp4, sets.current()!, { ...(orientation && { orientation }) });
    return Buffer.concat([mp4.initialization(track), media]);
  }
});

t.test('another matrix, and a header that is cut short, say nothing', async (t) => {
  t.equal(readTrackMatrix(Buffer.alloc(84)), undefined);
  t.equal(readTrackMatrix(Buffer.alloc(75)), undefined);
});

/** A grey picture as it is to be shown: mirrored, and then turned. */
function turned(picture: Buffer, { clockwise, isMirrored }: PictureOrientation): Buffer {
  let rows = Array.from({ length: HEIGHT }, (_, y) => [
    ...picture.subarray(y * WIDTH, (y + 1) * WIDTH),
  ]);
  if (isMirrored) for (const row of rows) row.reverse();
  for (let at = 0; at < clockwise; at += 90) {
    rows = rows[0]!.map((_, x) => rows.map((row) => row[x]!).reverse());
  }
  return Buffer.from(rows.flat());
}
