/**
 * `npm run bench` runs every benchmark of this folder but `soak`, which takes half an hour, and
 * `npm run bench -- srtp index` those whose name begins so. Options behind the names, such as `--streams 90`, are the benchmark's own. Figures of one run
 * may be compared with each other, not with those of another machine.
 */
import { readdirSync } from 'node:fs';

const given = process.argv.slice(2);
const options = given.findIndex((argument) => argument.startsWith('-'));
const wanted = options < 0 ? given : given.slice(0, options);
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
  .filter((name) =>
    wanted.length === 0 ? name !== 'soak' : wanted.some((part) => name.startsWith(part)),
  );
if (names.length === 0) {
  process.stderr.write(`no benchmark is named ${wanted.join(' or ')}\n`);
  process.exit(1);
}
for (const name of names) {
  process.stdout.write(`\n== ${name}\n`);
  const { run } = (await import(`./${name}.ts`)) as { run(): Promise<void> };
  await run();
}
