import t from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { freeUdpPorts } from '../server/free-udp-ports.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const toml = (port: number) => `[webrtc]
ice_udp_addrs = ["127.0.0.1"]
ice_udp_port = ${port}

[recorder]
auto_streams = ["*"]
segment_seconds = 2
workers = 2

[recorder.storage]
type = "fs"
root = "{root}"
`;

t.test('two workers receive four publishers on two ports', async (t) => {
  const port = await freeUdpPorts(2);
  const recorder = await startRecorder(t, { configToml: toml(port) });
  const streams = ['cam1', 'cam2', 'cam3', 'cam4'];
  const ports: number[] = [];
  for (const stream of streams) {
    const publisher = await WhipPublisher.connect({ whipUrl: `${recorder.url}/whip/${stream}` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    ports.push(publisher.remotePort);
  }
  t.same(ports.toSorted(), [port, port, port + 1, port + 1]);
  for (const stream of streams) {
    await until(`a segment of ${stream}`, async () => {
      const reply = await fetch(`${recorder.url}/api/record/segments?stream=${stream}`);
      return ((await reply.json()) as { segments: object[] }).segments.length > 0;
    });
    const { tracks } = await recordStatus(recorder.url, stream);
    t.equal(tracks.length, 2);
  }
  const metrics = await (await fetch(`${recorder.url}/metrics`)).text();
  for (const worker of [0, 1]) {
    t.match(metrics, new RegExp(`worker_udp_strangers_total\\{worker="${worker}"\\} \\d`));
  }

  await t.test('another recorder with these ports says what is in the way', async (t) => {
    const again = startRecorder(t, { configToml: toml(port + 1) });
    await t.rejects(again, {
      message: new RegExp(
        `live777\\.toml:3: webrtc\\.ice_udp_port: UDP port ${port + 1} of 127\\.0\\.0\\.1 is in use by another program$`,
        'm',
      ),
    });
  });
  t.equal(await recorder.stop(), 0);
});
