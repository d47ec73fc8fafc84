import { parse } from 'sdp-transform';
import { writeAnswer } from '../../src/ingest/answer.ts';
import { checkDescription, MAX_DESCRIPTION_LENGTH } from '../../src/ingest/description.ts';
import { type Offer, readOffer } from '../../src/ingest/offer.ts';
import { sdpLines } from '../../src/ingest/sdp-lines.ts';
import { writeTrickleFragment } from '../../src/ingest/trickle-fragment.ts';
import { Refusal } from '../../src/refusal.ts';
import { Demultiplexer } from '../../src/rtp/demultiplexer.ts';
import { AUDIO, DATA, offerOf, VIDEO } from '../../test/ingest/offers.ts';
import { type FuzzTarget, must } from '../target.ts';

const ice = { ufrag: 'abcd', password: 'abcdefghijklmnopqrstuv' };
const CANDIDATES = [{ address: '192.0.2.1', port: 5000 }];
const fingerprint = Array(32).fill('CD').join(':');

/** A WHIP offer; of one that is taken, the answer and the fragment of an ICE restart. */
export const target: FuzzTarget = {
  covers: [
    'src/ingest/offer.ts',
    'src/ingest/answer.ts',
    'src/ingest/description.ts',
    'src/ingest/sdp-lines.ts',
    'src/ingest/session-level.ts',
    'src/ingest/format-choice.ts',
  ],
  maxBytes: MAX_DESCRIPTION_LENGTH + 16,
  lines: true,
  dictionary: [
    ...['m=video 9 UDP/TLS/RTP/SAVPF 96\r\n', 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'],
    ...['a=rtpmap:96 H264/90000\r\n', 'a=rtpmap:111 opus/48000/2\r\n', 'a=fmtp:96 a=b;c\r\n'],
    ...['a=mid:0\r\n', 'a=rtcp-fb:* nack pli\r\n', 'a=ssrc-group:FID 1 2\r\n', 'a=bundle-only\r\n'],
    ...[
      'a=ssrc:1 cname:x\r\n',
      'a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n',
      ' 96',
      ';a=1',
    ],
    ...['a=group:BUNDLE 0 1\r\n', 'a=ice-lite\r\n', 'a=setup:active\r\n', 'a=sendonly\r\n'],
    ...['a=rid:0 send pt=96\r\n', 'a=simulcast:send 0;1\r\n', 'a=rtcp-mux\r\n', '\r\n', '\n'],
  ],
  seeds: () => [
    Buffer.from(offerOf(VIDEO, AUDIO)),
    Buffer.from(offerOf(AUDIO)),
    Buffer.from(offerOf(VIDEO, AUDIO, DATA)),
  ],
  run(input) {
    const text = input.toString();
    let offer: Offer;
    try {
      offer = readOffer(text);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      must(
        error.reason === 'bad-sdp' || error.reason === 'unacceptable-offer',
        'an offer is refused for a reason',
      );
      must(error.message.length < 400_000, 'the reason is not much longer than the offer');
      return;
    }
    checkOffer(offer);
    const answer = writeAnswer(offer, { ice, candidates: CANDIDATES, fingerprint });
    must(
      answer.length <= 20 * text.length + 10_000,
      'the answer is not much longer than the offer',
    );
    const lines = sdpLines(answer, 'answer', Number.MAX_SAFE_INTEGER);
    checkDescription(lines, 'answer');
    const answered = parse(answer);
    must(answered.media.length === offer.sections.length, 'each section is answered');
    for (const [index, { taken }] of offer.sections.entries()) {
      const media = answered.media[index]!;
      must((media.port !== 0) === (taken !== undefined), 'what is not taken is rejected');
      must(media.iceUfrag === (taken && ice.ufrag), 'nobody but us names our credentials');
    }
    for (const line of lines) {
      must(
        !line.startsWith('a=fingerprint:') || line.endsWith(fingerprint),
        'our certificate alone',
      );
    }
    const fragment = writeTrickleFragment(offer.sections, ice, CANDIDATES);
    must(fragment.includes(ice.password), 'the fragment has our credentials');
  },
};

function checkOffer({ sections, ice, fingerprints }: Offer): void {
  const taken = sections.flatMap((section) => section.taken ?? []);
  must(taken.length >= 1 && taken.length <= 2, 'one or two sections are taken');
  must(new Set(taken.map(({ kind }) => kind)).size === taken.length, 'one of a kind');
  must(fingerprints.length > 0 && ice.password.length >= 22, 'the offerer can be told from others');
  for (const { formats, ssrcs, mid } of taken) {
    must(mid.length > 0, 'a section has a mid');
    must(formats.length > 0 && formats.length <= 128, 'a payload type is taken once');
    must(new Set(ssrcs).size === ssrcs.length, 'an SSRC is named once');
    const numbers = new Set(formats.map(({ payloadType }) => payloadType));
    must(numbers.size === formats.length, 'payload types differ');
  }
  new Demultiplexer(taken);
}
