import t from 'tap';
import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { AccessUnit } from '../../src/media/access-unit.ts';
import { LayeredTrack } from '../../src/rtp/layered-track.ts';
import type { AnnouncedLayers, MediaSection } from '../../src/rtp/media-section.ts';
import { aggregate, H264_FORMAT, makePacket, RTX_FORMAT } from './packets.ts';

const START_US = 1_753_315_200_000_000;
const sps = Buffer.of(0x67, 0x42, 0xc0, 0x1f, 0x8c);
const pps = Buffer.of(0x68, 0xce, 0x3c, 0x80);

/** A publisher of three layers of 1, 2 and 3 pixels, a picture each every 20 ms. */
class Publisher {
  readonly events: string[] = [];
  readonly units: AccessUnit[] = [];
  readonly asked: string[] = [];
  readonly track: LayeredTrack;
  nowUs = START_US;
  #sequence = new Map<number, number>();

  constructor(layers?: AnnouncedLayers) {
    const section: MediaSection = {
      mid: 'v',
      kind: 'video',
      formats: [H264_FORMAT, RTX_FORMAT],
      extensions: {},
      ssrcs: [],
      retransmissionSsrcs: [],
      feedback: { nack: true, pli: true, fir: false, transportCc: true, remb: false },
      ...(layers && { layers }),
    };
    this.track = new LayeredTrack(
      section,
      {
        onAccessUnit: (unit) => {
          this.units.push(unit);
          this.events.push(`${unit.keyframe ? 'keyframe' : 'picture'} of ${sizeOf(unit)}`);
        },
        onSenderReport: ({ rtpTimestamp }) => this.events.push(`report ${rtpTimestamp}`),
        onRestart: () => this.events.push('restart'),
        sendNack: (ssrc) => this.asked.push(`packets of ${ssrc}`),
        sendKeyframeRequest: (ssrc) => this.asked.push(`keyframe of ${ssrc}`),
      },
      {
        createDepacketizer,
        pictureSize: (unit) => ({ width: sizeOf(unit), height: 1 }),
      },
    );
  }

  /** Sends a picture of a layer: 1, 2 or 3, which is its size, its SSRC and one more than its number. */
  send(layer: number, keyframe = false, rid: string | null = `r${layer}`): void {
    const sequenceNumber = this.#sequence.get(layer) ?? 100;
    this.#sequence.set(layer, sequenceNumber + 1);
    const slice = Buffer.of(keyframe ? 0x65 : 0x41, 0x88, layer);
    this.track.receive(
      layer - 1,
      rid ?? undefined,
      makePacket({
        ssrc: layer,
        sequenceNumber,
        timestamp: Math.round((this.nowUs - START_US) * 0.09) + 1000,
        marker: true,
        arrivalUs: this.nowUs,
        payload: keyframe ? aggregate([sps, pps, slice]) : slice,
      }),
      false,
    );
  }

  /** Loses a packet of a layer. */
  lose(layer: number): void {
    this.#sequence.set(layer, this.#sequence.get(layer)! + 1);
  }

  /** Lets time pass while these layers send. */
  pass(ms: number, layers: number[]): void {
    for (let passed = 0; passed < ms; passed += 20) {
      this.nowUs += 20_000;
      for (const layer of layers) this.send(layer);
      this.track.tick(this.nowUs);
    }
  }

  /** What was asked for, and what came, since the call before. */
  seen() {
    return {
      asked: [...new Set(this.asked.splice(0))],
      events: [...new Set(this.events.splice(0))],
    };
  }
}

function sizeOf({ parts }: AccessUnit): number {
  return parts.at(-1)![2]!;
}

for (const [name, layers] of [
  ['announced by identifier', { rids: ['r1', 'r2', 'r3'], ssrcs: [] }],
  ['announced by SSRC', { rids: [], ssrcs: [1, 2, 3] }],
  ['not announced', undefined],
] as const) {
  t.test(`begins with the largest, low first, ${name}`, async (t) => {
    const rid = name === 'announced by SSRC' ? null : 'r';
    const publisher = new Publisher(layers && { rids: [...layers.rids], ssrcs: [...layers.ssrcs] });
    for (const layer of [1, 2, 3]) publisher.send(layer, true, rid && `${rid}${layer}`);
    publisher.pass(2000, [1, 2, 3]);
    const { events } = publisher.seen();
    t.same(events, ['keyframe of 3', 'picture of 3'], 'and nothing of the others');
    t.equal(publisher.units.length, 101, 'nothing is lost by waiting');
    t.match(publisher.track.layer(), { of: 3, switches: 0, size: { width: 3 } });
    t.equal(publisher.track.statistics().accessUnits, 101);
  });
}

t.test('waits no longer than it must where all that were announced are here', async (t) => {
  const publisher = new Publisher({ rids: ['r1', 'r2'], ssrcs: [] });
  publisher.send(1, true);
  publisher.pass(200, [1]);
  t.same(publisher.units, []);
  publisher.send(2, true);
  publisher.pass(20, [1, 2]);
  t.same(publisher.seen().events, ['keyframe of 2', 'picture of 2']);
});

t.test('a track in one encoding is not held up', async (t) => {
  const publisher = new Publisher();
  publisher.send(1, true, null);
  publisher.pass(300, [1]);
  t.same(publisher.seen().events, ['keyframe of 1', 'picture of 1']);
  t.equal(publisher.track.layer(), undefined);
});

t.test('goes to another layer and back at keyframes that it asks for', async (t) => {
  const publisher = new Publisher({ rids: ['r1', 'r2'], ssrcs: [] });
  for (const layer of [1, 2]) publisher.send(layer, true);
  for (const [ssrc, rtpTimestamp] of [
    [1, 111],
    [2, 222],
  ] as const) {
    const report = { ntpUs: START_US, rtpTimestamp, arrivalUs: START_US };
    publisher.track.onSenderReport(ssrc, 1, START_US, report);
  }
  publisher.pass(3000, [1, 2]);
  t.same(publisher.seen().events, ['keyframe of 2', 'report 222', 'picture of 2']);

  publisher.pass(1980, [1]);
  t.same(publisher.seen(), { asked: [], events: [] }, 'two seconds are not over');
  publisher.pass(40, [1]);
  t.same(publisher.seen().asked, ['keyframe of 1']);
  publisher.send(1, true);
  publisher.pass(1000, [1]);
  t.same(publisher.seen().events, ['restart', 'keyframe of 1', 'report 111', 'picture of 1']);

  publisher.pass(1900, [1, 2]);
  t.same(publisher.seen(), { asked: [], events: ['picture of 1'] }, 'it may stop again');
  publisher.pass(200, [1, 2]);
  t.same(publisher.seen(), { asked: ['keyframe of 2'], events: ['picture of 1'] });
  publisher.send(2, true);
  publisher.pass(20, [1, 2]);
  t.same(publisher.seen().events, ['restart', 'keyframe of 2', 'report 222', 'picture of 2']);
  t.match(publisher.track.layer(), { rid: 'r2', switches: 2 });
});

t.test('nothing is asked for again of a layer that is not taken', async (t) => {
  const publisher = new Publisher({ rids: ['r1', 'r2'], ssrcs: [] });
  for (const layer of [1, 2]) publisher.send(layer, true);
  publisher.pass(200, [1, 2]);
  publisher.seen();
  publisher.lose(1);
  publisher.pass(1000, [1, 2]);
  t.same(publisher.seen().asked, []);
  t.equal(publisher.track.statistics().packetsLost, 0);
  publisher.lose(2);
  publisher.pass(1000, [1, 2]);
  t.match(publisher.seen().asked, ['packets of 2']);
});

t.test('all layers are reported on', async (t) => {
  const publisher = new Publisher({ rids: ['r1', 'r2', 'r3'], ssrcs: [] });
  for (const layer of [1, 2, 3]) publisher.send(layer, true);
  publisher.pass(200, [1, 2, 3]);
  t.same(
    publisher.track.reportBlocks(publisher.nowUs).map(({ ssrc }) => ssrc),
    [1, 2, 3],
  );
});
