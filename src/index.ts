/** What programs may import from the package `live777-recorder`. */
export { type AppDependencies, buildApp } from './app.ts';
export type { Config } from './config/config.ts';
export { ConfigError } from './config/config-error.ts';
export { loadConfig, parseConfig } from './config/load-config.ts';
export { recorder as default, recorder } from './plugin.ts';
export { Service } from './service.ts';
export { version } from './version.ts';
