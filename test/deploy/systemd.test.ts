import { join } from 'node:path';
import t from 'tap';
import { requireTool, runTool } from '../media/tool.ts';

const UNIT = join(import.meta.dirname, '../../deploy/live777-recorder.service');

t.test('the unit is understood, and exposes little', async (t) => {
  if (!requireTool(t, 'systemd-analyze', 'apt-get install systemd')) return;
  const { stderr } = await runTool('systemd-analyze', ['verify', UNIT]);
  const about = stderr.split('\n').filter((line) => line.includes('live777-recorder.service'));
  t.strictSame(about, []);
  const args = ['security', '--offline=yes', '--no-pager', UNIT];
  const { stdout } = await runTool('systemd-analyze', args);
  const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout.toString()) ?? [];
  t.ok(Number(level) < 3, `exposure ${level} of 10`);
});
