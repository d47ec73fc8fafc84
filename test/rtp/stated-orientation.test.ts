import t from 'tap';
import { ORIENTATIONS, UPRIGHT } from '../../src/media/picture-orientation.ts';
import { StatedOrientation } from '../../src/rtp/stated-orientation.ts';
import { videoOrientation } from '../../src/rtp/video-orientation.ts';

const [, TURNED, UPSIDE_DOWN] = ORIENTATIONS;

t.test('each byte of the header extension has its orientation', async (t) => {
  t.equal(videoOrientation(0), UPRIGHT);
  t.same(videoOrientation(1), { clockwise: 90, isMirrored: false });
  t.same(videoOrientation(3), { clockwise: 270, isMirrored: false });
  t.same(videoOrientation(6), { clockwise: 180, isMirrored: true });
  t.equal(videoOrientation(0b1001), TURNED, 'whichever camera it is');
  t.equal(new Set(Array.from({ length: 256 }, (_, byte) => videoOrientation(byte))).size, 8);
});

t.test('what a packet says holds from its picture on', async (t) => {
  const stated = new StatedOrientation();
  t.equal(stated.at(1000), UPRIGHT);
  stated.note(TURNED!, 4000);
  t.equal(stated.at(1000), UPRIGHT, 'of a picture that waited to be whole');
  t.equal(stated.at(4000), TURNED);
  t.equal(stated.at(900_000), TURNED, 'without being said again');
  stated.note(UPSIDE_DOWN!, 904_000);
  t.same([stated.at(900_000), stated.at(904_000)], [TURNED, UPSIDE_DOWN]);
});

t.test('packets that come late do not turn back what came after them', async (t) => {
  const stated = new StatedOrientation();
  stated.note(TURNED!, 8000);
  stated.note(TURNED!, 4000);
  t.equal(stated.at(4000), TURNED, 'the keyframe that it was said with came again');
  stated.note(UPRIGHT, 2000);
  t.equal(stated.at(8000), TURNED);
});

t.test('timestamps wrap, and another stream knows nothing of the one before', async (t) => {
  const stated = new StatedOrientation();
  stated.note(TURNED!, 2 ** 32 - 100);
  t.equal(stated.at(2900), TURNED);
  t.equal(stated.at(2 ** 32 - 200), UPRIGHT);
  stated.reset();
  t.equal(stated.at(2900), UPRIGHT);
});
