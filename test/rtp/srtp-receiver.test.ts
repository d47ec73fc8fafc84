import t from 'tap';
import { RtpHeader } from '../../src/rtp/rtp-header.ts';
import type { SrtpProfile } from '../../src/rtp/srtp-keys.ts';
import { estimateRollover, SrtpReceiver } from '../../src/rtp/srtp-receiver.ts';
import { PROFILES, SecuredSender } from './secured-sender.ts';

/** A sender of another make, and the receiver with its keys. */
function pair(profile: SrtpProfile) {
  const sender = new SecuredSender(profile);
  const seal = (sequenceNumber: number, payload: Buffer, ssrc = 0xfedcba98) =>
    sender.rtp({ sequenceNumber, ssrc, payloadType: 96, payload });
  const receiver = new SrtpReceiver(sender.keys);
  const header = new RtpHeader();
  const open = (datagram: Buffer) =>
    header.parse(datagram, datagram.length - receiver.overhead)
      ? receiver.open(datagram, header)
      : undefined;
  return { seal, open, receiver, header };
}

for (const profile of PROFILES) {
  t.test(`${profile}: opens what another implementation sealed`, async (t) => {
    const { seal, open, receiver, header } = pair(profile);
    let opened = 0;
    for (let sequenceNumber = 1; sequenceNumber < 200; sequenceNumber++) {
      const payload = Buffer.alloc(sequenceNumber * 7, sequenceNumber);
      if (open(seal(sequenceNumber, payload))?.equals(payload)) opened++;
    }
    t.equal(opened, 199);
    t.equal(header.ssrc, 0xfedcba98);
    t.equal(receiver.authenticationFailures, 0);
    t.equal(receiver.replayed, 0);
  });

  t.test(`${profile}: opens packets without a body`, async (t) => {
    const { seal, open } = pair(profile);
    for (const [at, bytes] of [0, 0, 10, 0, 1200, 0].entries()) {
      const payload = Buffer.alloc(bytes, at);
      t.ok(open(seal(at + 1, payload))?.equals(payload), `${bytes} bytes`);
    }
  });

  t.test(`${profile}: an outage across the sequence wrap loses nothing after it`, async (t) => {
    // 2 s at 280 packets a second, the shortest possible, and the longest that can be survived.
    for (const outage of [1, 560, 32_767]) {
      const { seal, open, receiver } = pair(profile);
      const payload = Buffer.from('media');
      const first = 0x10000 - Math.floor(outage / 2) - 300;
      let opened = 0;
      for (let count = 0; count < 300 + outage + 1000; count++) {
        const datagram = seal((first + count) & 0xffff, payload);
        if (count >= 300 && count < 300 + outage) continue;
        if (open(datagram)?.equals(payload)) opened++;
      }
      t.equal(opened, 1300, `${outage} packets lost`);
      t.equal(receiver.authenticationFailures, 0);
    }
  });

  t.test(`${profile}: packets that change places across the wrap are opened`, async (t) => {
    const { seal, open, receiver } = pair(profile);
    const datagrams: Buffer[] = [];
    let opened = 0;
    for (let count = 0; count < 400; count++) {
      datagrams.push(seal((0x10000 - 200 + count) & 0xffff, Buffer.from([count & 0xff])));
    }
    for (let start = 0; start < 400; start += 50) {
      for (const datagram of datagrams.slice(start, start + 50).reverse()) {
        if (open(datagram) !== undefined) opened++;
      }
    }
    t.equal(opened, 400);
    t.equal(receiver.authenticationFailures, 0);
  });

  t.test(`${profile}: a stream whose start was lost across the wrap is opened`, async (t) => {
    const { seal, open } = pair(profile);
    let datagram = seal(0xfff0, Buffer.from('lost'));
    for (let count = 1; count < 40; count++) {
      datagram = seal((0xfff0 + count) & 0xffff, Buffer.from([count]));
    }
    t.same(open(datagram), Buffer.from([39]));
    t.same(open(seal((0xfff0 + 40) & 0xffff, Buffer.from([40]))), Buffer.from([40]));
  });

  t.test(`${profile}: replayed and forged packets are counted and dropped`, async (t) => {
    const { seal, open, receiver } = pair(profile);
    const datagrams: Buffer[] = [];
    for (let sequenceNumber = 0; sequenceNumber < 100; sequenceNumber++) {
      datagrams.push(seal(sequenceNumber, Buffer.from('payload')));
    }
    const forged = Buffer.from(datagrams[50]!);
    forged[forged.length - 1]! ^= 1;
    t.equal(open(forged), undefined);
    t.equal(receiver.authenticationFailures, 1);
    const opened = () => datagrams.filter((datagram) => open(datagram) !== undefined).length;
    t.equal(opened(), 100, 'the genuine packet still counts');
    t.equal(opened(), 0);
    t.equal(receiver.replayed, 100);
    t.equal(receiver.authenticationFailures, 1);
  });

  t.test(`${profile}: forged packets move no rollover counter and no window`, async (t) => {
    const { seal, open, receiver } = pair(profile);
    t.ok(open(seal(40_000, Buffer.from('first'))));
    const forged = seal(40_001, Buffer.from('second'));
    for (let jump = 0; jump < 0x10000; jump += 37) {
      const attempt = Buffer.from(forged);
      attempt.writeUInt16BE((40_002 + jump) & 0xffff, 2);
      if (open(attempt) !== undefined) t.fail(`opened with ${jump} added`);
    }
    t.equal(receiver.authenticationFailures + receiver.replayed, Math.ceil(0x10000 / 37));
    t.ok(receiver.authenticationFailures > 800, 'those ahead are tried');
    t.ok(open(forged), 'the true packet is opened after all');
    t.ok(open(seal(40_002, Buffer.from('third'))));
  });

  t.test(`${profile}: forged SSRCs leave nothing behind, and push nothing out`, async (t) => {
    const { seal, open, receiver } = pair(profile);
    const genuine = seal(1, Buffer.from('genuine'));
    t.ok(open(genuine));
    for (let ssrc = 1; ssrc <= 500; ssrc++) {
      const forged = Buffer.from(genuine);
      forged.writeUInt32BE(ssrc, 8);
      if (open(forged) !== undefined) t.fail(`opened as SSRC ${ssrc}`);
    }
    t.equal(receiver.authenticationFailures, 500);
    t.equal(open(genuine), undefined, 'the replay is still known');
    t.ok(open(seal(2, Buffer.from('goes on'))));
  });
}

t.test('estimates the rollover counter as RFC 3711 §3.3.1', async (t) => {
  t.equal(estimateRollover(0x1_fff0, 0x0005), 2, 'wrapped');
  t.equal(estimateRollover(0x2_0005, 0xfff0), 1, 'late, from before the wrap');
  t.equal(estimateRollover(0x2_0005, 0x0004), 2);
  t.equal(estimateRollover(0x0_0005, 0xfff0), 0, 'nothing comes before the start');
  t.equal(estimateRollover(0x1_8000, 0x0000), 2, '2^15 ahead');
  t.equal(estimateRollover(0x1_8000, 0x0001), 1, 'behind');
  t.equal(estimateRollover(0xffff_ffff_0000 - 0x10, 0x10), 0xffffffff, 'all 48 bits are used');
});
