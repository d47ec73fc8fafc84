import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { BLANK_PICTURES } from '../../../src/codecs/vp9/blank-picture.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import { requireFfmpeg, run } from './encoded-media.ts';

t.test('colours and the shape of samples are read by ffprobe as the stream has them', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const track = {
    ...trackFormat(mp4, BLANK_PICTURES.configuration),
    colour: { primaries: 9, transfer: 16, matrix: 9, fullRange: true },
    sampleAspectRatio: { width: 4, height: 3 },
  };
  const file = path.join(t.testdir(), 'init.mp4');
  const initialization = mp4.initialization(track);
  await writeFile(file, initialization);
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-show_streams', '-of', 'json', file],
  ]);
  t.match(JSON.parse(stdout).streams[0], {
    codec_tag_string: 'vp09',
    color_primaries: 'bt2020',
    color_transfer: 'smpte2084',
    color_space: 'bt2020nc',
    color_range: 'pc',
    sample_aspect_ratio: '4:3',
  });
  const shown = initialization.readUInt32BE(initialization.indexOf('tkhd') + 4 + 76);
  t.equal(shown >>> 16, Math.round((320 * 4) / 3), 'wide as it is shown');
  t.ok(mp4.readConfiguration(initialization), 'and read back');
});
