import { readFileSync } from 'node:fs';
import t from 'tap';
import { nalType } from './annex-b.ts';
import { audioPackets, FRAME_RATE, KEYFRAME_INTERVAL, videoFrames } from './clip.ts';
import { readOggOpus } from './ogg-opus.ts';

for (const [name, seconds] of [
  ['flash-and-beep.h264', 20],
  ['moving-640x360.h264', 6],
] as const) {
  t.test(name, async (t) => {
    const frames = videoFrames(name);
    t.equal(frames.length, seconds * FRAME_RATE);
    for (const [i, frame] of frames.entries()) {
      if (frame.keyframe === (i % KEYFRAME_INTERVAL === 0)) continue;
      t.fail(`frame ${i} is ${frame.keyframe ? 'a' : 'no'} keyframe`);
    }
    t.same(frames[0]!.units.map(nalType), [7, 8, 5], 'an IDR picture after its parameter sets');
    t.same(frames[1]!.units.map(nalType), [1]);
  });
}

t.test('flash-and-beep.ogg', async (t) => {
  const { preSkip, channels, packets } = readOggOpus(
    readFileSync(new URL('../fixtures/flash-and-beep.ogg', import.meta.url)),
  );
  t.equal(preSkip, 120, "the encoder's look-ahead that the tone was moved by");
  t.equal(channels, 2);
  t.equal(packets.length, 1000, 'as long as the picture');
  t.equal(audioPackets().length, 1000);
  // RFC 6716 §3.1: configurations 19, 23, 27 and 31 are CELT with 20 ms, code 0 is one frame.
  const odd = packets.filter(
    (packet) => ![19, 23, 27, 31].includes(packet[0]! >> 3) || packet[0]! & 3,
  );
  t.equal(odd.length, 0, 'each packet is one frame of 20 ms');
});
