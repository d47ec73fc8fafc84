import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { OpusConfiguration } from '../../../src/codecs/opus/configuration.ts';
import { opusSilence } from '../../../src/codecs/opus/silence.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../../src/containers/mp4/initialization-segment.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import { OPUS_TIMESCALE } from '../../../src/media/timescale.ts';
import { audioSamples, requireFfmpeg, segment } from '../../containers/mp4/encoded-media.ts';

for (const channels of [1, 2] as const) {
  t.test(`decodes to 20 ms of zeros (${channels} channels)`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    const path = join(t.testdir(), 'silence.mp4');
    const { duration, parts } = opusSilence(channels);
    const ticks = OPUS_TIMESCALE.ofTicks(duration);
    const samples = audioSamples(new Array(50).fill(parts(duration)[0]), 0);
    await writeFile(
      path,
      Buffer.concat([
        initializationSegment(trackFormat(mp4, new OpusConfiguration(channels))),
        segment('audio', samples, 50),
      ]),
    );
    const pcm = execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-f', 's16le', '-']);
    t.equal(pcm.length, 50 * ticks * channels * 2);
    t.ok(pcm.every((byte) => byte === 0));
  });
}
