import type { Config } from './config/config.ts';
import { type ConfigChanges, changesBetween, takeOver } from './config/config-changes.ts';
import { ConfigError } from './config/config-error.ts';
import { Refusal } from './refusal.ts';

/** Options of a {@link ConfigReload}. */
export interface ConfigReloadOptions {
  /** The configuration that is in effect; its values are replaced. */
  live: Config;
  /** Reads the file again. @throws ConfigError */
  load(): Promise<Config>;
  /**
   * Brings the parts of the recorder into line with a configuration.
   * @throws the file system's error; then nothing is taken over
   */
  apply(next: Config): Promise<void>;
  log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Reads live777.toml again while the recorder runs, one time after the other. */
export class ConfigReload {
  readonly #options: ConfigReloadOptions;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigReloadOptions) {
    this.#options = options;
  }

  /**
   * Reads and applies the file. Everything that it says is checked before anything is changed.
   * @returns the keys that differ from what was in effect
   * @throws Refusal `bad-configuration` with file and line of each problem: then nothing has changed
   */
  run(): Promise<ConfigChanges> {
    const done = this.#running.then(() => this.#run());
    this.#running = done.catch(() => {});
    return done;
  }

  async #run(): Promise<ConfigChanges> {
    const { live, load, apply, log } = this.#options;
    let next: Config;
    try {
      next = await load();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const { message } = error;
      log.error({ problems: message.split('\n') }, 'the configuration is invalid; nothing changed');
      throw new Refusal('bad-configuration', message);
    }
    const changes = changesBetween(live, next);
    await apply(next);
    takeOver(live, next);
    const { applied, needRestart } = changes;
    log.info({ applied, need_restart: needRestart }, 'read the configuration again');
    return changes;
  }
}
