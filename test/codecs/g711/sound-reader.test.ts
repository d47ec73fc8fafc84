import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { AudioCodec } from '../../../src/codecs/codec.ts';
import { pcma, pcmu } from '../../../src/codecs/g711/codec.ts';
import { createDepacketizer } from '../../../src/codecs/registry.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import { TICKS_PER_SECOND } from '../../../src/media/media-time.ts';
import type { Sample } from '../../../src/media/sample.ts';
import { probe, segment } from '../../containers/mp4/encoded-media.ts';
import { requireFfmpeg, runTool } from '../../media/tool.ts';
import { makePacket, seededRandom } from '../../rtp/packets.ts';

const LAWS: [AudioCodec, string][] = [
  [pcmu, 'mulaw'],
  [pcma, 'alaw'],
];

async function decode(args: string[]): Promise<Buffer> {
  const { stdout, stderr } = await runTool('ffmpeg', ['-v', 'error', ...args, '-f', 's16le', '-']);
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}

for (const [codec, law] of LAWS) {
  t.test(`${codec.name}: packets of any length are recorded without a loss`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const random = seededRandom(711);
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const packets = [all, ...[80, 160, 240, 1, 7, 1400].map((length) => Buffer.alloc(length))];
    for (const packet of packets.slice(1)) {
      for (let i = 0; i < packet.length; i++) packet[i] = Math.floor(random() * 256);
    }
    const { description, name } = codec;
    const format = { payloadType: 0, codec: name, clockRate: 8000, parameters: {} };
    const units: AccessUnit[] = [];
    const depacketizer = createDepacketizer(format, (unit) => units.push(unit));
    for (const payload of packets) depacketizer.push(makePacket({ payload }), false);
    t.equal(units.length, packets.length);

    const reader = codec.createReader([format]);
    const samples: Sample[] = [];
    let time = 0;
    for (const unit of units) {
      const parts = reader.toSample(unit);
      const duration = reader.durationOf(parts)!;
      t.equal(duration, unit.parts[0]!.length);
      t.equal(codec.sampleProblem(Buffer.concat(parts), true), undefined);
      samples.push({ time, duration, keyframe: true, parts });
      time += duration;
    }
    t.equal(reader.durationOf([]), undefined);
    const silence = reader.configuration.silence.parts(TICKS_PER_SECOND / 100);
    t.equal(reader.durationOf(silence), 80, 'silence is as long as it is to last');

    const folder = t.testdir();
    const header = mp4.initialization(trackFormat(mp4, reader.configuration));
    const path = join(folder, 'sound.mp4');
    await writeFile(path, Buffer.concat([header, segment('audio', samples, 4)]));
    const raw = join(folder, 'sound.raw');
    await writeFile(raw, Buffer.concat(packets));
    const expected = await decode(['-f', law, '-ar', '8000', '-ac', '1', '-i', raw]);
    t.ok((await decode(['-i', path])).equals(expected), 'as ffmpeg decodes G.711 itself');
    const { stream } = await probe(path);
    t.match(stream, { codec_name: 'flac', sample_rate: '8000', channels: 1, time_base: '1/8000' });
    t.equal(description.payloadType, codec === pcmu ? 0 : 8);
  });
}

t.test('an empty packet is no unit', async (t) => {
  const format = { payloadType: 0, codec: 'pcmu', clockRate: 8000, parameters: {} };
  const units: AccessUnit[] = [];
  const depacketizer = createDepacketizer(format, (unit) => units.push(unit));
  depacketizer.push(makePacket({ payload: Buffer.alloc(0) }), false);
  t.equal(units.length, 0);
  t.equal(depacketizer.malformed, 1);
});

t.test('both laws become one configuration; another stream of FLAC is none', async (t) => {
  const mu = pcmu.createReader([]).configuration;
  const a = pcma.createReader([]).configuration;
  t.ok(mu.equals(a));
  t.notOk(mu.equals({ ...a, equals: () => false }));
  t.throws(() => mu.sampleEntry('webm'), RangeError);
  const { record } = mu.sampleEntry('mp4');
  const stereo = Buffer.from(record!.data);
  stereo[20] = stereo[20]! | 2;
  const entry = { container: 'mp4', type: 'fLaC', width: 0, height: 0, channels: 1 } as const;
  t.ok(pcmu.readConfiguration({ ...entry, record: () => record!.data }));
  t.equal(pcmu.readConfiguration({ ...entry, record: () => stereo }), undefined);
  t.equal(pcmu.readConfiguration({ ...entry, record: () => undefined }), undefined);
  t.equal(pcmu.configurationOf(2), undefined);
});
