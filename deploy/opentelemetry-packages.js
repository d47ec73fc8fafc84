// Prints the packages that send traces and logs, in the versions that were tested, for `npm install`. They are not
// part of an ordinary installation, because they take 28 MB.
import manifest from '../package.json' with { type: 'json' };
import lock from '../package-lock.json' with { type: 'json' };

const names = Object.keys(manifest.devDependencies).filter((name) =>
  name.startsWith('@opentelemetry/'),
);
const packages = names.map((name) => `${name}@${lock.packages[`node_modules/${name}`].version}`);
process.stdout.write(`${packages.join(' ')}\n`);
