export { type AppOptions, createApp } from './app.ts';
export type { RateLimit } from './limits.ts';
export { type Address, assertFree, listen } from './listen.ts';
export type { LoggerOptions } from './logging.ts';
export type { Mount } from './mounts.ts';
export { openApiOf } from './openapi.ts';
