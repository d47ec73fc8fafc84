import t from 'tap';
import { createDepacketizer } from '../../../src/codecs/registry.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import { requireFfmpeg, runTool } from '../../media/tool.ts';
import { accessUnits, nalUnits } from '../../publisher/annex-b.ts';
import { aggregate, H264_FORMAT, makePacket, packetizeNalUnit } from '../../rtp/packets.ts';

const PICTURES = 25;

/** Access units as x264 writes them: delimiters, SEI, parameter sets, B-frames, this many slices. */
async function encode(slices: number): Promise<Buffer[][]> {
  const { stdout } = await runTool('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25'],
    ...['-frames:v', String(PICTURES), '-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1'],
    ...['-x264-params', `slices=${slices}:aud=1:keyint=10:repeat-headers=1:bframes=2`],
    ...['-crf', '15', '-f', 'h264', '-'],
  ]);
  return accessUnits(nalUnits(stdout));
}

/** All that fits together in STAP-As, the rest as it is or in FU-As. */
function packetize(unit: Buffer[], size: number): Buffer[] {
  const payloads: Buffer[] = [];
  let together: Buffer[] = [];
  let length = 1;
  const flush = () => {
    if (together.length > 0) payloads.push(aggregate(together));
    together = [];
    length = 1;
  };
  for (const nalUnit of unit) {
    if (length + 2 + nalUnit.length > size) flush();
    if (length + 2 + nalUnit.length > size) payloads.push(...packetizeNalUnit(nalUnit, size));
    else {
      together.push(nalUnit);
      length += 2 + nalUnit.length;
    }
  }
  flush();
  return payloads;
}

for (const slices of [1, 4]) {
  t.test(`what x264 encodes in ${slices} slice(s) comes back bit-exact`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const sent = await encode(slices);
    t.equal(sent.length, PICTURES);
    for (const size of [50, 1200, 60_000]) {
      const units: AccessUnit[] = [];
      const depacketizer = createDepacketizer(H264_FORMAT, (unit) => units.push(unit));
      for (const [index, unit] of sent.entries()) {
        const payloads = packetize(unit, size);
        for (const [at, payload] of payloads.entries()) {
          depacketizer.push(
            makePacket({ timestamp: index * 3600, marker: at === payloads.length - 1, payload }),
            false,
          );
        }
      }
      t.same(
        units.map((unit) => unit.parts),
        sent,
        `packets of ${size} bytes`,
      );
      t.same(
        units.flatMap((unit, index) => (unit.keyframe ? [index] : [])),
        [0, 10, 20],
      );
      t.notOk(units.some((unit) => unit.discontinuity));
      t.equal(depacketizer.malformed, 0);
    }
  });
}
