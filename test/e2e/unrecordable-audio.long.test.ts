import t from 'tap';
import { Live777StandIn } from '../live777/live777-stand-in.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { getJson, segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

interface Status {
  state: string;
  tracks: { kind: string }[];
  unrecordable?: { kind: string; codec: string; packets_received: number; message: string }[];
}

// The first is a node that answers with G.711 alone, the second one that might send either.
for (const audioCodecs of [['PCMA'], ['PCMA', 'opus']] as const) {
  t.test(
    `sound in G.711 is no track of a recording that leaves it out: ${audioCodecs}`,
    async (t) => {
      const node = await Live777StandIn.listen({ peer: { audioCodecs } });
      t.teardown(() => node.kill());
      node.publish('cam1');
      const { url, root } = await startRecorder(t, {
        configToml: `[recorder]
segment_seconds = 2
codecs = ["h264", "opus"]
[recorder.storage]
type = "fs"
root = "{root}"
[[recorder.sources]]
whep = "${node.url}/whep/cam1"
stream = "cam1"
`,
      });
      const segments = async () => (await segmentPage(url, { stream: 'cam1' })).segments;
      await until('two segments', async () => (await segments()).length >= 2);
      t.same([...new Set((await segments()).map(({ kind }) => kind))], ['video']);
      const status = await getJson<Status>(`${url}/api/record/cam1`);
      t.equal(status.state, 'degraded');
      t.match(status.unrecordable, [
        {
          kind: 'audio',
          codec: 'PCMA',
          packets_received: Number,
          message: /PCMA \(G\.711\).*\[sdp\] audio_codecs = \["OPUS"\]/,
        },
      ]);
      const { periods } = await readDayFolder(root, 'cam1');
      t.same(Object.keys(periods.at(-1)!), ['video']);
      const { sources } = await getJson<{ sources: object[] }>(`${url}/api/sources`);
      t.match(sources, [{ url: `${node.url}/whep/cam1`, stream: 'cam1', state: 'connected' }]);
    },
  );
}
