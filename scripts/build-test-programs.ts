/**
 * Builds and installs the programs that long tests run beside the recorder, so that no test does: it
 * would take longer than a test may. What is there already is kept. What cannot be had on this machine
 * is named, with what it needs, and the exit code is 1; its tests say so too, and are skipped or, under
 * `CI=true`, fail.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  COMPOSE_LOADER,
  findKubectlValidate,
  INSTALL_KUBECTL_VALIDATE,
} from '../test/deploy/judges.ts';
import { OPENAPI_GENERATOR } from '../test/openapi-generator.ts';
import { INSTALL_PACKAGE } from '../test/package/installed-package.ts';
import { BUILD_PION, PION_PROGRAM } from '../test/peers/pion-program.ts';
import { findVersitygw, INSTALL_VERSITYGW } from '../test/storage/servers/versitygw.ts';
import { BUILD_OTLP_RECEIVER, OTLP_RECEIVER } from '../test/telemetry/otlp-receiver.ts';

/** A program, by what it is for. */
interface TestProgram {
  name: string;
  isThere: boolean;
  /** The command line that brings it. */
  command: readonly string[];
  /** What to install where the command itself is missing. */
  needs: string;
}

const programs: TestProgram[] = [
  {
    name: 'versitygw, an S3 server',
    isThere: findVersitygw() !== undefined,
    command: INSTALL_VERSITYGW,
    needs: 'Go',
  },
  {
    name: 'the publisher that is pion’s',
    isThere: existsSync(PION_PROGRAM),
    command: BUILD_PION,
    needs: 'Go',
  },
  {
    name: 'the loader of Docker Compose',
    isThere: existsSync(COMPOSE_LOADER.program),
    command: COMPOSE_LOADER.build,
    needs: 'Go',
  },
  {
    name: 'kubectl-validate, which has the schemas of Kubernetes',
    isThere: findKubectlValidate() !== undefined,
    command: INSTALL_KUBECTL_VALIDATE,
    needs: 'Go',
  },
  {
    name: 'the OTLP receiver of the OpenTelemetry Collector',
    isThere: existsSync(OTLP_RECEIVER),
    command: BUILD_OTLP_RECEIVER,
    needs: 'Go',
  },
  {
    name: 'openapi-typescript, which generates a client',
    isThere: existsSync(OPENAPI_GENERATOR.program),
    command: OPENAPI_GENERATOR.install,
    needs: 'npm',
  },
  {
    name: 'the package, installed',
    // It may have changed.
    isThere: false,
    command: INSTALL_PACKAGE,
    needs: 'npm',
  },
];

for (const { name, isThere, command, needs } of programs) {
  if (isThere) continue;
  const [program = '', ...args] = command;
  process.stdout.write(`${name}: ${command.join(' ')}\n`);
  const { error, status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (error === undefined && status === 0) continue;
  const reason = error === undefined ? `ended with ${status}` : `${program} is missing: ${needs}`;
  process.stdout.write(`  not available (${reason})\n`);
  process.exitCode = 1;
}
