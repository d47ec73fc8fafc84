import t from 'tap';
import { readAv1Configuration } from '../../src/codecs/av1/configuration.ts';
import type { PictureReader } from '../../src/codecs/codec.ts';
import { BLANK_PICTURES } from '../../src/codecs/h265/blank-picture.ts';
import type { H265Configuration } from '../../src/codecs/h265/configuration.ts';
import { H265PictureReader } from '../../src/codecs/h265/picture-reader.ts';
import { KeyFrameReader } from '../../src/codecs/key-frame-reader.ts';
import { readVp9Configuration } from '../../src/codecs/vp9/configuration.ts';
import type { AccessUnit } from '../../src/media/access-unit.ts';
import { H264_FORMAT } from '../rtp/packets.ts';

function unitOf(keyframe: boolean, ...parts: Buffer[]): AccessUnit {
  const times = { rtpTimestamp: 0, arrivalUs: 0 };
  return { codec: '', ...times, keyframe, discontinuity: false, parts };
}

t.test('keyframes that say everything stay as they are', async (t) => {
  const small = Buffer.from('824983420013f00b36', 'hex');
  const wide = Buffer.from('824983420027f00b36', 'hex');
  const reader: PictureReader = new KeyFrameReader(readVp9Configuration);
  t.equal(reader.configuration(), undefined);
  const unit = unitOf(true, small);
  t.equal(reader.toSample(unit), unit.parts);
  const first = reader.configuration();
  t.match(first, { width: 320 });
  reader.toSample(unitOf(true, Buffer.concat([small, Buffer.of(1)])));
  t.equal(reader.configuration(), first, 'the same object while it is the same');
  reader.toSample(unitOf(false, wide));
  reader.toSample(unitOf(true, Buffer.of(1, 2, 3)));
  t.equal(reader.configuration(), first);
  reader.toSample(unitOf(true, wide));
  t.match(reader.configuration(), { width: 640 });
  t.equal(reader.isRecoveryPoint(unit.parts), false);
  t.equal(new KeyFrameReader(readAv1Configuration).configuration(), undefined);
});

t.test('parameter sets of H265 leave the samples, or come with the description', async (t) => {
  const { vps, sps, pps } = BLANK_PICTURES.configuration as H265Configuration;
  const picture = BLANK_PICTURES.parts(0);
  const reader = new H265PictureReader([]);
  const sets = [...vps, ...sps, ...pps];
  t.same(reader.toSample(unitOf(true, ...sets, ...picture)), picture);
  const first = reader.configuration();
  t.ok(first?.equals(BLANK_PICTURES.configuration));
  reader.toSample(unitOf(true, ...sets, ...picture));
  t.equal(reader.configuration(), first, 'the same object while it is the same');

  const text = (nalUnits: readonly Buffer[]) =>
    nalUnits.map((set) => set.toString('base64')).join();
  const parameters = { 'sprop-vps': text(vps), 'sprop-sps': text(sps), 'sprop-pps': text(pps) };
  const described = new H265PictureReader([{ ...H264_FORMAT, codec: 'h265', parameters }]);
  t.ok(described.configuration()?.equals(first!));
});

t.test('a recovery point of H265 is followed by pictures that are not whole', async (t) => {
  const slice = Buffer.of(0x02, 1, 0xc0, 0);
  const message = Buffer.of(39 << 1, 1, 6, 1, 0b0010_0100, 0x80);
  const reader = new H265PictureReader([]);
  t.equal(reader.isRecoveryPoint([slice]), false);
  t.equal(reader.isRecoveryPoint([message, slice]), true);
  const recovery = reader.recover([message, slice]);
  t.same(
    [1, 2, 3, 4].map(() => recovery.isWhole([slice])),
    [false, false, true, true],
  );
});
