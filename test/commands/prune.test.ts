import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { SimulatedNode } from '../retention/simulated-node.ts';
import { inTestFolder } from '../test-folder.ts';
import { runInProcess } from './run-main.ts';

const FOLDER = 'cam1/2026/03/04';

async function recorded(t: Test, retention: string) {
  const root = inTestFolder(t, 'root');
  const node = await SimulatedNode.open(t, root, NOON_US);
  node.publish('cam1');
  await node.run(30);
  const protection = { from: NOON_US + 10e6, to: NOON_US + 12e6 };
  await node.retention.protect('cam1', protection.from, protection.to, '');
  await node.close();
  const config = path.join(root, '..', 'live777.toml');
  writeFileSync(
    config,
    `${retention}\n[recorder.storage]\ntype = "fs"\nroot = ${JSON.stringify(root)}`,
  );
  return { root, config };
}

t.test('what the rules name is told, and deleted', async (t) => {
  const { root, config } = await recorded(t, '[recorder.retention]\nmax_age = "1d"');
  const before = readdirSync(path.join(root, FOLDER));
  const dry = await runInProcess(['prune', '--dry-run', '--config', config]);
  t.match(dry, { code: 0, stderr: '' });
  t.match(dry.stdout, /^cam1: would delete \d+ segments, .* \(max_age\)\n.* are protected\n$/);
  t.same(readdirSync(path.join(root, FOLDER)), before);
  const json = await runInProcess(['prune', '--dry-run', '--json', '--config', config]);
  const named = JSON.parse(json.stdout);
  t.match(named, { dry_run: true, deleted: [{ stream: 'cam1', reason: 'max_age' }] });

  const done = await runInProcess(['prune', '--json', '--config', config]);
  t.same(JSON.parse(done.stdout), { ...named, dry_run: false });
  const left = readdirSync(path.join(root, FOLDER)).filter((name) => name.includes('seg_'));
  t.equal(
    left.length,
    before.filter((name) => name.includes('seg_')).length - named.deleted[0].segments,
  );
  t.ok(left.length >= 2, 'the protected ones');
  const { findings } = await verifyRecording(path.join(root, FOLDER));
  t.same(
    findings.filter(({ damage }) => damage),
    [],
  );
  const again = await runInProcess(['prune', '--config', config]);
  t.match(again.stdout, /^nothing is to be deleted\n/);
});

t.test('where there is nothing to do', async (t) => {
  const { root, config } = await recorded(t, '');
  const none = await runInProcess(['prune', '--config', config]);
  t.match(none, { code: 2, stderr: /^prune: \[recorder.retention\] has no rule/ });
  t.ok(existsSync(path.join(root, FOLDER)));
  t.match(await runInProcess(['prune', 'cam1']), {
    code: 2,
    stderr: /prune takes no argument "cam1"/,
  });
});
