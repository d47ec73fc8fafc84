import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { findGoProgram } from '../server/go-program.ts';

const LOADER_FOLDER = join(import.meta.dirname, 'compose-loader');

/** Loads Compose files with the library of Docker Compose, once it is built. */
export const COMPOSE_LOADER = {
  program: join(LOADER_FOLDER, 'compose-loader'),
  build: ['go', 'build', '-C', LOADER_FOLDER, '-o', 'compose-loader', '.'],
} as const;

/** The command line that installs kubectl-validate, which has the schemas of Kubernetes in it. */
export const INSTALL_KUBECTL_VALIDATE = [
  'go',
  'install',
  'sigs.k8s.io/kubectl-validate@v0.0.4',
] as const;

/** Path of kubectl-validate; undefined where it is missing. */
export function findKubectlValidate(): string | undefined {
  return findGoProgram('kubectl-validate');
}

/** Tells whether a judge is built; where it is not, the test is skipped, or fails under `CI=true`. */
export function requireJudge(t: Test, program: string | undefined): program is string {
  if (program !== undefined && existsSync(program)) return true;
  const message = 'npm run test:programs builds it, and needs Go (apt-get install golang)';
  if (process.env.CI === 'true') t.fail(message);
  else t.pass('the judge is built', { skip: message });
  return false;
}
