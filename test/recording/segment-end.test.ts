import t from 'tap';
import { SimulatedPublisher } from './simulated-publisher.ts';

t.test('a segment is complete as soon as the keyframe after it has arrived', async (t) => {
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  await publisher.run(12.01);
  t.equal(publisher.frame, 361, 'no picture comes after the keyframe');
  await publisher.recording.written();
  t.equal(publisher.segments.filter(({ kind }) => kind === 'video').length, 6);
  await publisher.recording.close();
});
