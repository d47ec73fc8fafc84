import t, { type Test } from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

async function publish(t: Test, url: string, stream: string): Promise<WhipPublisher> {
  const whipUrl = `${url}/whip/${stream.split('/').map(encodeURIComponent).join('/')}`;
  const publisher = await WhipPublisher.connect({ whipUrl });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  return publisher;
}

t.test('every stream is recorded where auto_streams is a star, whatever its name', async (t) => {
  const { url } = await startRecorder(t, { autoStreams: ['*'] });
  for (const stream of ['plain', 'site1/cam2', '.front', 'cam[1]', '!x', 'Tür 1']) {
    const publisher = await publish(t, url, stream);
    await until(`${stream} is recorded`, async () => (await recordStatus(url, stream)).recording);
    await publisher.stop();
  }
});

t.test('a stream that no pattern matches is told of once', async (t) => {
  const { url, log } = await startRecorder(t, { autoStreams: ['cam*'] });
  const told = () => log().filter((line) => line.includes('no pattern of auto_streams matches'));
  for (let time = 0; time < 2; time++) {
    const publisher = await publish(t, url, 'door');
    await until('it is live', async () => (await recordStatus(url, 'door')).state === 'live');
    await publisher.stop();
    await until('it is over', async () => (await recordStatus(url, 'door')).state === 'idle');
  }
  t.match(told(), [/"stream":"door"/]);
  t.equal(told().length, 1);
});
