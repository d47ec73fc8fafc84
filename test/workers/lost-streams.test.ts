import t from 'tap';
import type { StreamState, StreamStatus } from '../../src/recorder.ts';
import { LostStreams } from '../../src/workers/lost-streams.ts';

const status = (stream: string, state: StreamState): StreamStatus => ({
  stream,
  state,
  tracks: [],
});

t.test('a stream whose thread died says why, until it is back', async (t) => {
  const lost = new LostStreams();
  t.same(lost.correct(status('cam1', 'idle')), status('cam1', 'idle'));
  lost.add('cam1');
  const why = { state: 'interrupted', error: /worker thread that recorded the stream died/ };
  t.match(lost.correct(status('cam1', 'idle')), why);
  t.match(lost.complete([status('cam2', 'recording')]), [
    { stream: 'cam2', state: 'recording' },
    { stream: 'cam1', ...why },
  ]);
  t.match(lost.correct(status('cam1', 'connecting')), { state: 'connecting', error: why.error });
  t.same(lost.correct(status('cam1', 'recording')), status('cam1', 'recording'));
  t.same(lost.correct(status('cam1', 'idle')), status('cam1', 'idle'), 'it was back');
});

t.test('who stops it wants no word of it any more', async (t) => {
  const lost = new LostStreams();
  lost.add('cam1');
  lost.delete('cam1');
  t.same(lost.complete([]), []);
});
