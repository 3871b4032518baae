export { defaultHome } from './place.ts';
export { productDatabase } from './probe.ts';
export { refusalOfFile } from './refusal.ts';
export { type Connection, type EmbeddedServer, ensureServer, type StartOptions } from './server.ts';
export { type ServerStatus, serverStatus } from './status.ts';
export { stopServer } from './stop.ts';
