import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { OPUS_SILENCE_TICKS, opusSilence } from '../../../src/codecs/opus/silence.ts';
import { opusInitializationSegment } from '../../../src/containers/mp4/initialization-segment.ts';
import { audioSamples, requireFfmpeg, segment } from '../../containers/mp4/encoded-media.ts';

for (const channels of [1, 2] as const) {
  t.test(`decodes to 20 ms of zeros (${channels} channels)`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    const path = join(t.testdir(), 'silence.mp4');
    const samples = audioSamples(new Array(50).fill(opusSilence(channels)), 0);
    await writeFile(
      path,
      Buffer.concat([await opusInitializationSegment({ channels }), segment('audio', samples, 50)]),
    );
    const pcm = execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 's16le', '-']);
    t.equal(pcm.length, 50 * OPUS_SILENCE_TICKS * channels * 2);
    t.ok(pcm.every((byte) => byte === 0));
  });
}
