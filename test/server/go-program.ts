import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Path of a program, in PATH or where Go installs programs; undefined where it is missing. */
export function findGoProgram(name: string): string | undefined {
  const goBin = goFolder();
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  for (const folder of goBin === undefined ? folders : [...folders, goBin]) {
    const program = path.join(folder, name);
    if (isExecutable(program)) return program;
  }
  return undefined;
}

function goFolder(): string | undefined {
  try {
    const said = execFileSync('go', ['env', 'GOBIN', 'GOPATH'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [bin, gopath] = said.toString().split('\n');
    return bin || path.join(gopath ?? '', 'bin');
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
