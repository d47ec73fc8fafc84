import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import t, { type Test } from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { pagesIn, shellBlocks } from './shell-blocks.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** A reader's shell, in a folder in which the recorder has recorded. */
interface Shell {
  recorder: RecorderProcess;
  run(commands: string): { status: number | null; stdout: string; stderr: string };
}

/** Records six seconds of `cam1` in a folder with a live777.toml. */
async function openShell(t: Test): Promise<Shell> {
  const folder = t.testdir({});
  const root = join(folder, 'records');
  const recorder = await startRecorder(t, { root });
  const { port } = new URL(recorder.url);
  await writeFile(
    join(folder, 'live777.toml'),
    `[http]\nlisten = "127.0.0.1:${port}"\n[recorder.storage]\ntype = "fs"\nroot = "./records"\n`,
  );
  const programs = join(folder, 'bin');
  await mkdir(programs);
  const program = join(programs, 'live777-recorder');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(program, 0o755);
  const start = new Date();
  const publisher = await WhipPublisher.connect({ whipUrl: `${recorder.url}/whip/cam1` });
  t.teardown(() => publisher.vanish());
  publisher.start();
  await until('six seconds are listed', async () => {
    const { segments } = await segmentPage(recorder.url, { stream: 'cam1' });
    return segments.length >= 6;
  });
  await publisher.stop();
  const env = {
    HOME: folder,
    PATH: `${programs}${delimiter}${process.env.PATH}`,
    START: start.toISOString(),
    END: new Date().toISOString(),
  };
  return {
    recorder,
    run: (commands) =>
      spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', here(commands, port)], {
        cwd: folder,
        env,
        encoding: 'utf8',
      }),
  };
}

/** The commands for the recorder of the test, which listens elsewhere and is no clone. */
function here(commands: string, port: string): string {
  return commands.replaceAll('7778', port).replaceAll('npm start --', 'live777-recorder');
}

/** Runs the blocks with a mark, of all pages. */
async function runBlocks(t: Test, shell: Shell, mark: string): Promise<void> {
  for (const page of pagesIn('en')) {
    for (const block of shellBlocks(page)) {
      if (block.mark !== mark) continue;
      const { status, stdout, stderr } = shell.run(block.commands);
      t.equal(status, 0, `${page}: ${block.commands}`, { stdout, stderr });
    }
  }
}

t.test('the commands of all pages do what they say', async (t) => {
  const shell = await openShell(t);
  await runBlocks(t, shell, 'run');
  t.equal(await shell.recorder.stop(), 0);
  await runBlocks(t, shell, 'run, stopped');
});
