import t from 'tap';
import { SrtcpReceiver } from '../../src/rtp/srtcp-receiver.ts';
import type { SrtpProfile } from '../../src/rtp/srtp-keys.ts';
import { PROFILES, SecuredSender } from './secured-sender.ts';

/** A sender of another make, and the receiver with its keys. */
function pair(profile: SrtpProfile) {
  const sender = new SecuredSender(profile);
  return {
    seal: (packet: Buffer) => sender.rtcp(packet),
    receiver: new SrtcpReceiver(sender.keys),
  };
}

/** A receiver report without blocks, and a goodbye. */
function compound(ssrc: number): Buffer {
  const packet = Buffer.from('80c900010000000081cb000100000000', 'hex');
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(ssrc, 12);
  return packet;
}

for (const profile of PROFILES) {
  t.test(`${profile}: opens what another implementation sealed, once`, async (t) => {
    const { seal, receiver } = pair(profile);
    const sealed: Buffer[] = [];
    for (let count = 0; count < 20; count++) sealed.push(seal(compound(0xfedcba98)));
    for (const datagram of sealed) t.same(receiver.open(datagram), compound(0xfedcba98));
    for (const datagram of sealed) t.equal(receiver.open(datagram), undefined);
    t.equal(receiver.replayed, 20);
    t.equal(receiver.authenticationFailures, 0);
  });

  t.test(`${profile}: forged and short packets are counted and dropped`, async (t) => {
    const { seal, receiver } = pair(profile);
    const genuine = seal(compound(7));
    for (let position = 0; position < genuine.length; position++) {
      const forged = Buffer.from(genuine);
      forged[position]! ^= 0x10;
      if (receiver.open(forged) !== undefined) t.fail(`byte ${position} can be changed unnoticed`);
    }
    t.equal(receiver.authenticationFailures, genuine.length);
    for (let length = 0; length < 20; length++) {
      t.equal(receiver.open(genuine.subarray(0, length)), undefined);
    }
    t.equal(receiver.malformed, 20);
    t.same(receiver.open(genuine), compound(7), 'the genuine packet still counts');
  });
}
