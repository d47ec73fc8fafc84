import t from 'tap';
import { RunningDownloads } from '../../src/export/running-downloads.ts';

const RANGE = { stream: 'cam1', startUs: 1, endUs: 2 };

t.test('a client that takes nothing for long keeps nothing', async (t) => {
  let nowMs = 0;
  const downloads = new RunningDownloads(() => nowMs);
  const socket = { bytesWritten: 100 };
  const end = downloads.begin(RANGE, socket);
  nowMs += 119_000;
  t.same([...downloads.ranges()], [RANGE]);
  nowMs += 1000;
  t.same([...downloads.ranges()], [], 'nothing came for two minutes');
  socket.bytesWritten++;
  t.same([...downloads.ranges()], [RANGE], 'it goes on');
  nowMs += 119_000;
  t.same([...downloads.ranges()], [RANGE]);
  t.equal(downloads.count, 1);
  end();
  t.same([...downloads.ranges()], []);
  t.equal(downloads.count, 0);
});
