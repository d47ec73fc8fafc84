import { parse } from 'sdp-transform';
import t from 'tap';
import type { Codec } from '../../src/codecs/codec.ts';
import { pcmu } from '../../src/codecs/g711/codec.ts';
import { h264 } from '../../src/codecs/h264/codec.ts';
import { h265 } from '../../src/codecs/h265/codec.ts';
import { opus } from '../../src/codecs/opus/codec.ts';
import { readOffer } from '../../src/ingest/offer.ts';
import { offersOf, writeOffer } from '../../src/ingest/whep-offer.ts';
import { AUDIO, offerOf, VIDEO } from './offers.ts';

/** Stands for a row that was added to the registry: negotiation looks at nothing but its description. */
const vp8: Codec = {
  ...h264,
  name: 'vp8',
  description: { ...h264.description, encodingName: 'VP8', wanted: [{}], rank: () => 1 },
};
const taken = (codecs: readonly Codec[]) =>
  readOffer(offerOf(VIDEO, AUDIO), codecs).sections.map((section) =>
    section.taken?.formats.map(({ codec, payloadType }) => `${codec} ${payloadType}`),
  );

t.test('of an offer the codec is taken that we prefer, not the first of the offer', async (t) => {
  const h264Formats = ['h264 102', 'rtx 103', 'h264 108', 'rtx 109'];
  t.same(
    taken([h264, vp8, opus, pcmu]),
    [h264Formats, ['red 63', 'opus 111']],
    'which has VP8 first',
  );
  t.same(taken([pcmu, vp8, opus, h264]), [['vp8 96', 'rtx 97'], ['pcmu 0']]);
  t.same(taken([vp8, opus]), [
    ['vp8 96', 'rtx 97'],
    ['red 63', 'opus 111'],
  ]);
});

t.test('a codec that is not wanted is not taken', async (t) => {
  t.throws(() => readOffer(offerOf(VIDEO), [pcmu]), {
    message: /^the offer's video has VP8, H264, red; we can record $/,
  });
});

t.test(
  'a codec that is sent in a way that we do not take is refused with the reason',
  async (t) => {
    const interleaved = offerOf(VIDEO)
      .replace('VP8/90000', 'H265/90000')
      .replace('a=mid:0', 'a=mid:0\r\na=fmtp:96 sprop-max-don-diff=2');
    t.throws(() => readOffer(interleaved, [h265, opus]), {
      message:
        /^the offer's video has H265, H264, red; we can record H265 .*; H265 NAL units out of decoding order \(sprop-max-don-diff above 0\) cannot be recorded$/,
    });
  },
);

t.test('a server is asked for no more formats than there are payload types', async (t) => {
  const wanted = Array.from({ length: 17 }, () => ({}));
  const many = { ...h264, description: { ...h264.description, wanted } };
  t.throws(() => offersOf([many]), { name: 'RangeError' });
});

t.test('a server is asked for what for what we want, most wanted first', async (t) => {
  const parameters = {
    ice: { ufrag: 'ufrag', password: 'password' },
    candidates: [],
    fingerprint: '00',
  };
  const asked = (codecs: readonly Codec[]) =>
    parse(writeOffer(parameters, offersOf(codecs)[0]!)).media.map(({ rtp, fmtp }) => ({
      names: [...new Set(rtp.map(({ codec }) => codec.toLowerCase()))],
      payloadTypes: rtp.map(({ payload }) => payload),
      parameters: fmtp.map(({ config }) => config),
    }));
  t.match(asked([vp8, h264, opus]), [
    { names: ['vp8', 'rtx', 'h264'], parameters: { 0: 'apt=96' } },
    { names: ['opus', 'pcmu', 'pcma'] },
  ]);
  t.match(asked([h264, pcmu, opus]), [
    { names: ['h264', 'rtx'] },
    { names: ['pcmu', 'opus', 'pcma'], payloadTypes: [0, 108, 8] },
  ]);
});
