import { randomBytes, randomInt } from 'node:crypto';
import t from 'tap';
import { SrtcpSession } from 'werift';
import { RtpHeader } from '../../src/rtp/rtp-header.ts';
import { SrtcpReceiver } from '../../src/rtp/srtcp-receiver.ts';
import { SrtcpSender } from '../../src/rtp/srtcp-sender.ts';
import type { SrtpKeys } from '../../src/rtp/srtp-keys.ts';
import { SrtpReceiver } from '../../src/rtp/srtp-receiver.ts';
import { PROFILES, SecuredSender } from './secured-sender.ts';

for (const profile of PROFILES) {
  const isGcm = profile === 'AEAD_AES_128_GCM';
  const keys: SrtpKeys = {
    profile,
    masterKey: randomBytes(16),
    masterSalt: randomBytes(isGcm ? 12 : 14),
  };

  t.test(
    `${profile}: another implementation opens what is sealed, whatever its length`,
    async (t) => {
      const other = new SrtcpSession({
        profile: isGcm ? 7 : 1,
        keys: {
          localMasterKey: Buffer.alloc(16),
          localMasterSalt: Buffer.alloc(keys.masterSalt.length),
          remoteMasterKey: keys.masterKey,
          remoteMasterSalt: keys.masterSalt,
        },
      });
      const sender = new SrtcpSender(keys);
      for (let words = 2; words < 720; words += words < 40 ? 1 : 13) {
        const compound = randomBytes(words * 4);
        compound.writeUInt16BE(0x80c9);
        // Of one SSRC, then of another each time.
        if (words < 360) compound.writeUInt32BE(0x1234_5678, 4);
        if (words === 196) sender.close();
        const sealed = sender.seal(compound);
        if (words > 2) t.notSame(sealed.subarray(8, compound.length), compound.subarray(8));
        t.same(other.decrypt(sealed), compound, `${words} words`);
      }
    },
  );

  t.test(`${profile}: sealed packets stay as they are, and forged ones are refused`, async (t) => {
    const sender = new SrtcpSender(keys);
    const receiver = new SrtcpReceiver(keys);
    const compounds = Array.from({ length: 50 }, () => {
      const compound = randomBytes(8 + 4 * randomInt(1, 300));
      compound.writeUInt16BE(0x80c9);
      return compound;
    });
    const sealed = compounds.map((compound) => sender.seal(compound));
    for (const [number, datagram] of sealed.entries()) {
      const forged = Buffer.from(datagram);
      forged[randomInt(forged.length)]! ^= 1 << randomInt(8);
      t.equal(receiver.open(forged), undefined);
      t.same(receiver.open(datagram), compounds[number]);
    }
  });

  t.test(
    `${profile}: a payload that is in use stays while RTCP is sealed and opened`,
    async (t) => {
      const publisher = new SecuredSender(profile);
      const srtp = new SrtpReceiver(publisher.keys);
      const srtcp = new SrtcpReceiver(publisher.keys);
      const sender = new SrtcpSender(keys);
      const compound = Buffer.from(
        '81c90007000000010000000200000000000000000000000000000000',
        'hex',
      );
      const header = new RtpHeader();
      const open = (datagram: Buffer) => {
        t.ok(header.parse(datagram, datagram.length - srtp.overhead));
        return srtp.open(datagram, header);
      };
      const datagrams = [1, 2, 3].map((sequenceNumber) =>
        publisher.rtp({
          ...{ ssrc: 7, payloadType: 96, sequenceNumber },
          payload: Buffer.alloc(900, sequenceNumber),
        }),
      );
      t.ok(open(datagrams[0]!));
      const payload = open(datagrams[1]!)!;
      const sealed = sender.seal(compound);
      t.same(srtcp.open(publisher.rtcp(compound)), compound);
      t.same(payload, Buffer.alloc(900, 2), 'not overwritten');
      t.same(
        open(datagrams[2]!),
        Buffer.alloc(900, 3),
        'nor the keystream of the packet behind it',
      );
      t.same(new SrtcpReceiver(keys).open(sealed), compound);
    },
  );
}
